"""`copy_bundle`: a bundle to another folder, on this machine or wherever fsspec reaches."""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path
from typing import Any

from hagane.bundle.bundle import Bundle
from hagane.data.source_uri import parse_uri
from hagane.errors import Fault, MissingExtraError, StorageError

MANIFEST = "MANIFEST.json"


def copy_bundle(bundle: Path, target: str) -> str:
    """Copy a bundle, once it is seen to be whole; the place where it is now.

    A folder is written beside its place and renamed; one that is there is replaced only if it is empty or a bundle.
    Elsewhere the manifest is written last: what was not finished is no bundle. Raises BundleError for a damaged
    bundle, StorageError where nothing can be written.
    """
    Bundle.load(bundle)
    uri = parse_uri(target)
    if uri is not None and uri.scheme != "file":
        _copy_away(bundle, target)
        return target
    path = Path(uri.address if uri is not None else target).expanduser().absolute()
    _check_free(path)
    try:
        _replace(bundle, path)
    except OSError as error:
        raise StorageError(Fault(what=f"{path} cannot be written: {error.strerror}", next_step="choose another folder"
                                 )) from None  # fmt: skip
    return str(path)


def _check_free(path: Path) -> None:
    if not path.exists() or (path.is_dir() and ((path / MANIFEST).is_file() or not any(path.iterdir()))):
        return
    what = f"{path} is there already, and is no bundle"
    raise StorageError(Fault(what=what, expected="a new folder, an empty one, or a bundle to replace"))


def _replace(bundle: Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.partial-{uuid.uuid4().hex[:8]}")
    old = path.with_name(f".{path.name}.old-{uuid.uuid4().hex[:8]}")
    try:
        shutil.copytree(bundle, aside)
        if path.exists():
            os.rename(path, old)
        os.rename(aside, path)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        if old.exists() and not path.exists():
            os.rename(old, path)
        shutil.rmtree(old, ignore_errors=True)


def _copy_away(bundle: Path, target: str) -> None:
    filesystem, root = _filesystem(target)
    files = sorted(
        (path for path in bundle.rglob("*") if path.is_file()), key=lambda path: (path.name == MANIFEST, path)
    )
    try:
        for path in files:
            place = f"{root.rstrip('/')}/{path.relative_to(bundle).as_posix()}"
            filesystem.makedirs(place.rpartition("/")[0], exist_ok=True)
            filesystem.put_file(str(path), place)
    except Exception as error:  # each protocol has errors of its own
        received = f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"
        raise StorageError(Fault(what=f"{target} cannot be written", received=received)) from None


def _filesystem(target: str) -> tuple[Any, str]:
    import fsspec

    try:
        filesystem, root = fsspec.core.url_to_fs(target)
    except ValueError:
        raise StorageError(Fault(what=f"no protocol of {target!r} is known", expected="a folder, s3://, gs://, …"
                                 )) from None  # fmt: skip
    except ImportError as error:
        step = f"pip install 'fsspec[{target.partition('://')[0]}]'"
        raise MissingExtraError(Fault(what=f"{target} needs a package that is not installed",
                                      received=str(error).split("\n")[0], next_step=step)) from None  # fmt: skip
    return filesystem, str(root)
