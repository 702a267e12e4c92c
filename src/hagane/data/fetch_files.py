"""`fetch_files`: files that lie elsewhere, by any protocol that fsspec knows, copied beside the engine once."""

from __future__ import annotations

import glob
import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from hagane.data.engine import Engine
from hagane.data.full_disk import told_of_full_disk
from hagane.data.source_files import SUFFIXES
from hagane.data.source_uri import SourceUri
from hagane.errors import DataError, Fault, HaganeError, MissingExtraError, nearest
from hagane.progress import Phase, Progress

CHUNK_BYTES = 1 << 22


class FetchedFiles(NamedTuple):
    """Local copies, in the order of their remote names, and a digest of names and contents."""

    files: tuple[Path, ...]
    identity: str


def fetch_files(engine: Engine, uri: SourceUri, progress: Progress) -> FetchedFiles:
    """Copy what a URL, glob or folder names (`s3://bucket/trips/*.parquet`, `https://…/trips.csv.gz`).

    Copies live in the engine's folder and go with it. Raises DataError: the protocol is unknown or its package is not
    installed, nothing is there, the copy came short.
    """
    with _told(uri), told_of_full_disk(engine.folder):
        filesystem, root = _filesystem(uri)
        remote = _find(filesystem, root, uri)
        folder = Path(tempfile.mkdtemp(prefix="fetched-", dir=engine.folder))
        total = sum(_size(filesystem, path) or 0 for path in remote)
        digest = hashlib.sha256()
        files = []
        with progress.phase("fetch", total=total or None, unit="bytes") as phase:
            for path in remote:
                files.append(_copy(filesystem, path, folder / _local_name(path, root), phase, digest))
    return FetchedFiles(tuple(files), digest.hexdigest())


@contextmanager
def _told(uri: SourceUri) -> Iterator[None]:
    """What a protocol raises, each its own, as a DataError."""
    try:
        yield
    except HaganeError:
        raise
    except Exception as error:
        cause = _root(error)
        if isinstance(cause, FileNotFoundError) or getattr(cause, "status", None) == 404:
            raise DataError(_not_found(uri)) from None
        said = str(cause).strip().split("\n")[0]
        received = f"{type(cause).__name__}: {said}" if said else type(cause).__name__
        step = _STEPS.get(type(cause).__name__, "")
        raise DataError(Fault(what=f"cannot read {uri.url}", received=received, next_step=step)) from None


_STEPS = {
    "ClientConnectorDNSError": "nothing on the network has that name: correct the address",
    "ClientConnectorError": "no server answers there: correct the address or its port, or start the server",
    "ClientConnectorCertificateError": "the server's certificate is not trusted: correct the address, or mend it",
    "ClientResponseError": "the server refuses the file: correct the address, or get the right to read it",
}
"""What goes wrong over HTTP → what to do."""


def _root(error: Exception) -> BaseException:
    """What went wrong: over HTTP whatever does is a file not found, from another error or from one more of its kind."""
    cause: BaseException = error
    while isinstance(cause, FileNotFoundError) and cause.__cause__ is not None:
        cause = cause.__cause__
    return cause


def _filesystem(uri: SourceUri) -> tuple[Any, str]:
    import fsspec

    try:
        filesystem, root = fsspec.core.url_to_fs(uri.url)
    except ValueError:
        like = nearest(uri.scheme, [*fsspec.available_protocols(), "postgresql", "sqlite", "bigquery"])
        raise DataError(Fault(what=f"no protocol {uri.scheme!r} is known", where=uri.url, nearest=like)) from None
    except ImportError as error:
        raise MissingExtraError(
            Fault(
                what=f"the protocol {uri.scheme!r} needs a package that is not installed",
                where=uri.url,
                received=str(error).split("\n")[0],
                next_step=f"pip install 'fsspec[{uri.scheme}]'",
            )
        ) from None
    return filesystem, str(root)


def _find(filesystem: Any, root: str, uri: SourceUri) -> list[str]:
    if glob.has_magic(root) and uri.scheme not in ("http", "https"):
        found = [path for path in filesystem.glob(root) if filesystem.isfile(path)]
    elif uri.scheme not in ("http", "https") and filesystem.isdir(root):
        found = [path for path in filesystem.find(root) if _is_data(path, root)]
    else:
        found = [root]
    if not found:
        raise DataError(
            Fault(what=f"nothing at {uri.url!r}", expected="files that end in one of " + " ".join(SUFFIXES))
        )
    return sorted(map(str, found))


def _not_found(uri: SourceUri) -> Fault:
    """Nothing is there; the nearest name, where the folder can be listed."""
    folder, _, name = uri.url.rstrip("/").rpartition("/")
    beside: list[str] = []
    with suppress(Exception):
        filesystem, root = _filesystem(replace(uri, address=folder.partition("://")[2]))
        beside = [str(path).rstrip("/").rpartition("/")[2] for path in filesystem.ls(root, detail=False)]
    like = nearest(name, beside)
    return Fault(
        what=f"no file at {uri.url!r}",
        nearest=f"{folder}/{like}" if like else "",
        next_step="correct the address; a folder or a glob (*.parquet) may be named, too",
    )


def _is_data(path: str, root: str) -> bool:
    parts = path.removeprefix(root).strip("/").split("/")
    return path.lower().endswith(SUFFIXES) and not any(part.startswith((".", "_")) for part in parts)


def _local_name(path: str, root: str) -> str:
    """The path below the folder that was named, so that `column=value` folders are kept; else the file's name."""
    inside = path.startswith(root.rstrip("/") + "/") and not glob.has_magic(root)
    if inside:
        return path.removeprefix(root).strip("/")
    parts = path.split("?", maxsplit=1)[0].split("/")
    kept = [part for part in parts[:-1] if "=" in part]
    return "/".join([*kept, parts[-1] or "file"])


def _size(filesystem: Any, path: str) -> int | None:
    size = filesystem.info(path).get("size")
    return int(size) if size is not None else None


def _copy(filesystem: Any, path: str, target: Path, phase: Phase, digest: Any) -> Path:
    while target.exists():
        target = target.with_name("_" + target.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    expected, received = _size(filesystem, path), 0
    digest.update(f"{path}\0".encode())
    with filesystem.open(path, "rb") as source, target.open("wb") as copy:
        while chunk := source.read(CHUNK_BYTES):
            copy.write(chunk)
            digest.update(chunk)
            received += len(chunk)
            phase.advance(len(chunk))
    if expected is not None and received != expected:
        raise DataError(
            Fault(
                what=f"{path} came short",
                expected=f"{expected:,} bytes",
                received=f"{received:,} bytes",
                next_step="run it again",
            )
        )
    return target
