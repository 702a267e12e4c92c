"""The cases of tests/golden/googlesql, and what a rewritten query answers to one."""

from __future__ import annotations

import datetime
import decimal
import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from hagane.data.query_functions.add_query_functions import add_query_functions
from hagane.errors import SqlError
from hagane.sql.queries.parse_query import parse_query
from hagane.sql.queries.query_schema import NoTables
from hagane.sql.queries.query_type import QueryType
from hagane.sql.queries.rewrite_query import rewrite_query

FOLDER = Path(__file__).parents[1] / "golden" / "googlesql"
_QUERY = re.compile(r"(SELECT|WITH|FROM) ")


@dataclass(frozen=True)
class Case:
    chapter: str
    function: str
    sql: str
    expected: str

    @property
    def query(self) -> str:
        return self.sql if _QUERY.match(self.sql) else f"SELECT {self.sql}"


def cases() -> list[Case]:
    found = []
    for file in sorted(FOLDER.glob("*.txt")):
        function = ""
        for line in file.read_text().splitlines():
            if line.startswith("## "):
                function = line[3:].lstrip("!")
            elif " => " in line:
                sql, expected = line.rsplit(" => ", 1)
                found.append(Case(file.stem, function, sql, expected))
    return found


def functions() -> list[str]:
    return [
        line[3:].lstrip("!")
        for file in sorted(FOLDER.glob("*.txt"))
        for line in file.read_text().splitlines()
        if line.startswith("## ")
    ]


@dataclass(frozen=True)
class Typed:
    kind: str
    text: str


def _moment(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


NAMES: dict[str, Any] = {
    "null": None, "true": True, "false": False, "NaN": math.nan, "INF": math.inf,
    "D": datetime.date.fromisoformat, "DT": _moment, "T": datetime.time.fromisoformat,
    "TS": lambda text: _moment(text).replace(tzinfo=datetime.UTC), "B": bytes, "N": decimal.Decimal,
    "J": lambda text: Typed("JSON", json.dumps(json.loads(text), sort_keys=True)),
    "IV": lambda text: Typed("INTERVAL", text),
    "G": lambda text: text, "R": lambda text: Typed("RANGE", text),
}  # fmt: skip


def connect() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    return connection


def outcome(connection: duckdb.DuckDBPyConnection, case: Case) -> str:
    """`equal`, `refused` or what is wrong."""
    try:
        rewritten = rewrite_query(parse_query(case.query), schema=NoTables(), sql=case.query)
    except SqlError as error:
        return "equal" if case.expected == "ERROR" else "refused: " + error.faults[0].what
    try:
        add_query_functions(connection, rewritten.functions)
        connection = connection.cursor()
        rows = connection.sql(rewritten.sql).to_arrow_table()
    except Exception as error:  # DuckDB's, Arrow's and our functions' own
        return (
            "equal"
            if case.expected == "ERROR"
            and "Binder" not in type(error).__name__
            and "Parser" not in type(error).__name__
            and "Catalog" not in type(error).__name__
            else f"{type(error).__name__}: {str(error)[:200]}"
        )
    if case.expected in ("ERROR", "SERVICE"):
        return f"answered {rows.to_pylist()[:3]}"
    types = [type_ for _, type_ in rewritten.columns]
    if case.expected.startswith("TYPE "):
        return "equal" if str(types[0]) == case.expected[5:] else f"type {types[0]}"
    names = list(rows.schema.names)
    answered = [
        [_shown(column[row].as_py(), type_) for column, type_ in zip(rows.columns, types, strict=True)]
        for row in range(rows.num_rows)
    ]
    del names
    expected = eval(case.expected, {"__builtins__": {}}, NAMES)  # our own file
    if not _QUERY.match(case.sql):
        expected = [[expected]]
    return "equal" if same(answered, expected) else f"answered {answered!r}"


def _shown(value: Any, type_: QueryType) -> Any:
    if value is None:
        return None
    match type_.kind:
        case "ARRAY":
            assert type_.element is not None
            return [_shown(part, type_.element) for part in value]
        case "STRUCT":
            return {
                name: _shown(part, inner) for (name, part), (_, inner) in zip(value.items(), type_.fields, strict=True)
            }
        case "JSON":
            return Typed("JSON", json.dumps(json.loads(value), sort_keys=True))
        case "INTERVAL":
            return Typed("INTERVAL", _interval(value))
        case "RANGE":
            ends = [value["start"], value["end"]]
            return Typed("RANGE", "[" + ", ".join("UNBOUNDED" if end is None else str(end) for end in ends) + ")")
        case _:
            return value


def _interval(value: Any) -> str:
    months, days, us = value.months, value.days, value.nanoseconds // 1000
    seconds, fraction = divmod(abs(us), 1_000_000)
    clock = f"{'-' * (us < 0)}{seconds // 3600}:{seconds // 60 % 60}:{seconds % 60}" + (
        f".{fraction:06}" if fraction else ""
    )
    return f"{'-' * (months < 0)}{abs(months) // 12}-{abs(months) % 12} {days} {clock}"


def same(one: Any, two: Any) -> bool:
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(same(a, b) for a, b in zip(one, two, strict=True))
    if isinstance(one, dict) and isinstance(two, dict):
        return list(one) == list(two) and all(same(one[key], two[key]) for key in one)
    if type(one) is not type(two):
        return False
    if isinstance(one, float):
        return one == two or (math.isnan(one) and math.isnan(two)) or math.isclose(one, two, rel_tol=4e-15, abs_tol=0)
    return bool(one == two)
