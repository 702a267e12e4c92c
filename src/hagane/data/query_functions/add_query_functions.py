"""`add_query_functions`: what a rewritten query calls, put on the connection that runs it."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from contextlib import suppress

import duckdb

from hagane.data.query_functions import QUERY_FUNCTIONS
from hagane.data.query_functions.query_function import QueryFunction


def add_query_functions(connection: duckdb.DuckDBPyConnection, names: Iterable[str]) -> None:
    """Let queries on `connection` call the functions of these names (`Rewritten.functions`); those it has already stay.

    Cursors of the connection may call them, too. It must outlive them: DuckDB keeps what a closed cursor has added, and
    ends the process when that is called.

    >>> connection = duckdb.connect()
    >>> add_query_functions(connection, ["hagane_soundex"])
    >>> connection.sql("SELECT hagane_soundex('Robert')").fetchall()
    [('R163',)]
    >>> connection.close()
    """
    for name in sorted(names):
        function = query_function(name)
        with suppress(duckdb.NotImplementedException, duckdb.CatalogException):  # it is there already
            connection.create_function(  # type: ignore[call-overload]  # the stubs know no names of types
                name,
                function.over(name.removesuffix("_safe"), safe=name.endswith("_safe")),
                list(function.takes),
                function.gives.replace("JSON", "VARCHAR"),
                type="arrow",
                null_handling="special",
            )


def query_function(name: str) -> QueryFunction:
    """The function of that name, with or without `_safe` behind it."""
    plain = name.removesuffix("_safe")
    functions: dict[str, QueryFunction] = importlib.import_module(QUERY_FUNCTIONS[plain]).FUNCTIONS
    return functions[plain.removeprefix("hagane_")]
