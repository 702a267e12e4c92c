"""A typed tree as text of the BigQuery dialect, every conversion and every bracket spelled out."""

from __future__ import annotations

import datetime
import json
import math
from dataclasses import replace

from hagane.sql.expression import Call, ColumnRef, Expression, Literal
from hagane.types import SqlType

_INFIX = {"+", "-", "*", "/", "=", "!=", "<", "<=", ">", ">=", "AND", "OR", "IS DISTINCT FROM"} | {
    "&",
    "|",
    "^",
    "<<",
    ">>",
}
_SAFE = {"+": "SAFE_ADD", "-": "SAFE_SUBTRACT", "*": "SAFE_MULTIPLY", "NEG": "SAFE_NEGATE"}


def to_text(expression: Expression) -> str:
    """Text that binds to an equal tree."""
    match expression:
        case ColumnRef(name=name):
            return f"`{name}`"
        case Literal():
            return _literal(expression)
        case Call():
            return _call(expression, [to_text(argument) for argument in expression.arguments])
    raise TypeError(expression)


def _call(call: Call, arguments: list[str]) -> str:
    name, first, rest = call.function, arguments[0], ", ".join(arguments[1:])
    if call.safe and name in _SAFE:
        return f"{_SAFE[name]}({', '.join(arguments)})"
    if call.safe and name != "ELEMENT":
        return f"SAFE.{_call(replace(call, safe=False), arguments)}"
    if name in _INFIX:
        return f"({first} {name} {arguments[1]})"
    match name:
        case "ELEMENT":
            return f"({first})[{'SAFE_OFFSET' if call.safe else 'OFFSET'}({call.modifiers[0]})]"
        case "IN UNNEST":
            return f"({first} IN UNNEST(({rest})))"  # in brackets: a list of constants is an IN otherwise
        case "TEXT_ANALYZE":
            return _text_analyze(call, first)
        case "ML.NGRAMS":
            return f"ML.NGRAMS({first}, [{call.modifiers[0]}, {call.modifiers[1]}], {_string(str(call.modifiers[2]))})"
        case "ML.NORMALIZER" | "ML.LP_NORM":
            return f"{name}({first}, CAST('{call.modifiers[0]}' AS FLOAT64))"
        case "ML.DISTANCE":
            return f"ML.DISTANCE({first}, {rest}, '{call.modifiers[0]}')"
        case "ARRAY":
            return f"[{', '.join(arguments)}]"
        case "NEG":
            return f"(-({first}))"
        case "NOT":
            return f"(NOT {first})"
        case "~":
            return f"(~({first}))"
        case "IS NULL":
            return f"({first} IS NULL)"
        case "IN":
            return f"({first} IN ({rest}))"
        case "CASE":
            pairs = zip(arguments[:-1:2], arguments[1:-1:2], strict=True)
            return f"CASE {' '.join(f'WHEN {when} THEN {then}' for when, then in pairs)} ELSE {arguments[-1]} END"
        case "CAST":
            return f"{'SAFE_CAST' if call.modifiers[0] else 'CAST'}({first} AS {call.type.value})"
        case "EXTRACT":
            zone = "" if call.modifiers[1] == "UTC" else f" AT TIME ZONE '{call.modifiers[1]}'"
            return f"EXTRACT({call.modifiers[0]} FROM {first}{zone})"
        case "DATE" | "TIMESTAMP" if call.modifiers:
            return f"{name}({first}, '{call.modifiers[0]}')"
        case "DATE_ADD" | "DATE_SUB" | "TIMESTAMP_ADD" | "TIMESTAMP_SUB":
            return f"{name}({first}, INTERVAL ({rest}) {call.modifiers[0]})"
        case "DATE_DIFF" | "TIMESTAMP_DIFF":
            return f"{name}({first}, {rest}, {call.modifiers[0]})"
        case "DATE_TRUNC" | "LAST_DAY":
            return f"{name}({first}, {call.modifiers[0]})"
        case "TIMESTAMP_TRUNC":
            return f"{name}({first}, {call.modifiers[0]}, '{call.modifiers[1]}')"
        case "SPLIT[OFFSET]" | "SPLIT[SAFE_OFFSET]":
            return f"SPLIT({first}, {rest}){name[5:-1]}({call.modifiers[0]})]"
        case "FORMAT_DATE" | "PARSE_DATE":
            return f"{name}({_string(str(call.modifiers[0]))}, {first})"
        case "FORMAT_TIMESTAMP" | "PARSE_TIMESTAMP":
            return f"{name}({_string(str(call.modifiers[0]))}, {first}, '{call.modifiers[1]}')"
        case "RANGE_BUCKET":
            points = (to_text(Literal(point, call.arguments[0].type)) for point in call.modifiers[0])
            return f"RANGE_BUCKET({first}, [{', '.join(points)}])"
        case "ROUND" | "TRUNC" | "ML.HASH_BUCKETIZE":
            return f"{name}({first}, {call.modifiers[0]})"
        case "ML.BUCKETIZE":
            points, exclude, format_ = call.modifiers
            return f"ML.BUCKETIZE({first}, {list(points)}, {str(exclude).upper()}, '{format_}')"
        case "ML.FEATURE_CROSS":
            fields = ", ".join(f"{argument} AS f{index}" for index, argument in enumerate(arguments))
            return f"ML.FEATURE_CROSS(STRUCT({fields}), 2)"
        case _:
            return f"{name}({', '.join(arguments)})"


def _text_analyze(call: Call, text: str) -> str:
    analyzer, pattern, is_lower = call.modifiers
    if analyzer != "PATTERN_ANALYZER":
        return f"TEXT_ANALYZE({text}, analyzer => '{analyzer}')"
    mode = "LOWER" if is_lower else "NONE"
    options = json.dumps({"patterns": [pattern], "token_filters": [{"normalizer": {"mode": mode}}]})
    return f"TEXT_ANALYZE({text}, analyzer => '{analyzer}', analyzer_options => {_string(options)})"


def _literal(literal: Literal) -> str:
    value = literal.value
    if value is None:
        return f"CAST(NULL AS {literal.type.value})"
    match literal.type:
        case SqlType.BOOL:
            return "TRUE" if value else "FALSE"
        case SqlType.FLOAT64:
            return repr(value) if math.isfinite(float(value)) else f"CAST('{value}' AS FLOAT64)"
        case SqlType.STRING:
            return _string(str(value))
        case SqlType.TIMESTAMP:
            moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=int(value))
            return f"TIMESTAMP '{moment.isoformat(' ')}'"
        case SqlType.DATE:
            return f"DATE '{(datetime.date(1970, 1, 1) + datetime.timedelta(days=int(value))).isoformat()}'"
        case _:
            return str(value)


def _string(text: str) -> str:
    quoted = (
        text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\t", "\\t").replace("\0", "\\000")
    )
    return f"'{quoted}'"
