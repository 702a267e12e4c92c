"""`find_files`: which files a path, a glob or a folder names, in one order on every machine."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from pathlib import Path

from hagane.data.table_folder import table_folder
from hagane.errors import DataError, Fault, nearest

KINDS = {
    "parquet": (".parquet", ".pq"),
    "csv": (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".txt", ".data", ".test", ".csv.zst", ".tsv.zst"),
    "json_lines": (".jsonl", ".ndjson", ".json", ".jsonl.gz", ".ndjson.gz", ".json.gz"),
}
"""Kind of file → the endings by which it is known."""

OTHERS = {
    (".xlsx", ".xls", ".ods"): "save the sheet as CSV; or read it in Python, and give hagane.train the frame",
    (".pkl", ".pickle", ".joblib", ".rds", ".sav", ".dta", ".sas7bdat", ".mat", ".npy", ".npz", ".h5", ".hdf5"):
        "read it with what wrote it, and write Parquet; or give hagane.train the frame",
    (".arrow", ".feather", ".orc", ".avro"): "write it as Parquet; or give hagane.train the table that pyarrow reads",
    (".db", ".sqlite", ".sqlite3"): "name a table of it: sqlite://{file}#TABLE",
    (".zip",): "name a file in it: zip://NAME.csv::{file}",
    (".yaml", ".yml"): "a spec is trained: hagane train {file}",
}  # fmt: skip
"""Endings of files that are not read as they are → the way to their rows."""

SUFFIXES = tuple(suffix for suffixes in KINDS.values() for suffix in suffixes)


def find_files(path: str) -> list[Path]:
    """The files that one path, glob or folder names, sorted; of a workspace's table in the order of its rows.

    Raises DataError when there are none.
    """
    expanded = os.path.expanduser(path)
    if (table := table_folder(Path(expanded))) is not None:
        return [file.absolute() for file in table]
    if os.path.isdir(expanded):
        found = [file for file in Path(expanded).rglob("*") if file.is_file() and _is_data(file, Path(expanded))]
    elif os.path.exists(expanded):
        found = [Path(expanded)]
    else:
        found = [Path(name) for name in glob.glob(expanded, recursive=True) if os.path.isfile(name)]
    if not found:
        raise DataError(_no_data_in(path) if os.path.isdir(expanded) else _not_found(path))
    return sorted(file.absolute() for file in found)


def is_hive_partitioned(files: Sequence[Path]) -> bool:
    """Whether folders named `column=value` hold the files.

    >>> is_hive_partitioned([Path("trips/year=2013/0.parquet")])
    True
    """
    return all(any("=" in part for part in file.parent.parts) for file in files)


def kind_of_files(files: Sequence[Path]) -> str:
    """What the files are: a key of `KINDS`. Raises DataError when unknown or mixed.

    >>> kind_of_files([Path("trips.CSV.gz")])
    'csv'
    """
    kinds = {_kind(file) for file in files}
    if len(kinds) > 1:
        examples = ", ".join(sorted({_suffix(file) for file in files}))
        raise DataError(
            Fault(
                what=f"files of several kinds are read together: {examples}",
                next_step="name files of one kind, or join them in a query",
            )
        )
    return kinds.pop()


def _kind(file: Path) -> str:
    lower = file.name.lower()
    for kind, suffixes in KINDS.items():
        if lower.endswith(suffixes):
            return kind
    with file.open("rb") as stream:
        if stream.read(4) == b"PAR1":
            return "parquet"
    raise DataError(
        Fault(
            what=f"cannot tell what kind of file {file.name!r} is",
            where=str(file),
            expected="an ending out of " + " ".join(SUFFIXES),
            next_step=_way_in(file),
        )
    )


def _way_in(file: Path) -> str:
    """What to do with a kind of file that is known, and not read."""
    steps = {suffix: step for suffixes, step in OTHERS.items() for suffix in suffixes}
    step = steps.get(file.suffix.lower())
    if step:
        return step.format(file=file)
    return f"rename it, or say how to read it in a query: SELECT * FROM read_csv('{file}')"


def _suffix(file: Path) -> str:
    return "".join(file.suffixes) or file.name


def _is_data(file: Path, folder: Path) -> bool:
    hidden = any(part.startswith((".", "_")) for part in file.relative_to(folder).parts)
    name = file.name.lower()
    return not hidden and name.endswith(SUFFIXES) and not name.startswith(("readme", "license"))


def _no_data_in(folder: str) -> Fault:
    return Fault(
        what=f"no file of data in the folder {folder!r}",
        expected="files that end in one of " + " ".join(SUFFIXES),
        next_step="name a file, or say how to read it in a query: SELECT * FROM read_csv('…')",
    )


def _not_found(path: str) -> Fault:
    folder = Path(path).expanduser().parent
    while not folder.exists() or glob.has_magic(str(folder)):
        folder = folder.parent
    names = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
    like = nearest(Path(path).name, names)
    return Fault(
        what=f"no file at {path!r}",
        where=f"looked from {Path.cwd()}" if not os.path.isabs(path) else "",
        nearest=str(folder / like) if like else "",
        next_step="correct the path (a query begins with SELECT, WITH, FROM or VALUES)",
    )
