"""`typed_value`: the value of an expression, which may hold a query, with its type."""

from __future__ import annotations

from sqlglot import exp

from hagane.errors import Fault, SqlError
from hagane.session.statement_run import StatementRun
from hagane.session.statements.query import normal_rows
from hagane.session.variable import Variable


def typed_value(expression: exp.Expression, run: StatementRun) -> Variable:
    """What the expression gives, its parameters and variables replaced. Raises HaganeError."""
    query = exp.select(exp.alias_(run.with_values(expression), "value"))
    sql = run.resolver.duckdb_sql(query)
    columns = run.sources.described(sql, shown_sql=run.shown_sql)
    with run.sources.faults(run.shown_sql):
        connection = run.sources.connect(sql)
        try:
            table = connection.sql(normal_rows(sql, columns)).to_arrow_table()
        finally:
            connection.close()
    if table.num_rows != 1:
        raise SqlError(Fault(what=f"the expression gives {table.num_rows} values", sql=run.sql,
                             start=run.statement.start, end=run.statement.end, expected="one"))  # fmt: skip
    return Variable(columns[0][1].bigquery, table.column(0)[0].as_py())
