"""`ChoiceAxis`: values that only differ, each in a place of its own."""

from __future__ import annotations

import dataclasses
import functools

from hagane.page.frame import Axis
from hagane.page.short_name import short_names

WIDEST = 34
"""Characters that all names together may take: what fits below a chart."""


@dataclasses.dataclass(frozen=True)
class ChoiceAxis(Axis):
    """An axis of choices: the first lies at 0, the next at 1, and so on.

    >>> ChoiceAxis.of("type", ["gain", "cover"]).marks
    [(0.0, 'gain'), (1.0, 'cover')]
    """

    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, label: str, names: list[str]) -> ChoiceAxis:
        """An axis for these, with half a place free at both ends."""
        return cls(label, -0.5, max(len(names), 1) - 0.5, names=tuple(names))

    @functools.cached_property
    def marks(self) -> list[tuple[float, str]]:
        """The place and the name of each, as short as they must be."""
        width = max(3, WIDEST // max(len(self.names), 1))
        return [(float(at), text) for at, text in enumerate(short_names(list(self.names), width))]
