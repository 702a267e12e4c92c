"""What to write instead where a function does not take an argument's type."""

from __future__ import annotations

from collections.abc import Sequence

from hagane.sql.expression import Expression
from hagane.sql.functions import AnalyzerSignature, Signature
from hagane.sql.source import WAY_OUT
from hagane.sql.string_order import MAX_LENGTH
from hagane.sql.syntax import LISTS
from hagane.types import SqlType

_AS_TEXT = {
    SqlType.INT64: "write CAST(x AS STRING)",
    SqlType.BOOL: "write CAST(x AS STRING)",
    SqlType.DATE: "write CAST(x AS STRING), or take a part of it: CAST(EXTRACT(MONTH FROM x) AS STRING)",
    SqlType.TIMESTAMP: "take a part of it: CAST(EXTRACT(MONTH FROM x) AS STRING)",
    SqlType.FLOAT64: "cut it into buckets: ML.QUANTILE_BUCKETIZE(x, 10) OVER ()",
}
_AS_NUMBER = {
    SqlType.BOOL: "write CAST(x AS INT64)",
    SqlType.STRING: "write SAFE_CAST(s AS FLOAT64)",
    SqlType.DATE: "write UNIX_DATE(x)",
    SqlType.TIMESTAMP: "write UNIX_SECONDS(x)",
}


def analyzer_step(signature: AnalyzerSignature, received: SqlType) -> str:
    """What to write instead where an analyzer does not take this type.

    >>> from hagane.sql.functions import ANALYZERS
    >>> analyzer_step(ANALYZERS["ML.TF_IDF"], SqlType.STRING)
    "take the text apart: TEXT_ANALYZE(s), SPLIT(s, ' ') or SPLIT(s, '')"
    """
    if SqlType.ARRAY_STRING in signature.types:
        if received is SqlType.STRING:
            return "take the text apart: TEXT_ANALYZE(s), SPLIT(s, ' ') or SPLIT(s, '')"
        return WAY_OUT if received.is_array else f"{signature.name} takes arrays: [x]"
    if received.is_array:
        return "take an element: array[OFFSET(0)]" + "; of a whole array, ML.MULTI_HOT_ENCODER" * (
            received is not SqlType.ARRAY_FLOAT64 and SqlType.INT64 not in signature.types
        )
    steps = _AS_NUMBER if SqlType.FLOAT64 in signature.types else _AS_TEXT
    return steps.get(received, WAY_OUT)


_AS_CONDITION = {
    SqlType.INT64: "write x != 0",
    SqlType.FLOAT64: "write x != 0",
    SqlType.STRING: "compare it: s = 'yes'; or write SAFE_CAST(s AS BOOL)",
}
_AS_DATE = {
    SqlType.STRING: "write SAFE_CAST(s AS DATE) (CAST where a text that says none is an error), or "
    "PARSE_DATE('%d.%m.%Y', s)",
    SqlType.TIMESTAMP: "write DATE(t)",
    SqlType.FLOAT64: "write CAST(x AS INT64)",
    SqlType.INT64: "write DATE_FROM_UNIX_DATE(n) for days since 1970, or DATE(year, month, day)",
}
_AS_TIMESTAMP = {
    SqlType.STRING: "write SAFE_CAST(s AS TIMESTAMP) (CAST where a text that says none is an error), or "
    "PARSE_TIMESTAMP('%d.%m.%Y %H:%M', s)",
    SqlType.DATE: "write TIMESTAMP(d)",
    SqlType.FLOAT64: "write CAST(x AS INT64)",
    SqlType.INT64: "write TIMESTAMP_SECONDS(n), TIMESTAMP_MILLIS(n) or TIMESTAMP_MICROS(n)",
}


_TWINS = {
    "DATE_DIFF": "TIMESTAMP_DIFF for days of 24 hours and less",
    "DATE_TRUNC": "TIMESTAMP_TRUNC",
    "DATE_ADD": "TIMESTAMP_ADD",
    "DATE_SUB": "TIMESTAMP_SUB",
    "FORMAT_DATE": "FORMAT_TIMESTAMP",
}
"""Functions of dates → what to use of timestamps."""


def condition_step(received: SqlType) -> str:
    """What to write instead where a condition is no BOOL.

    >>> condition_step(SqlType.FLOAT64), condition_step(SqlType.DATE)
    ('write x != 0', 'compare it, or write x IS NOT NULL')
    """
    return _AS_CONDITION.get(received, "compare it, or write x IS NOT NULL")


def type_step(signature: Signature, arguments: Sequence[Expression]) -> str:
    """What to write instead where a function does not take arguments of these types; empty where nothing is known."""
    types = {argument.type for argument in arguments}
    takes = {type_ for overload in signature.overloads for type_ in overload.first + overload.repeated}
    if signature.name in LISTS["bits"] and SqlType.FLOAT64 in types:
        return "bits are those of an INT64: write CAST(x AS INT64)" + "; a power is POW(x, y)" * (signature.name == "^")
    if signature.name in LISTS["order"] and SqlType.STRING in types and len(types) == 1:
        return f"a string is ordered only against a constant of at most {MAX_LENGTH} characters; {WAY_OUT}"
    if any(type_.is_array for type_ in types - takes):
        takes_arrays = any(type_.is_array for type_ in takes)
        return WAY_OUT if takes_arrays else f"arrays are neither compared nor chosen among; {WAY_OUT}"
    if takes == {SqlType.BOOL}:
        return condition_step(next(argument.type for argument in arguments if argument.type is not SqlType.BOOL))
    wrong = [argument.type for argument in arguments if argument.type not in takes]
    if takes & {SqlType.DATE, SqlType.TIMESTAMP} and SqlType.FLOAT64 not in takes:
        if signature.name in _TWINS and SqlType.TIMESTAMP in types:
            return f"write DATE(t), or use {_TWINS[signature.name]}"
        wants_date = signature.name == "DATE" or (signature.name != "TIMESTAMP" and SqlType.TIMESTAMP not in takes)
        return (_AS_DATE if wants_date else _AS_TIMESTAMP).get(wrong[0], "") if wrong else ""
    if SqlType.STRING in takes and SqlType.FLOAT64 not in takes:
        wrong = wrong or [argument.type for argument in arguments if argument.type is not SqlType.STRING]
        return _AS_TEXT.get(wrong[0], "") if wrong else ""
    if SqlType.STRING in types and all(type_.is_array for type_ in takes):
        return "take the text apart: TEXT_ANALYZE(s), SPLIT(s, ' ') or SPLIT(s, '')"
    if SqlType.STRING in types:
        return "write CAST(s AS FLOAT64) (or INT64, DATE, …); SAFE_CAST where a text that says none is no error"
    if SqlType.BOOL in types:
        return "write CAST(x AS INT64) for a BOOL that counts as 0 or 1"
    return ""
