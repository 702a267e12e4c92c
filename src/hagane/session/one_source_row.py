"""`check_one_source_row`: UPDATE … FROM and MERGE change each row once, or the statement is refused."""

from __future__ import annotations

from sqlglot import exp

from hagane.errors import Fault, SqlError
from hagane.session.statement_run import StatementRun

ROW = "hagane_row"


def check_one_source_row(tree: exp.Expression, name: str, alias: str, run: StatementRun) -> None:
    """Raise SqlError where a row of DuckDB's table `name`, called `alias`, matches several source rows.

    BigQuery refuses it, too; DuckDB would take any of them.
    """
    found = _matches(tree)
    if found is None:
        return
    source, condition = found
    numbered = run.sources.add_view(f"SELECT *, row_number() OVER () AS {ROW} FROM {name}")
    target = exp.Table(this=exp.to_identifier(numbered), alias=_alias(alias))
    row = exp.column(ROW, table=exp.to_identifier(alias, quoted=True))
    matched = (
        exp.select(row)
        .from_(source.copy())
        .join(target, join_type="cross", copy=False)
        .where(condition.copy())
        .group_by(row.copy())
        .having(exp.GT(this=exp.Anonymous(this="COUNT", expressions=[exp.Star()]), expression=exp.Literal.number(1)))
        .limit(1)
    )
    sql = run.resolver.duckdb_sql(matched, known=(numbered,))
    if run.sources.first_row(sql, shown_sql=run.shown_sql) is not None:
        what = "UPDATE/MERGE must match at most one source row for each target row"
        step = "make the source's rows one for each key: GROUP BY, or QUALIFY ROW_NUMBER() OVER (…) = 1"
        raise SqlError(Fault(what=what, sql=run.sql, start=run.statement.start, end=run.statement.end, next_step=step))


def _matches(tree: exp.Expression) -> tuple[exp.Expression, exp.Expression] | None:
    """The source, and when a row of it changes one of the target; None where no source does."""
    if isinstance(tree, exp.Update) and tree.args.get("from_") is not None:
        where = tree.args["where"]
        return tree.args["from_"].this, where.this
    if not isinstance(tree, exp.Merge):
        return None
    matched = [when for when in tree.args["whens"].expressions if when.args.get("matched")]
    if not matched:
        return None
    conditions = [
        exp.paren(when.args["condition"].copy()) if when.args.get("condition") else exp.true() for when in matched
    ]
    return tree.args["using"], exp.and_(tree.args["on"].copy(), exp.or_(*conditions))


def _alias(alias: str) -> exp.TableAlias:
    return exp.TableAlias(this=exp.to_identifier(alias, quoted=True))
