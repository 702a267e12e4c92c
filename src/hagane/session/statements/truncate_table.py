"""TRUNCATE TABLE: no rows."""

from __future__ import annotations

from hagane.counted import counted
from hagane.data.engine import quote_name
from hagane.session.result import Result
from hagane.session.statement_run import StatementRun
from hagane.session.target import existing_table, target_table
from hagane.session.written_rows import written_rows


def run_truncate_table(run: StatementRun) -> Result:
    """Remove every row. Raises NotFoundError."""
    target = target_table(run.tree, run)
    if target.temporary:
        engine = run.state.engine
        num_rows = engine.query(f"SELECT count(*) AS n FROM {target.temporary}")["n"][0].as_py()
        engine.run(f"DELETE FROM {target.temporary}")
    else:
        existing_table(target, run)
        with run.state.workspace.tables.changing(target.name) as change:
            stored = existing_table(target, run)
            num_rows = stored.num_rows
            columns = stored.manifest.columns
            nulls = ", ".join(f"NULL AS {quote_name(column.name)}" for column in columns)
            change.commit(columns, [written_rows(run, change, f"SELECT {nulls} WHERE false", columns)])
    message = f"deleted {counted(num_rows, 'row')} of {target.name}"
    return Result(kind=run.kind, message=message, num_changed_rows=num_rows)
