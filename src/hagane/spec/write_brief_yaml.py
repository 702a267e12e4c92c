"""`write_brief_yaml`: a spec as a person would write it: what is as it would be anyway is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from hagane.spec.spec import Spec
from hagane.spec.write_yaml import key_lines, value_lines

WIDTH = 100
"""No item of a list has a longer key."""


def write_brief_yaml(spec: Spec) -> str:
    """The spec as YAML without what has its default; `read_yaml` reads back an equal spec.

    >>> from hagane.spec.spec import Model, Split
    >>> print(write_brief_yaml(Spec(data="f.csv", label="late", split=Split(seed=1), model=Model(type="linear_reg"))))
    data: f.csv
    label: late
    split:
      seed: 1
    model:
      type: linear_reg
    <BLANKLINE>
    """
    lines: list[str] = []
    for name, value in _changed(spec).items():
        lines += _lines(name, value, 0)
    return "".join(f"{line}\n" for line in lines)


def _changed(struct: msgspec.Struct) -> dict[str, Any]:
    """Field → value, of those that are not as they would be anyway; Structs as mappings."""
    found = {}
    for field in msgspec.structs.fields(struct):
        value = getattr(struct, field.name)
        if not field.required and value == _default(field):
            continue
        found[field.name] = _changed(value) if isinstance(value, msgspec.Struct) else value
    if found.get("on_error") == "null":
        found["on_error"] = None
    return found


def _default(field: msgspec.structs.FieldInfo) -> Any:
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()


def _lines(name: str, value: Any, indent: int) -> Iterator[str]:
    pad = " " * indent
    if isinstance(value, Mapping) and value:
        yield from key_lines(str(name), pad)
        for key, part in value.items():
            yield from _lines(key, part, indent + 2)
    elif isinstance(value, list | tuple) and value and all(map(_is_block, value)):
        yield from key_lines(str(name), pad)
        for part in value:
            yield from _item(part, indent + 2)
    else:
        yield from value_lines(name, value, indent=indent)


def _is_block(part: Any) -> bool:
    """Whether an item of a list is written over several lines."""
    return isinstance(part, Mapping) and bool(part) and all(isinstance(key, str) and len(key) < WIDTH for key in part)


def _item(part: Any, indent: int) -> Iterator[str]:
    """A mapping in a list: its first key behind the dash."""
    pad, first = " " * indent, True
    for key, value in part.items():
        for line in _lines(key, value, indent + 2):
            yield f"{pad}- {line[indent + 2 :]}" if first else line
            first = False
