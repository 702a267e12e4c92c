"""`Dimension`: one hyperparameter of a search space, with all that a search must know of it."""

from __future__ import annotations

from typing import Any

import msgspec

from hagane.spec.tuning import Scale


class Dimension(msgspec.Struct, frozen=True, kw_only=True):
    """Values between `low` and `high`, both included (whole numbers where both are), or one of `candidates`."""

    name: str
    """The hyperparameter's (`hagane.workflow.hyperparameters`)."""
    low: int | float | None = None
    high: int | float | None = None
    scale: Scale = "linear"
    step: int | float | None = None
    candidates: tuple[Any, ...] = ()
    default: Any = None
    """Where the search starts; None: nobody knows."""
    when: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    """Other dimensions with the values of which one must be chosen for this one to play a part."""

    @property
    def is_whole(self) -> bool:
        """Whether only whole numbers lie in it.

        >>> Dimension(name="x", low=1, high=9).is_whole, Dimension(name="x", low=1, high=9.5).is_whole
        (True, False)
        """
        return isinstance(self.low, int) and isinstance(self.high, int)
