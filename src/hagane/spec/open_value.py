"""`OpenValue`: a number or a choice of a spec that is yet to be chosen, as `training.seed: HPARAM_RANGE(1, 9)` says.

It stands in its field until a value is chosen (`hagane.workflow.hyperparameters`). What holds between the values of a
spec is checked for each end of a range and each candidate.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from hagane.errors import Fault
from hagane.spec.yaml_node import Node, Sequence, parse_yaml

CALL = re.compile(r"\s*HPARAM_(RANGE|CANDIDATES)\s*\((.*)\)\s*", re.IGNORECASE | re.DOTALL)
USAGE = "HPARAM_RANGE(low, high) or HPARAM_CANDIDATES([a, b, …]) alone"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class OpenValue:
    """`text` as it was written; `values`: both ends of a range, or all candidates, as the field's type."""

    text: str
    values: tuple[Any, ...]

    def typed(self, value: Any) -> Any:
        """A chosen value as the field's type.

        >>> OpenValue("HPARAM_RANGE(0, 2)", (0.0, 2.0)).typed(1)
        1.0
        """
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        return float(value) if is_whole and any(isinstance(one, float) for one in self.values) else value


def written_nodes(text: str, line: int) -> tuple[Node, ...]:
    """What stands between the parentheses; nothing where the text is no hyperparameter.

    >>> [node.text for node in written_nodes("HPARAM_CANDIDATES(['a', b])", 1)]
    ['a', 'b']
    """
    call = CALL.fullmatch(text)
    if call is None:
        return ()
    faults: list[Fault] = []
    is_range = call[1].upper() == "RANGE"
    node = parse_yaml(f"[{call[2]}]" if is_range else call[2], path="", faults=faults)
    items = node.items if isinstance(node, Sequence) and not faults else ()
    return () if is_range and len(items) != 2 else tuple(at_line(item, line) for item in items)


def at_line(node: Node, line: int) -> Node:
    """The node, told to stand at `line`."""
    return type(node)(**{name: getattr(node, name) for name in node.__slots__ if name != "line"}, line=line)


def map_open(value: T, change: Callable[[str, OpenValue], Any], at: str = "") -> T:
    """`value` (a Struct, a mapping, a tuple) with `change(place, open)` for every OpenValue in it."""
    if isinstance(value, OpenValue):
        return change(at, value)  # type: ignore[no-any-return]
    parts: dict[Any, Any] = {}
    if isinstance(value, msgspec.Struct):
        parts = msgspec.structs.asdict(value)
    elif isinstance(value, dict):
        parts = value
    changed = {key: map_open(part, change, f"{at}.{key}" if at else str(key)) for key, part in parts.items()}
    if all(changed[key] is part for key, part in parts.items()):
        return value
    if isinstance(value, msgspec.Struct):
        return msgspec.structs.replace(value, **changed)
    return changed  # type: ignore[return-value]


def open_values(value: object) -> dict[str, OpenValue]:
    """Every OpenValue in a spec, by its place."""
    found: dict[str, OpenValue] = {}

    def note(at: str, one: OpenValue) -> OpenValue:
        found[at] = one
        return one

    map_open(value, note)
    return found


def closed_variants(value: T) -> Iterator[T]:
    """`value` with the first of each open value, then with each of the others in its turn.

    >>> from hagane.spec.spec import Training
    >>> open_seed = Training(seed=OpenValue("HPARAM_RANGE(1, 9)", (1, 9)))
    >>> [variant.seed for variant in closed_variants(open_seed)]
    [1, 9]
    """
    yield map_open(value, lambda _, one: one.values[0])
    for place, turn in open_values(value).items():
        for other in turn.values[1:]:
            yield map_open(value, lambda at, one, place=place, other=other: other if at == place else one.values[0])  # type: ignore[misc]
