"""Functions that take texts apart as DuckDB's SQL: one entry a function, as in `duckdb_functions`."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast as typed

from hagane.sql.duckdb_literals import string_sql
from hagane.sql.expression import Call, Literal
from hagane.sql.functions import MOST_PIECES, WHITE_SPACE
from hagane.sql.regex.extraction import has_group

Bound = tuple[str, ...]
Render = Callable[[Call, Bound], str]


def _constant(call: Call, position: int) -> object:
    argument = call.arguments[position]
    assert isinstance(argument, Literal), f"{call.function} takes a constant at {position}"
    return argument.value


def trim(name: str) -> Render:
    """Unicode white space where no characters are said."""

    def render(call: Call, bound: Bound) -> str:
        return f"{name}({bound[0]}, {bound[1] if len(bound) > 1 else string_sql(WHITE_SPACE)})"

    return render


def substring(call: Call, bound: Bound) -> str:
    """DuckDB counts what lies before the text, too."""
    numbers = [typed(int | None, _constant(call, position)) for position in range(1, len(bound))]
    if None in numbers:
        return f"CASE WHEN TRUE THEN CAST(NULL AS VARCHAR) ELSE {bound[0]} END"
    position, *lengths = (number or 0 for number in numbers)
    rest = f"right({bound[0]}, {-position})" if position < 0 else f"substring({bound[0]}, {max(position, 1)})"
    return f"left({rest}, {lengths[0]})" if lengths else rest


def pad(side: str) -> Render:
    """LPAD and RPAD."""

    def render(call: Call, bound: Bound) -> str:
        text, size, pattern = bound[0], bound[1], bound[2] if len(bound) > 2 else "' '"
        filling = f"left(repeat({pattern}, {size}), {size} - length({text}))"
        padded = f"{filling} || {text}" if side == "left" else f"{text} || {filling}"
        return f"CASE WHEN length({text}) >= {size} THEN left({text}, {size}) ELSE {padded} END"

    return render


def replace(call: Call, bound: Bound) -> str:
    """NULL where there is too much to replace."""
    text, old, _ = bound
    pieces = f"len(string_split({text}, {old}))"
    value = f"replace({', '.join(bound)})"
    return value if _constant(call, 1) == "" else f"CASE WHEN {pieces} > {MOST_PIECES} THEN NULL ELSE {value} END"


def reverse(call: Call, bound: Bound) -> str:
    """DuckDB's own keeps what looks like one character together."""
    turned = f"array_to_string(list_reverse(regexp_extract_all({bound[0]}, '(?s:.)')), '')"
    return f"CASE WHEN length({bound[0]}) > {MOST_PIECES} THEN NULL ELSE {turned} END"


def find(call: Call, bound: Bound) -> str:
    """STRPOS."""
    return f"CASE WHEN {bound[0]} IS NULL THEN NULL WHEN {bound[1]} = '' THEN 1 ELSE strpos({bound[0]}, {bound[1]}) END"


def split_offset(call: Call, bound: Bound) -> str:
    """DuckDB's lists count from 1."""
    return f"string_split({bound[0]}, {bound[1]})[{typed(int, call.modifiers[0]) + 1}]"


def extract(call: Call, bound: Bound) -> str:
    """NULL, not an empty text, where nothing matches."""
    text, pattern = bound
    group = "1" if has_group(str(_constant(call, 1))) else "0"
    return f"CASE WHEN regexp_matches({text}, {pattern}) THEN regexp_extract({text}, {pattern}, {group}) END"


TEXT_RENDER: dict[str, Render] = {
    "BYTE_LENGTH": lambda call, bound: f"CAST(strlen({bound[0]}) AS BIGINT)",
    "TRIM": trim("trim"),
    "LTRIM": trim("ltrim"),
    "RTRIM": trim("rtrim"),
    "SUBSTR": substring,
    "LPAD": pad("left"),
    "RPAD": pad("right"),
    "REPLACE": replace,
    "REVERSE": reverse,
    "STRPOS": find,
    "REPEAT": lambda call, bound: f"repeat({', '.join(bound)})",
    "REGEXP_EXTRACT": extract,
    "SPLIT[OFFSET]": split_offset,
    "SPLIT[SAFE_OFFSET]": split_offset,
}
"""Canonical name → DuckDB's SQL."""
