"""`damaged_archive`: what is said of a compressed file that does not unpack."""

from __future__ import annotations

from pathlib import Path

from hagane.errors import DataError, Fault


def damaged_archive(file: Path, error: Exception) -> DataError:
    """The error to raise where reading `file` to its end raised `error`.

    >>> print(damaged_archive(Path("trips.csv.gz"), EOFError("Compressed file ended before …")))
    trips.csv.gz is truncated: it ends before what is packed in it does
      where: trips.csv.gz
      next: copy or fetch it again, whole, and run again
    """
    is_short = isinstance(error, EOFError) or "truncated" in str(error).lower()
    what = "truncated: it ends before what is packed in it does" if is_short else "damaged: it cannot be unpacked"
    return DataError(
        Fault(
            what=f"{file.name} is {what}",
            where=str(file),
            received="" if is_short else str(error).split("\n")[0],
            next_step="copy or fetch it again, whole, and run again",
        )
    )
