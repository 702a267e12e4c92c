"""Functions of JSON documents, a row at a time. A document is its text."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pyarrow as pa

from hagane.data.query_functions.query_function import QueryFunction

_STEP = re.compile(
    r"\.([A-Za-z_][\w-]*)|\.\"((?:[^\"\\]|\\.)*)\"|\[\s*'((?:[^'\\]|\\.)*)'\s*\]|\[\s*\"((?:[^\"\\]|\\.)*)\"\s*\]|\[\s*(\d+)\s*\]|\.(\d+)"
)
MISSING = object()


def path_steps(path: str) -> list[str | int]:
    """The steps of a JSONPath. Raises ValueError.

    >>> path_steps("$.a['b c'][0]")
    ['a', 'b c', 0]
    """
    if not path.startswith("$"):
        raise ValueError("a JSONPath begins with $")
    steps: list[str | int] = []
    at = 1
    while at < len(path):
        found = _STEP.match(path, at)
        if not found:
            raise ValueError(f"{path} is no JSONPath of this kind")
        key = next((part for part in found.groups()[:4] if part is not None), None)
        steps.append(key if key is not None else int(found[5]) if found[5] is not None else found[6])
        at = found.end()
    return steps


def _at(document: Any, steps: list[str | int]) -> Any:
    for step in steps:
        match document, step:
            case dict(), str() if step in document:
                document = document[step]
            case list(), int() if step < len(document):
                document = document[step]
            case _:
                return MISSING
    return document


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return MISSING


def written(document: Any, *, ordered: bool = False) -> str:
    """A document as text, without blanks."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=ordered)


def query(text: str, path: str, keep_null: bool) -> str | None:
    """What stands at the path."""
    found = _at(_read(text), path_steps(path))
    return None if found is MISSING or (found is None and not keep_null) else written(found)


def value(text: str, path: str) -> str | None:
    """The scalar at the path, as text."""
    return _scalar(_at(_read(text), path_steps(path)))


def _scalar(found: Any) -> str | None:
    if found is MISSING or found is None or isinstance(found, dict | list):
        return None
    return found if isinstance(found, str) else written(found)


def query_array(text: str, path: str) -> list[str] | None:
    """The elements at the path."""
    found = _at(_read(text), path_steps(path))
    return [written(part) for part in found] if isinstance(found, list) else None


def value_array(text: str, path: str) -> list[str | None] | None:
    """The scalars at the path."""
    found = _at(_read(text), path_steps(path))
    if not isinstance(found, list) or any(isinstance(part, dict | list) for part in found):
        return None
    return [_scalar(part) for part in found]


def strict_bool(document: Any) -> bool:
    """A JSON boolean."""
    if not isinstance(document, bool):
        raise ValueError("the JSON is no boolean")
    return document


def strict_int(document: Any) -> int:
    """A JSON number without fraction."""
    if (
        isinstance(document, bool)
        or not isinstance(document, int | float)
        or document != int(document)
        or not -(2**63) <= document < 2**63
    ):
        raise ValueError("the JSON is no INT64")
    return int(document)


def strict_float(document: Any) -> float:
    """A JSON number."""
    if isinstance(document, bool) or not isinstance(document, int | float):
        raise ValueError("the JSON is no number")
    return float(document)


def strict_string(document: Any) -> str:
    """A JSON text."""
    if not isinstance(document, str):
        raise ValueError("the JSON is no string")
    return document


def lax_bool(document: Any) -> bool | None:
    """What may be meant for a BOOL."""
    if isinstance(document, bool):
        return document
    if isinstance(document, str):
        return {"true": True, "false": False}.get(document.lower())
    return document != 0 if isinstance(document, int | float) else None


def lax_int(document: Any) -> int | None:
    """What may be meant for an INT64: halves away from zero."""
    if isinstance(document, bool | int):
        number = Decimal(int(document))
    elif isinstance(document, float):
        number = Decimal(document) if math.isfinite(document) else Decimal(2) ** 70
    elif isinstance(document, str) and re.fullmatch(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", document):
        number = Decimal(document.strip())
    else:
        return None
    rounded = int(number.quantize(Decimal(1), ROUND_HALF_UP)) if abs(number) < 2**64 else 2**70
    return rounded if -(2**63) <= rounded < 2**63 else None


def lax_float(document: Any) -> float | None:
    """What may be meant for a FLOAT64."""
    if isinstance(document, bool):
        return None
    if isinstance(document, str):
        try:
            return float(document)
        except ValueError:
            return None
    return float(document) if isinstance(document, int | float) else None


def lax_string(document: Any) -> str | None:
    """What may be meant for a STRING."""
    return _scalar(document)


def parse(text: str) -> str:
    """The document that a text is; an error where it is none."""
    return written(json.loads(text))


def kind(document: Any) -> str:
    """`object`, `array`, `string`, `number`, `boolean` or `null`."""
    match document:
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "string"
        case int() | float():
            return "number"
        case list():
            return "array"
        case _:
            return "object"


def make_object(keys: str, values: str) -> str:
    """An object of two arrays; a key that comes again is left aside."""
    made: dict[str, Any] = {}
    names, held = json.loads(keys), json.loads(values)
    if len(names) != len(held):
        raise ValueError("there are as many keys as values")
    for name, part in zip(names, held, strict=True):
        made.setdefault(name, part)
    return written(made)


def set_at(text: str, path: str, new: str) -> str:
    """The document with a value at a path, which is made where it is not there."""
    steps = path_steps(path)
    return written(_changed(json.loads(text), steps, lambda _: json.loads(new)))


def append_at(text: str, path: str, new: str) -> str:
    """The document with a value behind the array at a path."""

    def longer(found: Any) -> Any:
        held = json.loads(new)
        return (
            [*found, *(held if isinstance(held, list) else [held])]
            if isinstance(found, list)
            else [held]
            if found is None
            else found
        )

    document, steps = json.loads(text), path_steps(path)
    return written(_changed(document, steps, longer)) if _at(document, steps) is not MISSING else written(document)


def insert_at(text: str, path: str, new: str) -> str:
    """The document with a value put into an array at a place."""
    document, steps = json.loads(text), path_steps(path)
    if not steps or not isinstance(steps[-1], int):
        raise ValueError("the path ends with a place in an array")
    place = steps[-1]
    held = json.loads(new)
    more = held if isinstance(held, list) else [held]

    def longer(found: Any) -> Any:
        if not isinstance(found, list):
            return found
        filled = found + [None] * (place - len(found))
        return [*filled[:place], *more, *filled[place:]]

    return (
        written(_changed(document, steps[:-1], longer))
        if _at(document, steps[:-1]) is not MISSING
        else written(document)
    )


def _changed(document: Any, steps: list[str | int], change: Callable[[Any], Any]) -> Any:
    if not steps:
        return change(document)
    step, rest = steps[0], steps[1:]
    if isinstance(step, str) and (isinstance(document, dict) or document is None):
        return {**(document or {}), step: _changed((document or {}).get(step), rest, change)}
    if isinstance(step, int) and (isinstance(document, list) or document is None):
        filled = [*(document or [])] + [None] * (step + 1 - len(document or []))
        filled[step] = _changed(filled[step], rest, change)
        return filled
    return document


def remove_at(text: str, path: str) -> str:
    """The document without what stands at a path."""
    steps = path_steps(path)
    if not steps:
        raise ValueError("the whole document is not removed")
    document = json.loads(text)
    held = _at(document, steps[:-1])
    last = steps[-1]
    if isinstance(held, dict) and isinstance(last, str):
        held.pop(last, None)
    elif isinstance(held, list) and isinstance(last, int) and last < len(held):
        del held[last]
    return written(document)


def strip_nulls(document: Any) -> Any:
    """Without nulls, at any depth."""
    if isinstance(document, dict):
        return {key: strip_nulls(part) for key, part in document.items() if part is not None}
    if isinstance(document, list):
        return [strip_nulls(part) for part in document if part is not None]
    return document


def flatten(document: Any) -> list[str]:
    """The elements of arrays in arrays."""
    if not isinstance(document, list):
        return [written(document)]
    return [part for element in document for part in flatten(element)]


def all_keys(text: str, depth: int) -> list[str]:
    """The keys, those inside others behind a dot, by name."""
    if depth < 1:
        raise ValueError("the depth is above 0")
    return sorted(_keys(json.loads(text), depth, ""))


def _keys(document: Any, depth: int, before: str) -> set[str]:
    if not isinstance(document, dict) or depth < 1:
        return set()
    found: set[str] = set()
    for name, part in document.items():
        shown = name if re.fullmatch(r"[A-Za-z_]\w*", name) else json.dumps(name, ensure_ascii=False)
        found |= {before + shown} | _keys(part, depth - 1, f"{before}{shown}.")
    return found


def quoted(text: str) -> str:
    """A STRING literal of GoogleSQL's."""
    return (
        '"'
        + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
        + '"'
    )


def shown_bytes(held: bytes) -> str:
    """Bytes as %t shows them."""
    return "".join(chr(byte) if 32 <= byte < 127 and byte != 92 else f"\\x{byte:02x}" for byte in held)


def _of_document(function: Callable[[Any], Any], gives: str, arrow: pa.DataType | None = None) -> QueryFunction:
    return QueryFunction(("JSON",), gives, lambda text: function(json.loads(text)), arrow=arrow)


def _arrays(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def each(document: Any) -> list[Any]:
        if not isinstance(document, list):
            raise ValueError("the JSON is no array")
        return [function(part) for part in document]

    return each


_TEXTS = pa.list_(pa.string())
FUNCTIONS: dict[str, QueryFunction] = {
    "json_query": QueryFunction(("VARCHAR", "VARCHAR", "BOOLEAN"), "JSON", query, arrow=pa.string()),
    "json_value": QueryFunction(("VARCHAR", "VARCHAR"), "VARCHAR", value),
    "json_query_array": QueryFunction(("VARCHAR", "VARCHAR"), "JSON[]", query_array, arrow=_TEXTS),
    "json_value_array": QueryFunction(("VARCHAR", "VARCHAR"), "VARCHAR[]", value_array),
    "json_bool": _of_document(strict_bool, "BOOLEAN"),
    "json_int64": _of_document(strict_int, "BIGINT"),
    "json_float64": _of_document(strict_float, "DOUBLE"),
    "json_string": _of_document(strict_string, "VARCHAR"),
    "json_bool_array": _of_document(_arrays(strict_bool), "BOOLEAN[]", pa.list_(pa.bool_())),
    "json_int64_array": _of_document(_arrays(strict_int), "BIGINT[]"),
    "json_float64_array": _of_document(_arrays(strict_float), "DOUBLE[]", pa.list_(pa.float64())),
    "json_string_array": _of_document(_arrays(strict_string), "VARCHAR[]"),
    "lax_bool": _of_document(lax_bool, "BOOLEAN"),
    "lax_int64": _of_document(lax_int, "BIGINT"),
    "lax_float64": _of_document(lax_float, "DOUBLE"),
    "lax_string": _of_document(lax_string, "VARCHAR"),
    "parse_json": QueryFunction(("VARCHAR",), "JSON", parse, arrow=pa.string()),
    "json_type": _of_document(kind, "VARCHAR"),
    "json_object": QueryFunction(("VARCHAR", "VARCHAR"), "JSON", make_object, arrow=pa.string()),
    "json_set": QueryFunction(("JSON", "VARCHAR", "VARCHAR"), "JSON", set_at, arrow=pa.string()),
    "json_array_append": QueryFunction(("JSON", "VARCHAR", "VARCHAR"), "JSON", append_at, arrow=pa.string()),
    "json_array_insert": QueryFunction(("JSON", "VARCHAR", "VARCHAR"), "JSON", insert_at, arrow=pa.string()),
    "json_remove": QueryFunction(("JSON", "VARCHAR"), "JSON", remove_at, arrow=pa.string()),
    "json_strip_nulls": _of_document(lambda document: written(strip_nulls(document)), "JSON", pa.string()),
    "json_flatten": _of_document(flatten, "JSON[]", _TEXTS),
    "json_keys": QueryFunction(("JSON", "BIGINT"), "VARCHAR[]", all_keys),
    "json_text": _of_document(lambda document: written(document, ordered=True), "VARCHAR"),
    "json_quoted": QueryFunction(("VARCHAR",), "VARCHAR", written),
    "quoted": QueryFunction(("VARCHAR",), "VARCHAR", quoted),
    "quoted_bytes": QueryFunction(("BLOB",), "VARCHAR", lambda held: f'b"{shown_bytes(held)}"'),
    "shown_bytes": QueryFunction(("BLOB",), "VARCHAR", shown_bytes),
    "printf_integer": QueryFunction(("VARCHAR", "BIGINT"), "VARCHAR", lambda form, number: form % number),
    "printf_float": QueryFunction(("VARCHAR", "DOUBLE"), "VARCHAR", lambda form, number: form % number),
}
