"""Parquet: files are scanned where they lie."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from hagane.data.bad_rows import BadRows
from hagane.data.engine import Engine
from hagane.data.file_stamp import FileStamp, check_files
from hagane.data.origin import Origin, digest_files, parquet_sql
from hagane.data.source_files import is_hive_partitioned
from hagane.data.wanted import Wanted
from hagane.errors import DataError, Fault
from hagane.progress import Progress


def read(
    engine: Engine,
    files: Sequence[Path],
    bad_rows_folder: Path | None,
    progress: Progress,
    wanted: Wanted,
) -> Origin:
    """Parquet files of one schema; folders named `column=value` add those columns. Raises DataError for other files.

    The files say themselves what types they hold, whatever `types` wants.
    """
    stamps = tuple(map(FileStamp.of, files))
    hive = is_hive_partitioned(files)
    schemas = [_schema(file) for file in files]
    same = all(schema.equals(schemas[0]) for schema in schemas)
    if not same:
        _check_names(files, schemas)
    num_rows = sum(pq.read_metadata(file).num_rows for file in files)
    return Origin(
        sql=parquet_sql(files, hive=hive, unify=not same),
        identity=_identity(files, stamps),
        parquet=tuple(files) if same and not hive else (),
        bad_rows=BadRows(total=num_rows),
        files=stamps,
    )


def _identity(files: Sequence[Path], stamps: Sequence[FileStamp]) -> Callable[[], str]:
    """Of the files as they were when they were opened: DataError where they have changed before it is first asked."""

    @functools.cache
    def identity() -> str:
        digest = digest_files(files)
        check_files(stamps)
        return digest

    return identity


def _schema(file: Path) -> pa.Schema:
    try:
        schema = pq.read_schema(file)
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            Fault(
                what=f"{file.name} is not a readable Parquet file",
                where=str(file),
                received=str(error).split("\n")[0],
                next_step="copy it again, it may be cut short; or write it anew",
            )
        ) from None
    if not schema.names:
        raise DataError(Fault(what=f"{file.name} has no columns", where=str(file), next_step="write it anew"))
    return schema


def _check_names(files: Sequence[Path], schemas: Sequence[pa.Schema]) -> None:
    """Types may differ between files (the common one is taken: FLOAT64 for INT64 and FLOAT64); names may not."""
    expected = set(schemas[0].names)
    faults = [
        Fault(
            what=f"{file.name} has other columns than {files[0].name}",
            where=str(file),
            expected=", ".join(sorted(expected - set(schema.names))) or "no more columns",
            received=", ".join(sorted(set(schema.names) - expected)) or "fewer columns",
            next_step="read them in a query: SELECT * FROM read_parquet([...], union_by_name=true)",
        )
        for file, schema in zip(files, schemas, strict=True)
        if set(schema.names) != expected
    ]
    if faults:
        raise DataError(*faults)
