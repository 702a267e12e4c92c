"""Functions and types that people write and that cannot be compiled: why, and what to write instead."""

from __future__ import annotations

from typing import NamedTuple

from hagane.types import SqlType


class Reason(NamedTuple):
    """Why something is refused, and what to do."""

    what: str
    next_step: str


_QUERY = "compute it in the data query as a column, and use that column here"
_NOT_OF_THE_ROW = "{} does not depend on the row: the graph could not give the same in training and in serving"

FUNCTION_REASONS: dict[str, Reason] = {
    **{name: Reason(_NOT_OF_THE_ROW.format(name), _QUERY) for name in ("RAND", "GENERATE_UUID", "SESSION_USER")},
    "PI": Reason("BigQuery has no PI()", "write ACOS(-1)"),
    "LOG2": Reason("BigQuery has no LOG2", "write LOG(x, 2)"),
    "DEGREES": Reason("BigQuery has no DEGREES", "write x * 180 / ACOS(-1)"),
    "RADIANS": Reason("BigQuery has no RADIANS", "write x * ACOS(-1) / 180"),
    "ERROR": Reason("ERROR ends a query: nothing in a graph may end a batch for the sake of one row",
                    "leave such rows out in the data query"),
    "IFERROR": Reason("an error gives NULL here, so there is no IFERROR", "write COALESCE(SAFE.LN(x), 0)"),
    "NULLIFERROR": Reason("an error gives NULL here, so there is no NULLIFERROR", "write SAFE.LN(x)"),
    "ISERROR": Reason("an error gives NULL here, so there is no ISERROR", "write SAFE.LN(x) IS NULL"),
    "ISNULL": Reason("BigQuery has no ISNULL", "write x IS NULL"),
    "NVL2": Reason("BigQuery has no NVL2", "write IF(x IS NOT NULL, y, z)"),
    "FORMAT": Reason("FORMAT cannot be compiled: its result hangs on a format for every type",
                     "join with || and CAST(x AS STRING); FORMAT_DATE and FORMAT_TIMESTAMP write times"),
    **{name: Reason(f"{name} reads JSON, a type that is not in the language", "CAST a text; " + _QUERY)
       for name in ("BOOL", "INT64", "FLOAT64", "LAX_BOOL", "LAX_INT64", "LAX_FLOAT64", "LAX_STRING")},
    **{name: Reason(f"{name} is of BYTES, a type that is not in the language", _QUERY)
       for name in ("TO_HEX", "FROM_HEX", "TO_BASE32", "FROM_BASE32", "TO_BASE64", "FROM_BASE64",
                    "SAFE_CONVERT_BYTES_TO_STRING")},
    **{name: Reason(f"{name} makes an exact decimal, which ONNX has not", "write CAST(s AS FLOAT64)")
       for name in ("PARSE_NUMERIC", "PARSE_BIGNUMERIC")},
}  # fmt: skip
"""Function as it is called → why it is refused."""

CAST_REASONS: dict[tuple[SqlType, SqlType], Reason] = {
    (SqlType.FLOAT64, SqlType.STRING): Reason(
        "CAST from FLOAT64 to STRING cannot be compiled: ONNX Runtime writes 8 digits, not the shortest exact text",
        "CAST it to INT64 first where it is a whole number, take a bucket of it, or " + _QUERY),
    (SqlType.FLOAT64, SqlType.BOOL): Reason("BigQuery has no CAST from FLOAT64 to BOOL", "write x != 0"),
    **{(SqlType.INT64, type_): Reason(f"BigQuery has no CAST from INT64 to {type_.value}", step) for type_, step in (
        (SqlType.DATE, "write DATE_FROM_UNIX_DATE(n), or DATE(year, month, day)"),
        (SqlType.TIMESTAMP, "write TIMESTAMP_SECONDS(n), TIMESTAMP_MILLIS(n) or TIMESTAMP_MICROS(n)"))},
    (SqlType.DATE, SqlType.INT64): Reason("BigQuery has no CAST from DATE to INT64", "write UNIX_DATE(d)"),
    (SqlType.TIMESTAMP, SqlType.INT64): Reason("BigQuery has no CAST from TIMESTAMP to INT64",
                                               "write UNIX_SECONDS(t), UNIX_MILLIS(t) or UNIX_MICROS(t)"),
}  # fmt: skip
"""Types from and to → why there is no such CAST."""

TYPE_REASONS: dict[str, Reason] = {
    **{name: Reason(f"there is no type {name} here: ONNX has no exact decimals",
                    "take FLOAT64, or INT64 in the smallest unit (cents)") for name in ("NUMERIC", "BIGNUMERIC")},
    "INTERVAL": Reason("there is no type INTERVAL here", "write DATE_DIFF or TIMESTAMP_DIFF"),
    "JSON": Reason("there is no type JSON here: ONNX has no nested values", _QUERY),
    "BYTES": Reason("there is no type BYTES here: ONNX has no byte strings", _QUERY),
    "DATETIME": Reason("there is no type DATETIME here", "take TIMESTAMP (UTC)"),
    "TIME": Reason("there is no type TIME here", "take parts of a TIMESTAMP: EXTRACT(HOUR FROM t)"),
}  # fmt: skip
"""Type as BigQuery writes it → why nothing is cast to it."""
