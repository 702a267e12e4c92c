"""`RowForm`: which fields rows came with, and what was wrong with those that were refused: counted, no value kept."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from hagane.bundle.faults import BadRow, BadValue, Misfit, UnknownField
from hagane.bundle.instances import InstanceDecoder
from hagane.bundle.nested_fields import NestedFields
from hagane.bundle.signature import Signature
from hagane.bundle.values import DATE_RANGE, FLOAT64_RANGE, INT64_RANGE, TIMESTAMP_RANGE
from hagane.types import SqlType

Outcome = Literal["answered", "refused"]
ANY = ""
"""The name under which rows are counted that have any field that the model does not know."""
LONGEST_NAME = 100
_RANGES = frozenset(each.expected for each in (INT64_RANGE, FLOAT64_RANGE, TIMESTAMP_RANGE, DATE_RANGE))
_ORDER = ("row", "unknown", "type", "range")


class Counted(NamedTuple):
    """What a number of rows or requests says."""

    of: Literal["request", "row", "looked", "absent", "unknown", "nan", "fault"]
    name: str = ""
    """The column or field, where there is one."""
    reason: str = ""


class RowForm:
    """Of the rows of one model.

    >>> from hagane.bundle.signature import Input
    >>> inputs = Input(name="age", type=SqlType.INT64), Input(name="fare", type=SqlType.FLOAT64)
    >>> signature = Signature(inputs=inputs, task="regression", label="y", label_type=SqlType.FLOAT64, model_type="dnn")
    >>> found = RowForm(signature).look([{"age": None, "tip": 1}, {"age": 3, "fare": "NaN"}], "answered")
    >>> [(each.of, each.name) for each in found]
    [('looked', ''), ('absent', 'fare'), ('unknown', ''), ('unknown', 'tip'), ('nan', 'fare')]
    """

    def __init__(self, signature: Signature) -> None:
        self._order = signature.names
        self._names = frozenset(signature.names)
        self._nested = NestedFields(signature.names)
        self._floats = tuple(column.name for column in signature.inputs if column.type is SqlType.FLOAT64)

    def look(self, rows: Sequence[Any], outcome: Outcome) -> Counter[Counted]:
        """What these rows are like."""
        found: Counter[Counted] = Counter({Counted("looked", reason=outcome): len(rows)})
        for row in rows:
            named = self._named(row)
            if named is None:
                continue
            absent, unknown = self._names - named.keys(), named.keys() - self._names
            found.update(Counted("absent", name, outcome) for name in absent)
            found.update(
                Counted("unknown", name, outcome) for name in ([ANY, *map(_short, unknown)] if unknown else ())
            )
            found.update(Counted("nan", name, outcome) for name in self._floats if _is_nan(named.get(name)))
        return found

    def faults(self, rows: Sequence[Any], decoder: InstanceDecoder) -> tuple[str, Counter[Counted]]:
        """Why rows are refused, and how many rows each column is to blame for; an empty reason where they are not."""
        found: Counter[Counted] = Counter()
        reasons = set()
        for misfit in set(map(_reduced, decoder.misfits(rows))):
            reasons.add(misfit.reason)
            if misfit.column:
                found[Counted("fault", misfit.column, misfit.reason)] += 1
        return next((reason for reason in _ORDER if reason in reasons), ""), found

    def _named(self, row: Any) -> dict[Any, Any] | None:
        """None for what is no row."""
        if type(row) is dict:
            return row if self._nested.roots.isdisjoint(row) else self._nested.flat(row)
        is_whole = isinstance(row, list | tuple) and len(row) == len(self._order)
        return dict(zip(self._order, row, strict=True)) if is_whole else None


class _Blame(NamedTuple):
    row: int
    column: str
    reason: str


def _reduced(misfit: Misfit) -> _Blame:
    found = misfit.found
    if isinstance(found, BadRow):
        return _Blame(misfit.row, "", "row")
    if isinstance(found, UnknownField):
        return _Blame(misfit.row, "", "unknown")
    assert isinstance(found, BadValue)
    return _Blame(misfit.row, misfit.column, "range" if found.refusal.expected in _RANGES else "type")


def _short(name: object) -> str:
    """A field's name as it is kept: text that every file can hold, and not much of it."""
    return str(name)[:LONGEST_NAME].encode("utf-8", "backslashreplace").decode()[:LONGEST_NAME]


def _is_nan(value: object) -> bool:
    """NaN, or JSON's word for it."""
    return value == "NaN" if isinstance(value, str) else isinstance(value, float) and math.isnan(value)
