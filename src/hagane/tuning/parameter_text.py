"""`parameter_text`: the value of a hyperparameter, briefly."""

from __future__ import annotations

from typing import Any

from hagane.number_text import brief_text
from hagane.page.short_name import short_name

LEFT_OUT = "left out"


def parameter_text(name: str, value: Any, width: int = 48) -> str:
    """On one line, a text at most `width` places wide. NULL for a feature is one that is left out.

    >>> parameter_text("model.options.learn_rate", 0.030000000000000002), parameter_text("x", (64, 32))
    ('0.03', '[64, 32]')
    >>> parameter_text("transform.age", None), parameter_text("x", -3), parameter_text("x", True)
    ('left out', '-3', 'true')
    """
    if value is None:
        return LEFT_OUT if name.startswith("transform.") and "[" not in name else "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return brief_text(value)
    if isinstance(value, list | tuple):
        return short_name("[" + ", ".join(parameter_text(name, each) for each in value) + "]", width)
    return short_name(" ".join(str(value).split()), width)
