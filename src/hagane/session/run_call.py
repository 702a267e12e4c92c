"""`run_call`: a function that stands in FROM is checked against its declaration, and run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa
from sqlglot import exp

from hagane.errors import Fault, HaganeError, NotFoundError, SqlError
from hagane.session.call_options import call_options
from hagane.session.find_model import find_model
from hagane.session.function_call import FunctionCall
from hagane.session.functions import TABLE_FUNCTIONS, get_table_function
from hagane.session.query_rows import QueryRows
from hagane.session.replayed_stream import ReplayedStream
from hagane.session.table_function import FunctionContext, TableFunction, TakesValues
from hagane.sql.later_functions import LATER_FUNCTIONS
from hagane.sql.table_function_call import (
    ModelArgument,
    NamedArgument,
    TableArgument,
    TableFunctionCall,
    argument_span,
)
from hagane.workspace.model_version import ModelVersion

if TYPE_CHECKING:
    from hagane.session.resolve_query import QueryResolver


class _Arguments(msgspec.Struct):
    """What a call is given, by kind."""

    models: list[ModelVersion] = []
    data: list[QueryRows] = []
    named_data: dict[str, QueryRows] = {}
    options: dict[str, tuple[Any, exp.Expression]] = {}
    """Name in lower case → value, and the clause that says it."""
    values: list[Any] = []


def run_call(call: TableFunctionCall, resolver: QueryResolver) -> pa.Table | ReplayedStream:
    """The rows of the call, whose inner calls have run: a table, or a stream that is made while it is read.

    Raises SqlError for a call that is not as the function is declared, and what the function raises, each fault
    underlined at the call.
    """
    function = get_table_function(call.name)
    start, end = argument_span(call)
    if function is None:
        raise SqlError(_unknown(call, resolver.sql))
    arguments = _arguments(call, resolver)
    _check_counts(function, call, arguments, resolver.sql)
    asked = FunctionCall(
        name=call.name,
        model=arguments.models[0] if arguments.models else None,
        data=tuple(arguments.data),
        options=call_options(function, arguments.options, resolver.sql),
        values=tuple(arguments.values),
        named_data=arguments.named_data,
        sql=resolver.sql,
        start=start,
        end=end,
    )
    return _run(function, asked, resolver)


def _run(function: TableFunction, asked: FunctionCall, resolver: QueryResolver) -> pa.Table | ReplayedStream:
    needed = " ".join(rows.sql for rows in (*asked.data, *asked.named_data.values()))
    connection = resolver.sources.connect(needed)
    resolver.sources.on_close(connection.close)
    context = FunctionContext(
        workspace=resolver.state.workspace, connection=connection, progress=resolver.state.progress
    )
    with _at(asked):
        rows = function.run(asked, context)
    if isinstance(rows, pa.Table):
        return rows
    first = [rows]

    def again() -> pa.RecordBatchReader:
        with _at(asked):
            made = first.pop() if first else function.run(asked, context)
        assert isinstance(made, pa.RecordBatchReader)
        return pa.RecordBatchReader.from_batches(made.schema, _batches(made, asked))

    return ReplayedStream(again)


def _batches(reader: pa.RecordBatchReader, asked: FunctionCall) -> Iterator[pa.RecordBatch]:
    with _at(asked):
        yield from reader


@contextmanager
def _at(asked: FunctionCall) -> Iterator[None]:
    """Faults that name no SQL are underlined at the call."""
    try:
        yield
    except HaganeError as error:
        faults = [
            fault if fault.sql else
            msgspec.structs.replace(fault, sql=asked.sql, start=asked.start, end=asked.end)
            for fault in error.faults
        ]  # fmt: skip
        error.faults = tuple(faults)
        error.args = (error.render(),)
        raise


def _arguments(call: TableFunctionCall, resolver: QueryResolver) -> _Arguments:
    found = _Arguments()
    faults: list[Fault] = []
    for argument in call.expressions:
        try:
            _take(argument, found, resolver)
        except NotFoundError as error:
            start, end = argument_span(argument)
            faults += [
                fault if fault.sql else msgspec.structs.replace(fault, sql=resolver.sql, start=start, end=end)
                for fault in error.faults
            ]
    if faults:
        raise NotFoundError(*faults)
    return found


def _take(argument: exp.Expression, found: _Arguments, resolver: QueryResolver) -> None:
    if isinstance(argument, ModelArgument):
        found.models.append(find_model(argument.name, resolver.state).version)
    elif isinstance(argument, TableArgument) or _is_query(argument):
        found.data.append(resolver.input_rows(argument))
    elif isinstance(argument, NamedArgument):
        _take_named(argument, found, resolver)
    elif isinstance(argument, exp.Struct):
        for name, value, clause in _fields(argument, resolver):
            found.options[name] = (resolver.value(value), clause)
    else:
        found.values.append(resolver.value(argument))


def _take_named(argument: NamedArgument, found: _Arguments, resolver: QueryResolver) -> None:
    value = argument.expression
    if isinstance(value, ModelArgument):
        found.models.append(find_model(value.name, resolver.state).version)
    elif isinstance(value, TableArgument) or _is_query(value):
        found.named_data[argument.name] = resolver.input_rows(value)
    else:
        found.options[argument.name] = (resolver.value(value), argument)


def _fields(struct: exp.Struct, resolver: QueryResolver) -> Iterator[tuple[str, exp.Expression, exp.Expression]]:
    """Name in lower case, value and clause of each field of an options STRUCT."""
    for field in struct.expressions:
        if isinstance(field, exp.PropertyEQ):
            yield field.this.name.lower(), field.expression, field
        elif isinstance(field, exp.Alias):
            yield field.alias.lower(), field.this, field
        else:
            start, end = argument_span(struct)
            what = "an option of STRUCT(…) has no name"
            raise SqlError(Fault(what=what, sql=resolver.sql, start=start, end=end, expected="value AS option"))


def _is_query(argument: exp.Expression) -> bool:
    return isinstance(argument, exp.Query)


def _check_counts(function: TableFunction, call: TableFunctionCall, found: _Arguments, sql: str) -> None:
    """Raise SqlError for a MODEL too few or too many, and for rows too few or too many."""
    num_models = len(found.models)
    num_data = len(found.data) + len(found.named_data)
    wanted = {"required": (1, 1), "optional": (0, 1), "none": (0, 0)}[function.model]
    faults = []
    start, end = argument_span(call)
    for what, number, (least, most) in (
        ("MODEL argument", num_models, wanted),
        ("(query) or TABLE argument", num_data, function.num_data),
        ("value", len(found.values), function.num_values if isinstance(function, TakesValues) else (0, 0)),
    ):
        if not least <= number <= most:
            expected = str(least) if least == most else f"{least} to {most}"
            faults.append(Fault(what=f"{call.name} takes {expected} {what}{'s' * (most != 1)}", sql=sql, start=start,
                                end=end, received=str(number)))  # fmt: skip
    if faults:
        raise SqlError(*faults)


def _unknown(call: TableFunctionCall, sql: str) -> Fault:
    start, end = argument_span(call)
    later = LATER_FUNCTIONS.get(call.name)
    if later is not None:
        return Fault(what=later.what, sql=sql, start=start, end=end, next_step=later.next_step)
    expected = "one of " + ", ".join(sorted(TABLE_FUNCTIONS))
    return Fault(what=f"{call.name} does not run here", sql=sql, start=start, end=end, expected=expected)
