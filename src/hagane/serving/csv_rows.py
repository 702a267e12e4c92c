"""CSV as rows: what a field means is the signature's to say, since CSV has no types."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from typing import Any

from hagane.bundle.signature import Signature
from hagane.errors import Fault, nearest
from hagane.types import SqlType

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,5})?")
_BOOLS = {"true": True, "false": False}
MAX_FAULTS = 100
"""How many lines that do not fit are told."""


def csv_rows(body: bytes, signature: Signature, faults: list[Fault]) -> list[dict[str, Any]]:
    """One dict a line under the first, which names the columns. What cannot be read is added to `faults`.

    An empty field is NULL, and so are the words that training's CSV file had for it. A field that is nothing of its
    column's type stays a text: the decoder of rows refuses it, and says what it expected.

    >>> from hagane.bundle.signature import Input
    >>> signature = Signature(inputs=(Input(name="age", type=SqlType.INT64), Input(name="job", type=SqlType.STRING)),
    ...                       task="regression", label="y", label_type=SqlType.FLOAT64, model_type="linear_reg")
    >>> csv_rows(b"age,job\\n40.0,\\n,pilot\\n", signature, [])
    [{'age': 40.0, 'job': None}, {'age': None, 'job': 'pilot'}]
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        faults.append(
            Fault(what=f"the body is not UTF-8 ({error.reason} at byte {error.start})", expected="CSV in UTF-8")
        )
        return []
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        names = next(lines, [])
        if _check_names(names, faults):
            rows = _rows(lines, names, signature, faults)
            if not rows:
                faults += _unknown(names, signature)
            return rows
    except csv.Error as error:
        faults.append(Fault(what=f"the body is not CSV: {error}", where=f"line {lines.line_num}"))
    return []


def _unknown(names: list[str], signature: Signature) -> list[Fault]:
    """Names of no column. Where there are rows, these tell of them."""
    return [
        Fault(
            what=f"{name[:60]!a} is not a column of the model", where="line 1", nearest=nearest(name, signature.names)
        )
        for name in names
        if name not in signature.names
    ][:MAX_FAULTS]


def _check_names(names: list[str], faults: list[Fault]) -> bool:
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if not names:
        faults.append(Fault(what="the first line names no columns", where="line 1", expected="age,job"))
    if twice:
        faults.append(Fault(what=f"the column {twice[0][:60]!r} is there twice", where="line 1"))
    return bool(names) and not twice


def _rows(lines: Any, names: list[str], signature: Signature, faults: list[Fault]) -> list[dict[str, Any]]:
    types = {column.name: column.type for column in signature.inputs}
    nulls = frozenset(("", *(signature.null_words or ())))
    converters = [types.get(name, SqlType.STRING) for name in names]
    rows, refused = [], 0
    for fields in lines:
        if not fields:
            continue  # an empty line
        if len(fields) == len(names):
            values = [
                None if text in nulls else _value(text, type_) for text, type_ in zip(fields, converters, strict=True)
            ]
            rows.append(dict(zip(names, values, strict=True)))
            continue
        rows.append({})  # so that the others keep their places
        refused += 1
        if refused <= MAX_FAULTS:
            what = f"the line has {len(fields)} field{'s' * (len(fields) != 1)}"
            faults.append(Fault(what=what, where=f"line {lines.line_num}", expected=f"{len(names)}, as the first line"))
    return rows


def _value(text: str, type_: SqlType) -> object:
    """The field as JSON would have it."""
    if type_ is SqlType.BOOL:
        return _BOOLS.get(text.lower(), text)
    if type_ in (SqlType.INT64, SqlType.FLOAT64):
        return _number(text.strip(), type_)
    if type_.is_array:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return text


def _number(text: str, type_: SqlType) -> object:
    if not _NUMBER.fullmatch(text):
        spelled = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(text.lower(), text)
        return spelled
    if type_ is SqlType.INT64 and text.lstrip("+-").isdigit():
        return int(text) if len(text) < 40 else text
    number = float(text)
    return text if math.isinf(number) else number
