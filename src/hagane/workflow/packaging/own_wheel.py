"""`own_wheel`: the Hagane that runs, as a wheel: an image runs the very code that was tried."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from importlib.metadata import distribution
from pathlib import Path

_WHEEL = b"Wheel-Version: 1.0\nGenerator: hagane package\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_BEGINNING = (1980, 1, 1, 0, 0, 0)
"""The time of each file: the same code gives the same bytes."""


def own_wheel(folder: Path) -> Path:
    """Write `hagane-<version>-py3-none-any.whl` into `folder`; its path. Neither an index nor a build tool is asked.

    >>> import tempfile
    >>> wheel = own_wheel(Path(tempfile.mkdtemp()))
    >>> wheel.suffix, "hagane/serving/server.py" in zipfile.ZipFile(wheel).namelist()
    ('.whl', True)
    """
    installed = distribution("hagane")
    info = f"hagane-{installed.version}.dist-info"
    files = {f"hagane/{name}": content for name, content in _package().items()}
    files |= {
        f"{info}/METADATA": (installed.read_text("METADATA") or "").encode(),
        f"{info}/WHEEL": _WHEEL,
        f"{info}/entry_points.txt": (installed.read_text("entry_points.txt") or "").encode(),
    }
    record = "".join(f"{name},sha256={_digest(content)},{len(content)}\n" for name, content in files.items())
    path = folder / f"hagane-{installed.version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, content in (files | {f"{info}/RECORD": (record + f"{info}/RECORD,,\n").encode()}).items():
            entry = zipfile.ZipInfo(name, _BEGINNING)
            entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
            wheel.writestr(entry, content)
    return path


def _package() -> dict[str, bytes]:
    """Path in the package → content, sorted; what Python compiled is left out."""
    root = Path(__file__).parents[2]
    paths = (path for path in sorted(root.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
