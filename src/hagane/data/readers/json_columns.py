"""`infer_columns`: the columns of JSON objects, and the SQL that takes each value out of its JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from hagane.data.column_type import reading_type
from hagane.data.engine import Engine, quote_name, quote_text
from hagane.errors import DataError, Fault
from hagane.types import SqlType

SAMPLE_OBJECTS = 20_480
_SHARE = 0.95
"""A column in which types are mixed has the type of this share of its values, or else is text."""
_NUMBERS = "('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE')"
_INTEGERS = "('BIGINT', 'UBIGINT', 'HUGEINT')"


class JsonColumn(NamedTuple):
    """A column and how its values are had."""

    name: str
    type: str
    """DuckDB type."""

    @property
    def is_nested(self) -> bool:
        """Whether it holds objects or arrays."""
        return self.type.endswith("]") or self.type.startswith(("STRUCT", "MAP", "JSON"))

    @property
    def value(self) -> str:
        """SQL: the value, NULL where it does not have the type."""
        name = quote_name(self.name)
        if self.type == "JSON":
            return f"[CAST({name} AS VARCHAR)]"
        if self.is_nested:
            return f"TRY_CAST({name} AS {self.type})"
        kind, text = f"json_type({name})", f"({name} ->> '$')"
        if self.type == "BIGINT":
            return f"CASE WHEN {kind} IN {_INTEGERS} THEN TRY_CAST({text} AS BIGINT) END"
        if self.type == "DOUBLE":
            return f"CASE WHEN {kind} IN {_NUMBERS} THEN TRY_CAST({text} AS DOUBLE) END"
        if self.type == "BOOLEAN":
            return f"CASE WHEN {kind} = 'BOOLEAN' THEN TRY_CAST({text} AS BOOLEAN) END"
        if self.type == "VARCHAR":
            return f"CASE WHEN {kind} NOT IN ('OBJECT', 'ARRAY') THEN {text} END"
        return f"CASE WHEN {kind} = 'VARCHAR' THEN TRY_CAST({text} AS {self.type}) END"

    @property
    def complaint(self) -> str:
        """Why a row is bad whose value does not have the type."""
        return f"{self.name!r} is no {self.type}"


def infer_columns(engine: Engine, clean: Path, types: Mapping[str, SqlType]) -> list[JsonColumn]:
    """The columns of a file of JSON objects, as they first appear. Raises DataError for two of one name.

    What `types` wants as STRING is text, whatever it looks like.
    """
    source = f"read_json({quote_text(str(clean))}, format='newline_delimited'"
    described = engine.columns(f"SELECT * FROM {source}, sample_size={SAMPLE_OBJECTS})")
    found = engine.query(
        "SELECT DISTINCT unnest(json_keys(json)) AS name "
        f"FROM read_json_objects({quote_text(str(clean))}, format='newline_delimited')"
    ).to_pylist()
    known = [name for name, _ in described]
    late = sorted({str(row["name"]) for row in found} - set(known))
    _check_names([*known, *late])
    columns = [JsonColumn(name, type_) for name, type_ in described]
    columns += [JsonColumn(name, "JSON") for name in late]
    settled = _settle(engine, clean, columns)
    return [JsonColumn(column.name, reading_type(column.type, types.get(column.name))) for column in settled]


def _settle(engine: Engine, clean: Path, columns: list[JsonColumn]) -> list[JsonColumn]:
    """Integers in which decimals turn up are DOUBLE; of mixed types the one that nearly all values have."""
    types = ", ".join(f"{quote_text(column.name)}: 'JSON'" for column in columns)
    rows = f"read_json({quote_text(str(clean))}, format='newline_delimited', columns={{{types}}})"
    counted = ", ".join(
        f"[count(*) FILTER ({_kind(column)} IN {_INTEGERS}), count(*) FILTER ({_kind(column)} = 'DOUBLE'), "
        f"count(*) FILTER ({_kind(column)} = 'BOOLEAN'), count(*) FILTER ({_kind(column)} IN ('OBJECT', 'ARRAY')), "
        f"count({quote_name(column.name)})] AS {quote_name(column.name)}"
        for column in columns
    )
    counts = engine.query(f"SELECT {counted} FROM {rows}").to_pylist()[0]
    return [JsonColumn(column.name, _settled(column.type, counts[column.name])) for column in columns]


def _kind(column: JsonColumn) -> str:
    return f"json_type({quote_name(column.name)})"


def _settled(type_: str, counts: list[int]) -> str:
    integers, doubles, booleans, nested, total = counts
    if type_ in ("BIGINT", "UBIGINT", "HUGEINT"):
        return "DOUBLE" if doubles else "BIGINT"
    if type_ != "JSON":
        return type_
    enough = _SHARE * total
    if nested and nested >= total - enough:
        return "JSON"
    if total and integers + doubles >= enough:
        return "DOUBLE" if doubles else "BIGINT"
    return "BOOLEAN" if total and booleans >= enough else "VARCHAR"


def _check_names(names: list[str]) -> None:
    lower = [name.lower() for name in names]
    twice = [name for name in names if lower.count(name.lower()) > 1]
    if twice:
        raise DataError(
            Fault(
                what=f"keys differ only in case: {', '.join(map(repr, twice))}",
                expected="every column has a name of its own, whatever its case",
                next_step="rename them in the file",
            )
        )
