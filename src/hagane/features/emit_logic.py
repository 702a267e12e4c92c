"""Logic on bool tensors. ONNX Runtime has no `Where` on bool, hence And and Or.

`None` stands for a constant: a validity of None is true everywhere, an error of None false everywhere.
"""

from __future__ import annotations

import numpy as np

from hagane.features.emit import Emitter, element_type

BOOL = element_type(np.bool_)
INT32 = element_type(np.int32)
INT64 = element_type(np.int64)
FLOAT64 = element_type(np.float64)
STRING = element_type(str)


def negate(e: Emitter, a: str) -> str:
    """Not a."""
    return e.node("Not", a)


def both(e: Emitter, a: str, b: str) -> str:
    """a and b."""
    return a if a == b else e.node("And", a, b)


def either(e: Emitter, a: str, b: str) -> str:
    """a or b."""
    return a if a == b else e.node("Or", a, b)


def all_valid(e: Emitter, *valids: str | None) -> str | None:
    """Valid where each is; None where none is ever invalid."""
    known = list(dict.fromkeys(valid for valid in valids if valid is not None))
    result = known[0] if known else None
    for valid in known[1:]:
        result = e.node("And", result, valid) if result else valid
    return result


def any_error(e: Emitter, *errors: str | None) -> str | None:
    """An error where one is; None where there never is one."""
    known = list(dict.fromkeys(error for error in errors if error is not None))
    result = known[0] if known else None
    for error in known[1:]:
        result = e.node("Or", result, error) if result else error
    return result


def mask(e: Emitter, condition: str, a: str | None) -> str | None:
    """a where the condition holds, else false; None stays None (never true)."""
    return None if a is None else both(e, condition, a)


def choose(e: Emitter, condition: str, a: str | None, b: str | None) -> str | None:
    """The validity `a` where the condition holds, else `b`; None is true."""
    if a is None and b is None:
        return None
    if a is None:
        return either(e, condition, b or "")
    if b is None:
        return either(e, negate(e, condition), a)
    return a if a == b else either(e, both(e, condition, a), both(e, negate(e, condition), b))


def where(e: Emitter, condition: str, a: str, b: str) -> str:
    """a where the condition holds, else b; not for bool."""
    return a if a == b else e.node("Where", condition, a, b)


def cast(e: Emitter, a: str, to: int) -> str:
    """a as another element type; the caller has seen to it that every value fits."""
    return e.node("Cast", a, to=to)


def column(e: Emitter, a: str, index: int) -> str:
    """Column `index` of a tensor as [n, 1]; the tensor itself where it has one column for all lanes."""
    return a if e.extent(a).width == 1 else e.node("Gather", a, e.constant([index], np.int64), axis=1, width=1)


def side_by_side(e: Emitter, tensors: list[str]) -> str:
    """Tensors [n, …] joined along the columns."""
    width = sum(e.extent(tensor).width for tensor in tensors)
    return tensors[0] if len(tensors) == 1 else e.node("Concat", *tensors, axis=1, width=width)
