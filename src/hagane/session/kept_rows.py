"""`kept_rows`: a query's rows in a file, for the length of a training."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hagane.data.engine import quote_text
from hagane.data.repeatable_rows import repeatable_rows
from hagane.session.slow_phase import slow_phase
from hagane.session.statement_run import StatementRun
from hagane.workspace.table_lock import table_lock

FOLDER = "queries"
PARTIAL, ROWS, LOCK = ".partial", ".parquet", ".lock"


@contextmanager
def kept_rows(sql: str, run: StatementRun) -> Iterator[Path]:
    """A Parquet file of the rows of DuckDB's `sql`, removed at the end unless another process reads the same.

    Its name and its time are those of its content, so that what was trained on it before it was interrupted, and the
    columns that were encoded from it, are known again. Raises DataError.
    """
    folder = run.state.workspace.root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(folder)
    partial = folder / f"{os.getpid()}-{uuid.uuid4().hex[:12]}{PARTIAL}"
    with table_lock(partial.with_suffix(LOCK)):
        try:
            _write(sql, partial, run)
            path = folder / f"{_digest(partial)}{ROWS}"
            with table_lock(path.with_suffix(LOCK), shared=True):
                if not path.exists():
                    os.utime(partial, (0, 0))
                    os.rename(partial, path)
                yield path
        finally:
            partial.unlink(missing_ok=True)
            partial.with_suffix(LOCK).unlink(missing_ok=True)
            _remove_abandoned(folder)


def _write(sql: str, path: Path, run: StatementRun) -> None:
    columns = run.sources.described(sql, shown_sql=run.shown_sql)
    with slow_phase(run.state.progress, "run the query"), run.sources.faults(run.shown_sql):
        connection = run.sources.connect(sql)
        try:

            def explain(query: str) -> str:
                return "".join(str(row[1]) for row in connection.execute(f"EXPLAIN {query}").fetchall())

            rows = repeatable_rows(sql, [name for name, _ in columns], explain)
            connection.execute(f"COPY ({rows}) TO {quote_text(str(path))} (FORMAT parquet)")
        finally:
            connection.close()


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _remove_abandoned(folder: Path) -> None:
    """Remove the files that nobody holds: they were left by a process that was killed, or just now."""
    for lock in folder.glob(f"*{LOCK}"):
        with table_lock(lock, wait=False) as alone:
            if alone:
                for suffix in (PARTIAL, ROWS, LOCK):
                    lock.with_suffix(suffix).unlink(missing_ok=True)
