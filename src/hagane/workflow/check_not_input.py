"""`check_not_input`: what a command writes never replaces the data that it reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from hagane.data.query_files import files_named, is_query
from hagane.data.source_files import find_files
from hagane.data.source_uri import parse_uri
from hagane.errors import Fault, StorageError

LOCAL_SCHEMES = ("file", "sqlite")


def check_not_input(data: object, out: Path, *, option: str, tables: Mapping[str, str] | None = None) -> None:
    """Raise StorageError where `out` is one of the files that hold `data` or `tables`; `option` names its place."""
    if faults := tuple(input_faults(data, out, option=option, tables=tables)):
        raise StorageError(*faults)


def input_faults(data: object, out: Path, *, option: str, tables: Mapping[str, str] | None = None) -> Iterator[Fault]:
    """The same as faults: one, or none. A folder counts with all that is in it."""
    if out.exists() and any(_is_of(file, out) for file in _files_of(data, tables or {})):
        what, step = "the result would replace the data that it is made from", f"choose another file with {option}"
        yield Fault(what=what, where=f"{option} {out}", next_step=step)


def _is_of(file: Path, out: Path) -> bool:
    return out.samefile(file) or (out.is_dir() and file.resolve().is_relative_to(out.resolve()))


def _files_of(data: object, tables: Mapping[str, str]) -> list[Path]:
    """The files that hold `data` and `tables`: a path's, a glob's, those that a query names; none for rows held."""
    sources = data if isinstance(data, list | tuple) else [data] if isinstance(data, str | Path) else []
    return [file for source in (*sources, *tables.values()) for file in _files(str(source))]


def _files(source: str) -> list[Path]:
    if is_query(source):
        return files_named(source)
    uri = parse_uri(source)
    if uri is None:
        return find_files(source)
    local = Path(uri.address)
    return [local] if uri.scheme in LOCAL_SCHEMES and local.is_file() else []
