"""JSON: what is read out of documents natively, what changes them in Python."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from hagane.sql.queries.call import Call
from hagane.sql.queries.conversions import text_of
from hagane.sql.queries.query_type import BOOL, FLOAT64, INT64, JSON, NULL, STRING, UNKNOWN, QueryType, named_fields
from hagane.sql.queries.rewriter import Rewriter
from hagane.sql.queries.value import Value

_PLAIN = {"BOOL": BOOL, "FLOAT64": FLOAT64, "INT64": INT64, "STRING": STRING}


def _document(call: Call, place: int = 0) -> tuple[Value, bool]:
    """The document, and whether it is JSON; of a STRING the answers are texts."""
    value = call.value(place)
    if value.type.kind not in ("STRING", "JSON", "NULL", "UNKNOWN"):
        return call.refuse(f"{call.name} takes JSON or a STRING", place, received=str(value.type)), False
    return value, value.type == JSON


def _path(call: Call, place: int = 1) -> str:
    """The JSONPath, `$` where left out; a constant, checked."""
    if place >= len(call.arguments):
        return "'$'"
    path = call.constant(place, "the path")
    if isinstance(path, str) and not path.startswith("$"):
        call.refuse("a JSONPath begins with $", place)
    return call.typed(place, STRING).sql


def query(call: Call) -> Value:
    """JSON_QUERY, JSON_EXTRACT: what stands at a path."""
    if not call.count(1, 2):
        return Value("NULL", UNKNOWN)
    value, is_json = _document(call)
    return call.rewriter.call(
        "hagane_json_query", JSON if is_json else STRING, f"CAST({value.sql} AS VARCHAR)", _path(call), _kept(is_json)
    )


def _kept(is_json: bool) -> str:
    """JSON keeps a null that a text does not."""
    return "TRUE" if is_json else "FALSE"


def scalar(call: Call) -> Value:
    """JSON_VALUE, JSON_EXTRACT_SCALAR: a scalar as text."""
    if not call.count(1, 2):
        return Value("NULL", UNKNOWN)
    value, _ = _document(call)
    return call.rewriter.call("hagane_json_value", STRING, f"CAST({value.sql} AS VARCHAR)", _path(call))


def array(call: Call) -> Value:
    """JSON_QUERY_ARRAY, JSON_EXTRACT_ARRAY and those of texts."""
    if not call.count(1, 2):
        return Value("NULL", UNKNOWN)
    value, is_json = _document(call)
    texts = call.name in ("JSON_VALUE_ARRAY", "JSON_EXTRACT_STRING_ARRAY")
    name = "hagane_json_value_array" if texts else "hagane_json_query_array"
    element = STRING if texts or not is_json else JSON
    return call.rewriter.call(name, QueryType("ARRAY", element=element), f"CAST({value.sql} AS VARCHAR)", _path(call))


def strict(call: Call) -> Value:
    """BOOL, FLOAT64, INT64, STRING of JSON, and their arrays: an error where it is another."""
    if not call.count(1, 2):
        return Value("NULL", UNKNOWN)
    name = call.name.removesuffix("_ARRAY")
    value = call.typed(0, JSON)
    type_ = _PLAIN[name]
    call.rewriter.safe = call.safe
    if call.name.endswith("_ARRAY"):
        return call.rewriter.call(f"hagane_json_{name.lower()}_array", QueryType("ARRAY", element=type_), value.sql)
    return call.rewriter.call(f"hagane_json_{name.lower()}", type_, value.sql)


def to_json(call: Call) -> Value:
    """TO_JSON, TO_JSON_STRING."""
    named = [part for part in call.arguments if isinstance(part, exp.Kwarg)]
    call.arguments = [part for part in call.arguments if not isinstance(part, exp.Kwarg)]
    if named or not call.count(1):
        return call.refuse(f"{call.name} takes one argument here") if named else Value("NULL", UNKNOWN)
    value = call.value(0)
    text = json_text(call.rewriter, value)
    if call.name == "TO_JSON":
        return Value(f"CAST({text} AS JSON)", JSON)
    return Value(text, STRING)


def json_text(rewriter: Rewriter, value: Value) -> str:
    """A value as JSON, fields in their order, without blanks; NULL is null."""
    if value.type == NULL:
        return "'null'"
    return rewriter.bind([value], lambda v: f"coalesce({_json_text(rewriter, v, value.type)}, 'null')")


def _json_text(rewriter: Rewriter, v: str, type_: QueryType) -> str:
    match type_.kind:
        case "ARRAY":
            name = rewriter.name("e")
            inner = json_text(rewriter, Value(name, type_.element or INT64))
            return f"CASE WHEN {v} IS NOT NULL THEN '[' || coalesce(array_to_string(list_transform({v}, lambda {name}: {inner}), ','), '') || ']' END"
        case "STRUCT":
            import json

            parts = []
            for field, (label, inner_type) in zip(named_fields(type_), type_.fields, strict=True):
                key = json.dumps(label, ensure_ascii=False).replace("'", "''")
                inner = json_text(
                    rewriter, Value(f"struct_extract({v}, '{field[0].replace(chr(39), chr(39) * 2)}')", inner_type)
                )
                parts.append(f"'{key}:' || {inner}")
            joined = " || ',' || ".join(parts)
            return f"CASE WHEN {v} IS NOT NULL THEN '{{' || {joined} || '}}' END"
        case "INT64" | "BOOL" | "NUMERIC" | "BIGNUMERIC":
            return text_of(rewriter, Value(v, type_))
        case "FLOAT64":
            text = text_of(rewriter, Value(v, type_))
            return f"CASE WHEN isfinite({v}) THEN {text} WHEN isnan({v}) THEN '\"NaN\"' WHEN {v} > 0 THEN '\"Infinity\"' ELSE '\"-Infinity\"' END"
        case "JSON":
            return rewriter.call("hagane_json_text", STRING, v).sql
        case "BYTES":
            return f"('\"' || to_base64({v}) || '\"')"
        case "TIMESTAMP":
            return f"('\"' || replace(regexp_replace({text_of(rewriter, Value(v, type_))}, '\\+00$', 'Z'), ' ', 'T') || '\"')"
        case "DATETIME":
            return f"('\"' || replace({text_of(rewriter, Value(v, type_))}, ' ', 'T') || '\"')"
        case "STRING":
            return rewriter.call("hagane_json_quoted", STRING, v).sql
        case _:
            return f"('\"' || {text_of(rewriter, Value(v, type_))} || '\"')"


def make_array(call: Call) -> Value:
    """JSON_ARRAY."""
    parts = [json_text(call.rewriter, value) for value in call.values()]
    return Value(
        f"CAST('[' || {' || chr(44) || '.join(parts)} || ']' AS JSON)" if parts else "CAST('[]' AS JSON)", JSON
    )


def make_object(call: Call) -> Value:
    """JSON_OBJECT(key, value, …), JSON_OBJECT(keys, values)."""
    values = call.values()
    if len(values) == 2 and values[0].type.kind == values[1].type.kind == "ARRAY":
        keys = json_text(call.rewriter, values[0])
        return call.rewriter.call("hagane_json_object", JSON, keys, json_text(call.rewriter, values[1]))
    if len(values) % 2:
        return call.refuse("JSON_OBJECT takes keys and values", received=str(len(values)))
    for place, value in enumerate(values[::2]):
        if value.type != STRING:
            return call.refuse("a key of JSON_OBJECT is a STRING", 2 * place, received=str(value.type))
    listed = [" || ',' || ".join(json_text(call.rewriter, value) for value in values[start::2]) for start in (0, 1)]
    keys, held = (f"('[' || {part or chr(39) * 2} || ']')" for part in listed)
    return call.rewriter.call("hagane_json_object", JSON, keys, held)


def changed(call: Call) -> Value:
    """JSON_SET, JSON_ARRAY_APPEND, JSON_ARRAY_INSERT: pairs of path and value."""
    arguments = [part for part in call.arguments if not isinstance(part, exp.Kwarg)]
    if len(arguments) < len(call.arguments):
        return call.refuse(f"{call.name} takes no named arguments here")
    if len(arguments) < 3 or not len(arguments) % 2:
        return call.refuse(f"{call.name} takes JSON and pairs of path and value", received=str(len(arguments)))
    document = call.typed(0, JSON)
    for place in range(1, len(arguments), 2):
        path, value = call.typed(place, STRING), json_text(call.rewriter, call.value(place + 1))
        document = call.rewriter.call(f"hagane_{call.name.lower()}", JSON, document.sql, path.sql, value)
    return document


def remove(call: Call) -> Value:
    """JSON_REMOVE."""
    if not call.count(2, 1000):
        return Value("NULL", UNKNOWN)
    document = call.typed(0, JSON)
    for place in range(1, len(call.arguments)):
        document = call.rewriter.call("hagane_json_remove", JSON, document.sql, call.typed(place, STRING).sql)
    return document


def keys(call: Call) -> Value:
    """JSON_KEYS."""
    if not call.count(1, 2):
        return Value("NULL", UNKNOWN)
    depth = call.typed(1, INT64).sql if len(call.arguments) == 2 else "1000000::BIGINT"
    return call.rewriter.call("hagane_json_keys", QueryType("ARRAY", element=STRING), call.typed(0, JSON).sql, depth)


FUNCTIONS: dict[str, Any] = {
    **dict.fromkeys(("JSON_QUERY", "JSON_EXTRACT"), query),
    **dict.fromkeys(("JSON_VALUE", "JSON_EXTRACT_SCALAR"), scalar),
    **dict.fromkeys(("JSON_QUERY_ARRAY", "JSON_EXTRACT_ARRAY", "JSON_VALUE_ARRAY", "JSON_EXTRACT_STRING_ARRAY"), array),
    **dict.fromkeys(("BOOL", "INT64", "FLOAT64", "BOOL_ARRAY", "INT64_ARRAY", "FLOAT64_ARRAY", "STRING_ARRAY"), strict),
    **dict.fromkeys(("TO_JSON", "TO_JSON_STRING"), to_json),
    **dict.fromkeys(("JSON_SET", "JSON_ARRAY_APPEND", "JSON_ARRAY_INSERT"), changed),
    "JSON_ARRAY": make_array,
    "JSON_OBJECT": make_object,
    "JSON_REMOVE": remove,
    "JSON_KEYS": keys,
    "JSON_FLATTEN": ["JSON -> ARRAY<JSON>: hagane_json_flatten({0})"],
    "JSON_STRIP_NULLS": ["JSON -> JSON: hagane_json_strip_nulls({0})"],
    "JSON_TYPE": ["JSON -> STRING: hagane_json_type({0})"],
    "LAX_BOOL": ["JSON -> BOOL: hagane_lax_bool({0})"],
    "LAX_INT64": ["JSON -> INT64: hagane_lax_int64({0})"],
    "LAX_FLOAT64": ["JSON -> FLOAT64: hagane_lax_float64({0})"],
    "LAX_STRING": ["JSON -> STRING: hagane_lax_string({0})"],
    "PARSE_JSON": ["STRING -> JSON: hagane_parse_json({0})"],
}
