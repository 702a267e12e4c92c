"""`value_text`: a value as a fault shows it: as YAML has it, whatever it was read from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

LONGEST = 200


def value_text(value: Any) -> str:
    """The value on one line; a text in quotes, of long ones the beginning.

    >>> value_text((64, True, None)), value_text({"a": "b c"}), value_text("adm"), value_text(0.5)
    ('[64, true, null]', "{a: 'b c'}", "'adm'", '0.5')
    """
    text = _text(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_text(each)}" for name, each in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return "[" + ", ".join(map(_text, value)) + "]"
    return repr(str(value))
