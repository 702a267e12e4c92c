"""`working_table`: rows as a table of DuckDB's that statements can change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hagane.session.statement_run import StatementRun


@contextmanager
def working_table(sql: str, run: StatementRun) -> Iterator[str]:
    """A table of the rows of `sql`, dropped at the end; what does not fit into memory DuckDB keeps on disk."""
    name = run.state.new_temporary_name()
    run.state.engine.run(f"CREATE TABLE {name} AS {sql}")
    try:
        yield name
    finally:
        run.state.engine.run(f"DROP TABLE IF EXISTS {name}")
