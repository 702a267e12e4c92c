"""Literals as DuckDB's SQL, each of the type that it has in BigQuery: `1` is a BIGINT, `1.5` a DOUBLE."""

from __future__ import annotations

import math
from typing import Any

from sqlglot import exp

from hagane.sql.queries.query_type import BOOL, BYTES, FLOAT64, INT64, NULL, STRING, QueryType
from hagane.sql.queries.rewriter import Rewriter
from hagane.sql.queries.value import Value

_LEAST, _MOST = -(2**63), 2**63 - 1


def write_literal(rewriter: Rewriter, node: exp.Literal) -> Value:
    """A number or a text."""
    if node.is_string:
        return text_value(str(node.this))
    text = str(node.this)
    if text.isdigit():
        if int(text) > _MOST:
            return rewriter.refuse(f"{text} is no INT64", node, expected=f"at most {_MOST}")
        return int_value(int(text))
    try:
        return float_value(float(text))
    except ValueError:
        return rewriter.refuse(f"{text} is no number", node)


def int_value(number: int) -> Value:
    """An INT64.

    >>> int_value(5).sql
    '5::BIGINT'
    """
    return Value(f"{number}::BIGINT" if number >= 0 else f"({number})::BIGINT", INT64, number)


def float_value(number: float) -> Value:
    """A FLOAT64.

    >>> float_value(0.1).sql, float_value(2.0).sql
    ('0.1e0', '2.0e0')
    """
    if not math.isfinite(number):
        return Value(f"'{number}'::DOUBLE", FLOAT64, number)
    text = repr(number)
    return Value(text if "e" in text else text + "e0", FLOAT64, number)


def text_value(text: str) -> Value:
    """A STRING."""
    return Value(text_sql(text), STRING, text)


def text_sql(text: str) -> str:
    r"""A string literal of DuckDB's; the character 0, which it cannot hold, as CHR(0).

    >>> text_sql("l'eau"), text_sql("a\0b")
    ("'l''eau'", "('a' || chr(0) || 'b')")
    """
    if "\0" in text:
        return f"({' || chr(0) || '.join(text_sql(part) for part in text.split(chr(0)))})"
    return "'" + text.replace("'", "''") + "'"


def bytes_value(held: bytes) -> Value:
    """A BYTES."""
    return Value("'" + "".join(f"\\x{byte:02X}" for byte in held) + "'::BLOB", BYTES, held)


def constant_value(constant: Any) -> Value:
    """A Python value as a literal."""
    match constant:
        case None:
            return Value("NULL", NULL, None)
        case bool():
            return Value("TRUE" if constant else "FALSE", BOOL, constant)
        case int():
            return int_value(constant)
        case float():
            return float_value(constant)
        case bytes():
            return bytes_value(constant)
        case _:
            return text_value(str(constant))


def typed_null(type_: QueryType) -> str:
    """NULL of a type."""
    return f"CAST(NULL AS {type_.duckdb})"
