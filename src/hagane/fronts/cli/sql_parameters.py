"""`sql_parameters`: `--param NAME:TYPE:VALUE` as what the parameters of a script are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from hagane.session.variable import Variable


def sql_parameters(texts: Sequence[str]) -> dict[str, Variable] | list[Variable]:
    """The named parameters, or the positional ones in their order. Raises typer.BadParameter.

    As `bq query` takes them: a type that is left out is STRING, `NULL` is NULL but of a STRING, an ARRAY is JSON.

    >>> sql_parameters(["day:DATE:2013-06-01", "who::it's:me"])["who"]
    Variable(type='STRING', value="it's:me")
    >>> sql_parameters([":ARRAY<INT64>:[1, 2]"])
    [Variable(type='ARRAY<INT64>', value=[1, 2])]
    """
    named: dict[str, Variable] = {}
    positional: list[Variable] = []
    for text in texts:
        name, variable = _parameter(text)
        if name in named:
            raise typer.BadParameter(f"--param {name} is given twice")
        if name:
            named[name] = variable
        else:
            positional.append(variable)
    if named and positional:
        raise typer.BadParameter("--param: some have a name and some have none")
    return named or positional


def _parameter(text: str) -> tuple[str, Variable]:
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    from hagane.session.variable import Variable

    parts = text.split(":", 2)
    if len(parts) != 3:
        raise typer.BadParameter(f"--param {text}: expected NAME:TYPE:VALUE")
    name, type_, value = parts
    type_ = type_.strip() or "STRING"
    try:
        exp.DataType.build(type_, dialect="bigquery")
    except SqlglotError:
        raise typer.BadParameter(f"--param {name}: there is no type {type_}") from None
    return name, Variable(type_.upper() if "<" not in type_ else type_, _value(name, type_.upper(), value))


def _value(name: str, type_: str, text: str) -> Any:
    import msgspec

    if text == "NULL" and type_ != "STRING":
        return None
    if type_.startswith(("ARRAY<", "STRUCT<")):
        try:
            return msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            raise typer.BadParameter(f"--param {name}: {type_} is given as JSON: {error}") from None
    return text
