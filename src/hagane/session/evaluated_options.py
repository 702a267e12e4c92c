"""`evaluated_options`: the options of a statement, each as plain Python."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from sqlglot import exp

from hagane.errors import Fault, HaganeError
from hagane.session.statement_run import StatementRun
from hagane.session.typed_value import typed_value
from hagane.sql.statement import AlterModel, CreateModel, ExportModel, OptionClause

WithOptions = TypeVar("WithOptions", CreateModel, AlterModel, ExportModel)


def evaluated_options(statement: WithOptions, run: StatementRun) -> WithOptions:
    """The statement with the values of those options that are expressions over parameters, variables and functions.

    Raises HaganeError with all that have none, each underlined at its clause.
    """
    faults: list[Fault] = []
    clauses: list[OptionClause] = []
    kind: type[HaganeError] = HaganeError
    for clause in statement.options:
        try:
            clauses.append(_evaluated(clause, run))
        except HaganeError as error:
            kind = type(error)
            place = {"sql": run.sql, "start": clause.start, "end": clause.end}
            faults += [msgspec.structs.replace(fault, **place) for fault in error.faults]
    if faults:
        raise kind(*faults)
    return msgspec.structs.replace(statement, options=tuple(clauses))


def _evaluated(clause: OptionClause, run: StatementRun) -> OptionClause:
    if not isinstance(clause.value, exp.Expression):
        return clause
    return msgspec.structs.replace(clause, value=typed_value(clause.value, run).value)
