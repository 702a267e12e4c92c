"""`check_output`: a file that cannot be written is refused before the work, not after it."""

from __future__ import annotations

from pathlib import Path

from hagane.errors import DataError, Fault

PAGES = (".html", ".htm")
OTHER_FORMATS = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".txt", ".arrow", ".feather", ".xlsx")


def check_output(path: Path, *, option: str) -> None:
    """Raise DataError where `path` is a folder, or lies in a folder that does not exist; `option` names its place.

    >>> check_output(Path("/nowhere/out.parquet"), option="-o")
    Traceback (most recent call last):
    hagane.errors.DataError: there is no folder /nowhere
      where: -o /nowhere/out.parquet
      next: create it, or choose another place
    """
    where, step = f"{option} {path}", "create it, or choose another place"
    if path.is_dir():
        raise DataError(Fault(what=f"{path} is a folder", where=where, next_step="name a file in it"))
    if not path.absolute().parent.is_dir():
        raise DataError(Fault(what=f"there is no folder {path.absolute().parent}", where=where, next_step=step))


def check_page_output(path: Path, *, option: str) -> None:
    """As `check_output`; and raise DataError where a file is there that is no page: it would be lost."""
    check_output(path, option=option)
    if path.exists() and path.suffix.lower() not in PAGES:
        raise DataError(
            Fault(
                what=f"{path} is there already, and is no page",
                where=f"{option} {path}",
                expected="a new file, or one whose name ends in .html",
                next_step=f"{option} {path.with_suffix('.html')}",
            )
        )


def check_parquet_output(path: Path, *, option: str, what: str = "predictions are") -> None:
    """As `check_output`; and raise DataError for an ending that says another format than Parquet."""
    check_output(path, option=option)
    if path.suffix.lower() in OTHER_FORMATS:
        raise DataError(
            Fault(
                what=f"{what} written as Parquet",
                where=f"{option} {path}",
                expected="a name that ends in .parquet",
                next_step=f"{option} {path.with_suffix('.parquet')}",
            )
        )
