"""Write a bundle: aside, synced, verified, then renamed. There is never half a bundle under its name."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

import msgspec

from hagane.bundle.exchange import exchange
from hagane.bundle.large_tensors import align_tensors
from hagane.bundle.manifest import MANIFEST_NAME, MODEL_NAME, SIGNATURE_NAME, make_manifest
from hagane.bundle.signature import Signature
from hagane.errors import BundleError, Fault
from hagane.sync_to_disk import sync_to_disk


def write_bundle(
    folder: str | Path,
    *,
    model: bytes,
    signature: Signature,
    documents: Mapping[str, bytes] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write the bundle `folder`; its path.

    `documents` are the other files by plain name: `spec.yaml`, `statistics.json`, `evaluation.json`, `lineage.json`,
    `transform.json`. Everything is written and synced in a folder beside `folder` and renamed to it, so that readers
    see the whole bundle or none, whatever happens in between. With `overwrite` the old and the new bundle exchange
    their names in one step (where the system can; else one after the other), and the old one is removed.

    Raises BundleError when `folder` exists and `overwrite` was not asked for, when `folder` exists and is not a bundle,
    or when a document's name is not a plain file name or is one of the bundle's own.
    """
    folder = Path(folder)
    files = _files(model, signature, documents or {})
    _check_target(folder, overwrite)
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = folder.parent / f".{folder.name}.{secrets.token_hex(4)}.tmp"
    try:
        _write_synced(aside, files)
        _take_place(aside, folder, overwrite)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    sync_to_disk(folder.parent)
    return folder


def _files(model: bytes, signature: Signature, documents: Mapping[str, bytes]) -> dict[str, bytes]:
    own = {
        MODEL_NAME: align_tensors(model),
        SIGNATURE_NAME: msgspec.json.format(msgspec.json.encode(signature), indent=2),
    }
    taken = {name.lower() for name in own} & {name.lower() for name in documents}
    if taken:
        raise BundleError(
            *(
                Fault(what=f"a document may not be called {name}", next_step="give it another name")
                for name in sorted(taken)
            )
        )
    files = {**own, **documents}
    manifest = make_manifest(files)
    return {**files, MANIFEST_NAME: msgspec.json.format(msgspec.json.encode(manifest), indent=2)}


def _check_target(folder: Path, overwrite: bool) -> None:
    if not os.path.lexists(folder):
        return
    if not overwrite:
        raise BundleError(
            Fault(
                what="there is something of this name already",
                where=str(folder),
                next_step="choose another name, or ask to overwrite",
            )
        )
    if folder.is_symlink() or not (folder / MANIFEST_NAME).is_file():
        raise BundleError(
            Fault(what="refusing to overwrite what is not a bundle", where=str(folder), next_step="choose another name")
        )


def _write_synced(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir()
    for name, content in files.items():
        try:
            with open(folder / name, "xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(folder / name)) from None  # a full disk names no file
    sync_to_disk(folder)


def _take_place(aside: Path, folder: Path, overwrite: bool) -> None:
    """Rename `aside` to `folder`. Renaming onto a folder that is not empty fails, so a race is lost, never merged."""
    if not (overwrite and folder.exists()):
        _rename(aside, folder)
    elif not exchange(aside, folder):
        _replace(aside, folder)


def _replace(aside: Path, folder: Path) -> None:
    """Where the system cannot exchange two names: the old one steps aside first, and back should the new one fail."""
    old = folder.parent / f".{folder.name}.{secrets.token_hex(4)}.old.tmp"
    os.rename(folder, old)
    try:
        _rename(aside, folder)
    except BaseException:
        with contextlib.suppress(OSError):
            os.rename(old, folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _rename(aside: Path, folder: Path) -> None:
    try:
        os.rename(aside, folder)
    except OSError as error:
        raise BundleError(
            Fault(what=f"the bundle could not take its place: {error.strerror}", where=str(folder))
        ) from error
