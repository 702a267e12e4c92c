"""`MANIFEST.json`: what a bundle's folder must hold, byte for byte.

Format version 1 is `{"format_version": 1, "files": {"model.onnx": {"sha256": "…", "bytes": 123}, …}}`. A bundle is
flat: a file's name is a plain name, never a path.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from hagane.bundle.mapped_file import MappedFile
from hagane.errors import BundleError, Fault, nearest

FORMAT_VERSION = 1
MANIFEST_NAME = "MANIFEST.json"
SIGNED_NAME = "MANIFEST.sig"
"""Who vouches for the manifest (`hagane.bundle.signed_manifest`): the only file that it does not name."""
MODEL_NAME = "model.onnx"
REMOTE_NAME = "remote.json"
"""Instead of a graph: where a remote model is asked. Such a folder is no bundle, and only ML.PREDICT reads it."""
SIGNATURE_NAME = "signature.json"
SCHEMA_NAME = "schema.yaml"
"""Of bundles that were trained with a data schema."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")


class FileEntry(msgspec.Struct, frozen=True):
    """One file of the bundle."""

    sha256: str
    bytes: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Every file of the bundle but the manifest itself."""

    format_version: int
    files: dict[str, FileEntry]

    @property
    def bundle_id(self) -> str:
        """16 hexadecimal digits that tell this content from any other.

        >>> Manifest(format_version=1, files={}).bundle_id
        'e3b0c44298fc1c14'
        """
        lines = (f"{name} {entry.sha256}\n" for name, entry in sorted(self.files.items()))
        return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]


def make_manifest(files: Mapping[str, bytes]) -> Manifest:
    """The manifest of these files. Raises BundleError for a name that is not a plain file name."""
    faults = [_name_fault(name) for name in files if not is_plain_name(name)]
    if faults:
        raise BundleError(*faults)
    entries = {
        name: FileEntry(hashlib.sha256(content).hexdigest(), len(content)) for name, content in sorted(files.items())
    }
    return Manifest(format_version=FORMAT_VERSION, files=entries)


def is_plain_name(name: str) -> bool:
    """Whether a bundle may hold a file of this name.

    >>> [is_plain_name(name) for name in ("model.onnx", "../model.onnx", "a/b", ".hidden", "MANIFEST.json")]
    [True, False, False, False, False]
    """
    return bool(_PLAIN_NAME.fullmatch(name)) and name.upper() not in (MANIFEST_NAME.upper(), SIGNED_NAME.upper())


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a bundle's folder, its format version and its names checked; no file is read yet."""
    if not folder.is_dir():
        raise BundleError(_not_a_bundle(folder))
    path = folder / MANIFEST_NAME
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise BundleError(
            Fault(
                what=f"not a bundle: no {MANIFEST_NAME} in it",
                where=str(folder),
                next_step="name a folder that a training wrote",
            )
        ) from None
    _check_format_version(content, path)
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(_unreadable(path, error)) from None
    if REMOTE_NAME in manifest.files:
        step = "ask it by ML.PREDICT, or import the model itself"
        raise BundleError(Fault(what="a remote model: it runs elsewhere", where=str(folder), next_step=step))
    faults = [_name_fault(name, str(path)) for name in manifest.files if not is_plain_name(name)]
    faults += [_missing(name, folder) for name in (MODEL_NAME, SIGNATURE_NAME) if name not in manifest.files]
    if faults:
        raise BundleError(*faults)
    return manifest


def verify_manifest(folder: str | Path) -> Manifest:
    """Check a bundle's folder against its manifest; the manifest.

    Raises BundleError with every fault: each file that is missing, is no plain file, is damaged (with the expected and
    the received hash) or is not in the manifest; or the one that the format is newer than this Hagane knows.
    """
    return read_verified(Path(folder), keep=())[0]


def read_verified(folder: Path, keep: tuple[str, ...]) -> tuple[Manifest, dict[str, bytes]]:
    """`verify_manifest`, and the content of the files in `keep`: the very bytes that were verified."""
    manifest, mapped = map_verified(folder, keep)
    return manifest, {name: bytes(file.content) for name, file in mapped.items()}


def map_verified(folder: Path, keep: tuple[str, ...]) -> tuple[Manifest, dict[str, MappedFile]]:
    """As `read_verified`, with the files in `keep` where they lie: none of them is copied into memory."""
    manifest = read_manifest(folder)
    faults: list[Fault] = []
    kept: dict[str, MappedFile] = {}
    for name, entry in manifest.files.items():
        file = _verified(folder, name, entry)
        if isinstance(file, Fault):
            faults.append(file)
        elif name in keep:
            kept[name] = file
    named = {*manifest.files, MANIFEST_NAME, SIGNED_NAME}
    faults += [_extra(path) for path in sorted(folder.iterdir()) if path.name not in named]
    if faults:
        raise BundleError(*faults)
    return manifest, kept


def _verified(folder: Path, name: str, entry: FileEntry) -> MappedFile | Fault:
    """The file, or what is wrong with it."""
    path = folder / name
    if path.is_symlink() or (path.exists() and not path.is_file()):
        what, expected = f"{name} is not a plain file", "a file in the bundle's folder"
        return Fault(what=what, where=str(path), expected=expected, next_step=_RESTORE)
    try:
        file = MappedFile(path)
    except FileNotFoundError:
        return _missing(name, folder)
    except OSError as error:
        return Fault(what=f"{name} cannot be read: {error.strerror}", where=str(path))
    received = hashlib.sha256(file.content).hexdigest()
    if received == entry.sha256 and len(file.content) == entry.bytes:
        return file
    return Fault(
        what=f"{name} is damaged",
        where=str(path),
        expected=f"SHA-256 {entry.sha256}, {entry.bytes} bytes",
        received=f"SHA-256 {received}, {len(file.content)} bytes",
        next_step=_RESTORE,
    )


_RESTORE = "copy the bundle again from where it was made, or train again"


def _check_format_version(content: bytes, path: Path) -> None:
    """Before anything else is decoded: a newer format may look otherwise."""

    class Version(msgspec.Struct):
        format_version: int

    try:
        version = msgspec.json.decode(content, type=Version).format_version
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(_unreadable(path, error)) from None
    if version > FORMAT_VERSION:
        raise BundleError(
            Fault(
                what="the bundle was written by a newer Hagane",
                where=str(path),
                expected=f"format version {FORMAT_VERSION} or lower",
                received=f"format version {version}",
                next_step="upgrade: pip install --upgrade hagane",
            )
        )
    if version < 1:
        raise BundleError(
            Fault(what=f"there is no format version {version}", where=str(path), expected=f"1 to {FORMAT_VERSION}")
        )


def _not_a_bundle(folder: Path) -> Fault:
    if folder.exists():
        return Fault(what="not a bundle: it is a file", where=str(folder), expected="a bundle's folder")
    parent = folder.parent
    names = [path.name for path in parent.iterdir() if path.is_dir()] if parent.is_dir() else []
    near = nearest(folder.name, names)
    return Fault(
        what="no such folder",
        where=str(folder),
        expected="a bundle's folder",
        nearest=str(parent / near) if near else "",
    )


def _unreadable(path: Path, error: Exception) -> Fault:
    return Fault(what=f"{path.name} cannot be read: {error}", where=str(path), next_step=_RESTORE)


def _name_fault(name: str, where: str = "") -> Fault:
    return Fault(
        what="a bundle may not hold a file of this name",
        where=where,
        expected="a plain name of letters, digits, '.', '_' and '-'",
        received=repr(name[:100]),
    )


def _missing(name: str, folder: Path) -> Fault:
    return Fault(what=f"{name} is missing", where=str(folder), next_step=_RESTORE)


def _extra(path: Path) -> Fault:
    return Fault(
        what=f"{path.name} is not in the manifest",
        where=str(path),
        next_step="take it out: a bundle holds what was verified and no more",
    )
