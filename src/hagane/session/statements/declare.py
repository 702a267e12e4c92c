"""DECLARE: a script's variables."""

from __future__ import annotations

import sqlglot
from sqlglot import exp

from hagane.errors import Fault, SqlError
from hagane.session.result import Result
from hagane.session.statement_run import StatementRun
from hagane.session.typed_value import typed_value
from hagane.session.variable import Variable
from hagane.sql.statement import Declare


def run_declare(run: StatementRun) -> Result:
    """Let the names have the default's value, or NULL of the type. Raises SqlError."""
    statement = run.statement
    assert isinstance(statement, Declare)
    value: exp.Expression = statement.default if statement.default is not None else exp.Null()
    if statement.type is not None:
        to = sqlglot.parse_one(f"CAST(NULL AS {statement.type})", read="bigquery")
        assert isinstance(to, exp.Cast)
        value = exp.Cast(this=value.copy(), to=to.to)
    elif statement.default is None:
        raise SqlError(Fault(what="a variable has neither a type nor a default", sql=run.sql, start=statement.start,
                             end=statement.end, expected="DECLARE name INT64, or DECLARE name DEFAULT 1"))  # fmt: skip
    found = typed_value(value, run)
    kept = Variable(statement.type or found.type, found.value)
    for name in statement.names:
        run.state.variables[name.lower()] = kept
    return Result(kind=run.kind, message=f"declared {', '.join(statement.names)}")
