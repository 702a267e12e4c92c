"""`spec_differences`: where specs differ, key by key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from hagane.spec.read_yaml import read_yaml


class Difference(msgspec.Struct, frozen=True):
    """One place in which specs differ."""

    where: str
    """`model.options.max_tree_depth`, `transform.age`."""
    values: tuple[str | None, ...]
    """What each model's spec says, in the models' order; None: nothing."""


def spec_differences(specs: Mapping[str, str]) -> tuple[Difference, ...]:
    """Where the specs (model → YAML) differ. Raises SpecError for one that cannot be read.

    >>> specs = {"a": "data: f\\nlabel: y", "b": "data: f\\nlabel: y\\nsplit: {method: none}"}
    >>> spec_differences(specs)
    (Difference(where='split.method', values=('random', 'none')),)
    """
    flat = [
        dict(_flatten(msgspec.to_builtins(read_yaml(text, path=f"spec.yaml of {model}"))))
        for model, text in specs.items()
    ]
    places = dict.fromkeys(place for each in flat for place in each)
    rows = (Difference(place, tuple(each.get(place) for each in flat)) for place in places)
    return tuple(row for row in rows if len(set(row.values)) > 1)


def _flatten(value: Any, at: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flatten(inner, f"{at}.{name}" if at else name)
    elif value is not None:
        yield at, value if isinstance(value, str) else msgspec.json.encode(value).decode()
