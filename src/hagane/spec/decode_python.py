"""`decode_python`: what a Python caller declares, checked exactly as the same in YAML would be."""

from __future__ import annotations

import enum
import math
import numbers
from collections.abc import Mapping as AnyMapping
from typing import Any

import msgspec
from msgspec import inspect

from hagane.errors import Fault, SpecError
from hagane.spec.decode import FAILED, Decoder
from hagane.spec.open_value import OpenValue
from hagane.spec.spec import Spec
from hagane.spec.yaml_node import Entry, Mapping, Node, Scalar, Sequence

_NO_LINE = 0


def decode_python(value: object, wanted: Any, *, at: str = "", subject: str = "spec") -> Any:
    """`value` (mappings, lists, Structs, plain values) as the type `wanted`; `at` is where it stands in the spec.

    Raises SpecError with every fault: unknown keys with the nearest, values of the wrong type. Structs made by hand are
    checked too: msgspec itself looks at no value that Python gives to a Struct.

    >>> from hagane.spec.spec import Split
    >>> decode_python({"method": "time", "column": "at"}, Split).column
    'at'
    >>> decode_python({"metod": "key", "seed": 0.5}, Split, at="split")
    Traceback (most recent call last):
    hagane.errors.SpecError: 2 faults
    1. 'split' has no key 'metod'
      where: split
      did you mean: method
    2. 'split.seed' cannot be '0.5'
      where: split.seed
      expected: a whole number
      received: '0.5'
    """
    faults: list[Fault] = []
    decoder = Decoder("", faults, subject=subject, takes_hparams=wanted is Spec)
    found = decoder.decode(_node(value), inspect.type_info(wanted), at)
    if faults or found is FAILED:
        raise SpecError(*faults)
    return found


def _node(value: object) -> Node:
    """The tree that YAML would have for the value."""
    if isinstance(value, msgspec.Struct):
        value = msgspec.structs.asdict(value)
    if isinstance(value, AnyMapping):
        entries = (Entry(Scalar(_scalar(key).text, False, _NO_LINE), _node(each)) for key, each in value.items())
        return Mapping(tuple(entries), _NO_LINE)
    if isinstance(value, list | tuple):
        return Sequence(tuple(map(_node, value)), _NO_LINE)
    return _scalar(value)


def _scalar(value: object) -> Scalar:
    """Plain as a word of YAML where it is null, true, false or a number; else a text."""
    if isinstance(value, OpenValue):
        value = value.text
    if isinstance(value, enum.Enum):
        value = value.value
    if value is None or type(value).__name__ in ("bool", "bool_"):  # NumPy's is none of Python's
        return Scalar("null" if value is None else str(value).lower(), True, _NO_LINE)
    if isinstance(value, numbers.Integral):
        return Scalar(str(int(value)), True, _NO_LINE)
    if isinstance(value, numbers.Real):
        number = float(value)
        infinity = ".inf" if number > 0 else "-.inf"
        return Scalar(infinity if math.isinf(number) else repr(number), True, _NO_LINE)
    return Scalar(str(value), False, _NO_LINE)
