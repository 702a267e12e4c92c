"""SET: a variable's new value."""

from __future__ import annotations

import sqlglot
from sqlglot import exp

from hagane.errors import Fault, SqlError, nearest
from hagane.session.result import Result
from hagane.session.statement_run import StatementRun
from hagane.session.typed_value import typed_value
from hagane.session.variable import Variable
from hagane.sql.statement import SetVariable


def run_set(run: StatementRun) -> Result:
    """Give declared variables the values, in their types. Raises SqlError for one that is not declared."""
    statement = run.statement
    assert isinstance(statement, SetVariable)
    for name in statement.names:
        if name.lower() not in run.state.variables:
            raise SqlError(_undeclared(name, run))
    values = [statement.value]
    if len(statement.names) > 1:
        values = _values(statement, run)
    found = {name.lower(): _as_declared(name, value, run) for name, value in zip(statement.names, values, strict=True)}
    run.state.variables.update(found)
    return Result(kind=run.kind, message=f"set {', '.join(statement.names)}")


def _as_declared(name: str, value: exp.Expression, run: StatementRun) -> Variable:
    type_ = run.state.variables[name.lower()].type
    to = sqlglot.parse_one(f"CAST(NULL AS {type_})", read="bigquery")
    assert isinstance(to, exp.Cast)
    return Variable(type_, typed_value(exp.Cast(this=value.copy(), to=to.to), run).value)


def _values(statement: SetVariable, run: StatementRun) -> list[exp.Expression]:
    """Of `SET (a, b) = (1, 2)` each value."""
    value = statement.value.unnest()
    if isinstance(value, exp.Tuple | exp.Struct) and len(value.expressions) == len(statement.names):
        return [each.this if isinstance(each, exp.Alias) else each for each in value.expressions]
    raise SqlError(Fault(what=f"{len(statement.names)} variables are set to something else than as many values",
                         sql=run.sql, start=statement.start, end=statement.end,
                         expected="SET (a, b) = (1, 2)"))  # fmt: skip


def _undeclared(name: str, run: StatementRun) -> Fault:
    start = run.sql.find(name, run.statement.start)
    return Fault(
        what=f"the variable '{name}' is not declared",
        sql=run.sql,
        start=max(start, 0),
        end=max(start, 0) + len(name),
        nearest=nearest(name, run.state.variables),
        next_step=f"DECLARE {name} INT64",
    )
