"""`written_rows`: a query's rows as a new Parquet file of a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hagane.data.engine import quote_name, quote_text
from hagane.session.slow_phase import slow_phase
from hagane.session.statement_run import StatementRun
from hagane.workspace.stored_table import TableColumn
from hagane.workspace.table_change import TableChange


def written_rows(run: StatementRun, change: TableChange, sql: str, columns: Sequence[TableColumn]) -> tuple[Path, int]:
    """The file, and how many rows it holds. `sql` gives the columns in their order. Raises DataError.

    A NULL in a column that is required, and a value that its type cannot hold, end the statement; nothing is changed.
    """
    path = change.new_file()
    names = [f"column_{number}" for number in range(len(columns))]
    listed = ", ".join(_cast(name, column) for name, column in zip(names, columns, strict=True))
    rows = f"SELECT {listed} FROM ({sql}\n) AS rows ({', '.join(names)})"
    with slow_phase(run.state.progress, "write the table"), run.sources.faults(run.shown_sql):
        connection = run.sources.connect(sql)
        try:
            written = connection.execute(f"COPY ({rows}) TO {quote_text(str(path))} (FORMAT parquet)").fetchone()
        finally:
            connection.close()
    assert written is not None
    return path, int(written[0])


def _cast(name: str, column: TableColumn) -> str:
    value = name
    if column.required:
        text = quote_text(f"Required field {column.name} cannot be null")
        value = f"CASE WHEN {name} IS NULL THEN error({text}) ELSE {name} END"
    return f"CAST({value} AS {column.type}) AS {quote_name(column.name)}"
