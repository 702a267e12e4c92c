"""`import_root`: what goes on PYTHONPATH for a package as it lies on disk: a folder, a wheel, a source distribution."""

from __future__ import annotations

import tarfile
from pathlib import Path

from hagane.errors import DataError, Fault, NotFoundError

ARCHIVES = (".whl", ".zip", ".egg")
SOURCE_DISTRIBUTIONS = (".tar.gz", ".tgz")


def package_root(package: str | Path, module: str) -> str:
    """The folder from which `module` can be imported, for the folder of the package (gcloud's --package-path).

    >>> package_root("/code/trainer", "trainer.task")
    '/code'
    """
    path = Path(package).absolute()
    is_root = not (path / "__init__.py").is_file() and (path / module.partition(".")[0]).exists()
    return str(path if is_root else path.parent)


def check_package(package: str, where: str) -> Fault | None:
    """Why the package cannot be used here, if it cannot."""
    if "://" in package:
        step = "copy it to this machine, and give its path"
        return Fault(what=f"{package} is not on this machine", where=where, next_step=step)
    path = Path(package)
    if path.is_dir() or (path.is_file() and package.endswith(ARCHIVES + SOURCE_DISTRIBUTIONS)):
        return None
    if path.exists():
        return Fault(what=f"{package} is no Python package", where=where, expected="a folder, a wheel, or a .tar.gz")
    return Fault(what=f"no package at {package}", where=where)


def import_root(package: str, unpacked: Path) -> str:
    """What to put on PYTHONPATH. A source distribution is unpacked below `unpacked`; nothing of it is run or built.

    Raises NotFoundError for a package that is not there, DataError for one that cannot be read.
    """
    fault = check_package(package, "")
    if fault is not None:
        raise NotFoundError(fault)
    if not package.endswith(SOURCE_DISTRIBUTIONS):
        return str(Path(package).absolute())
    folder = unpacked / Path(package).name
    try:
        with tarfile.open(package) as archive:
            archive.extractall(folder, filter="data")
    except (tarfile.TarError, OSError, EOFError) as error:
        raise DataError(Fault(what=f"{package} cannot be unpacked: {error}")) from None
    inner = [each for each in folder.iterdir() if each.is_dir()]
    root = inner[0] if len(inner) == 1 else folder
    return str(root / "src" if (root / "src").is_dir() else root)
