"""`no_gradient_reason`: which operator stands in the way, out of what torch raises."""

from __future__ import annotations

import re

_OPERATORS = (
    re.compile(r"OpOverload\(op='(?P<name>[\w.]+?)(?:\.default)?'"),
    re.compile(r"derivative for (?P<name>[\w:]+) is not implemented"),
    re.compile(r"(?P<name>(?:aten|prims)(?:::|\.)\w+)"),
)
MOST_TEXT = 200


def no_gradient_reason(error: BaseException) -> str:
    """The operator that the innermost of the errors names, or else that error's first line.

    >>> no_gradient_reason(RuntimeError("derivative for aten::_fancy is not implemented"))
    'aten._fancy'
    >>> no_gradient_reason(ValueError("no such thing"))
    'ValueError: no such thing'
    """
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    text = str(error)
    if "does not require grad" in text:
        return "an operator that torch has no gradient of"
    for pattern in _OPERATORS:
        if found := pattern.search(text):
            return found["name"].replace("::", ".")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else ''}"[:MOST_TEXT].rstrip(": ")
