"""`check_output` and its like: what cannot be written is refused before the work, not after it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from hagane.errors import Fault, StorageError
from hagane.workflow.check_not_input import input_faults

PAGES = (".html", ".htm")
OTHER_FORMATS = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".txt", ".arrow", ".feather", ".xlsx")


def check_output(path: Path, *, option: str) -> None:
    """Raise StorageError where the file `path` cannot be written; `option` names its place.

    >>> check_output(Path("/nowhere/out.parquet"), option="-o")
    Traceback (most recent call last):
    hagane.errors.StorageError: there is no folder /nowhere
      where: -o /nowhere/out.parquet
      next: create it, or choose another place
    """
    _raise(_file_faults(path, option))


def check_page_output(path: Path, *, option: str) -> None:
    """As `check_output`; and raise StorageError where a file is there that is no page: it would be lost."""
    _raise(_page_faults(path, option))


def check_parquet_output(path: Path, *, option: str, what: str = "predictions are") -> None:
    """As `check_output`; and raise StorageError for an ending that says another format than Parquet."""
    _raise(_parquet_faults(path, option, what))


def check_folder_output(path: Path, *, option: str) -> None:
    """Raise StorageError where no file can be written into the folder `path`, which need not be there yet.

    >>> check_folder_output(Path("/dev/null/plots"), option="--plots")
    Traceback (most recent call last):
    hagane.errors.StorageError: /dev/null is no folder
      where: --plots /dev/null/plots
      next: choose another place
    """
    _raise(_folder_faults(path, option))


def check_report_outputs(
    html: Path | None, plots: Path | None, *, data: object, tables: Mapping[str, str] | None = None
) -> None:
    """What `--html` and `--plots` name, where they are given: raise StorageError with every fault.

    `data` and `tables` are what the command reads: none of their files is written over.
    """
    faults = [*_page_faults(html, "--html")] if html is not None else []
    faults += [*input_faults(data, html, option="--html", tables=tables)] if html is not None and not faults else []
    _raise(iter([*faults, *(_folder_faults(plots, "--plots") if plots is not None else ())]))


def _raise(faults: Iterator[Fault]) -> None:
    if found := tuple(faults):
        raise StorageError(*found)


def _file_faults(path: Path, option: str) -> Iterator[Fault]:
    where, parent = f"{option} {path}", path.absolute().parent
    if path.is_dir():
        yield Fault(what=f"{path} is a folder", where=where, next_step="name a file in it")
    elif not parent.exists():
        yield Fault(what=f"there is no folder {parent}", where=where, next_step="create it, or choose another place")
    else:
        yield from _folder_faults(parent, option, where=where)


def _folder_faults(folder: Path, option: str, *, where: str = "") -> Iterator[Fault]:
    """Of the folder, or of the one in which it would be made."""
    where = where or f"{option} {folder}"
    at = next(each for each in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(each))
    if not at.is_dir():
        yield Fault(what=f"{at} is no folder", where=where, next_step="choose another place")
    elif not os.access(at, os.W_OK | os.X_OK):
        step = "grant access, or choose another place"
        yield Fault(what=f"nothing can be written into the folder {at}", where=where, next_step=step)


def _page_faults(path: Path, option: str) -> Iterator[Fault]:
    yield from _file_faults(path, option)
    if path.is_file() and path.suffix.lower() not in PAGES:
        yield Fault(
            what=f"{path} is there already, and is no page",
            where=f"{option} {path}",
            expected="a new file, or one whose name ends in .html",
            next_step=f"{option} {path.with_suffix('.html')}",
        )


def _parquet_faults(path: Path, option: str, what: str) -> Iterator[Fault]:
    yield from _file_faults(path, option)
    if path.suffix.lower() in OTHER_FORMATS:
        yield Fault(
            what=f"{what} written as Parquet",
            where=f"{option} {path}",
            expected="a name that ends in .parquet",
            next_step=f"{option} {path.with_suffix('.parquet')}",
        )
