"""Dates and times read from texts: a pattern decides first, then each number is cut out where it must stand.

A text that does not match is replaced by one that does, since one text that is no number would fail its whole batch.
"""

from __future__ import annotations

from hagane.features import emit_text
from hagane.features.emit import Emitter
from hagane.features.emit_integer import plus, whole
from hagane.features.emit_logic import INT64, cast, negate, where
from hagane.sql.functions import WHITE_SPACE
from hagane.sql.time_formats import MONTH_NAMES
from hagane.sql.time_patterns import FIELDS, TimePattern

_SAMPLES = {"Y": "2000", "E4Y": "2000", "b": "Jan", "B": "Jan"}


def read_fields(e: Emitter, text: str, pattern: TimePattern) -> tuple[dict[str, str], str]:
    """Field (`year`, …, `second`, `microsecond`) → whole number, for those that are read; and whether there is none."""
    text = emit_text.trim(e, text, WHITE_SPACE, "both")
    is_read = emit_text.matches(e, text, pattern.pattern)
    rest = where(e, is_read, text, e.constant([[_sample(pattern)]], object))
    fields: dict[str, str] = {}
    for step in pattern.steps:
        begin = rf"\A(?:{step.before}{step.pattern})"
        taken = emit_text.first(e, rest, begin)
        fields |= _field(e, emit_text.first(e, taken, rf"(?:{step.pattern})\z"), step.element)
        rest = emit_text.behind(e, rest, begin)
    return fields, negate(e, is_read)


def _field(e: Emitter, text: str, element: str) -> dict[str, str]:
    if element in ("b", "B"):
        return {"month": _month(e, text)}
    if element.startswith("E") and element.endswith("S"):
        return _seconds(e, text)
    number = cast(e, text, INT64)
    if element == "y":
        century = where(e, e.node("Less", number, whole(e, 69)), whole(e, 2000), whole(e, 1900))
        number = plus(e, number, century)
    return {FIELDS.get(element, "second"): number}


def _month(e: Emitter, text: str) -> str:
    names = emit_text.change_case(e, text, "LOWER", emit_text.find_locale())
    keys = [name.lower()[:length] for name in MONTH_NAMES for length in (3, len(name))]
    months = [number for number in range(1, 13) for _ in range(2)]
    table = dict(zip(keys, months, strict=True))  # May is both
    return e.node("LabelEncoder", names, domain="ai.onnx.ml", keys_strings=list(table),
                  values_int64s=list(table.values()), default_int64=1)  # fmt: skip


def _seconds(e: Emitter, text: str) -> dict[str, str]:
    """`59` or `59.123456`: the fraction is filled up to six digits."""
    zeros = e.constant([["000000"]], object)
    fraction = e.node("StringConcat", emit_text.behind(e, text, r"\A[0-9]{2}\.?"), zeros)
    second, micro = emit_text.first(e, text, r"\A[0-9]{2}"), emit_text.first(e, fraction, r"\A[0-9]{6}")
    return {"second": cast(e, second, INT64), "microsecond": cast(e, micro, INT64)}


def _sample(pattern: TimePattern) -> str:
    """A text that the pattern matches: white space may be left out, the rest stands as quoted."""
    import re

    texts = []
    for before, element, _ in (*pattern.steps, (pattern.behind, "", "")):
        quoted = re.sub(r"\[(\\x\{[0-9a-f]+\})+\]\*", "", before)
        plain = re.sub(r"\\x00", "\0", quoted)
        texts.append(re.sub(r"\\(.)", r"\1", plain, flags=re.DOTALL))
        texts.append(_SAMPLES.get(element, "01") if element else "")
    return "".join(texts)
