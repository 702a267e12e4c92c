"""`peer_python`: the Python of a peer's own environment, built at its first use and when its pins change."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hagane-benchmark"
UNUSED = {"ludwig": ("torchvision", "torchaudio")}
"""What is taken away again: on PyPI these want the CUDA build of torch, and crash beside its CPU build."""


def peer_python(peer: str, torch_index: str = "", folder: Path = CACHE) -> Path:
    """Of `keras` (2 GB), `ludwig` (3 GB and more) or a `serving_*` (up to 1 GB), under `folder`.

    `torch_index` is where torch's CPU build lies.

    Raises CalledProcessError where pip could not install what `<peer>.txt` beside this file pins.
    """
    pins, place = Path(__file__).with_name(f"{peer}.txt"), folder / peer
    python, ready = place / "bin" / "python", place / "ready"
    digest = hashlib.sha256(pins.read_bytes()).hexdigest()
    if ready.is_file() and ready.read_text() == digest:
        return python
    print(f"building an environment for {peer} in {place}", flush=True)
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    more = ["--extra-index-url", torch_index] if torch_index else []
    pip = [str(python), "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "-q", "-r", str(pins), *more], check=True)
    if peer in UNUSED:
        subprocess.run([*pip, "uninstall", "-qy", *UNUSED[peer]], check=True)
    ready.write_text(digest)
    return python
