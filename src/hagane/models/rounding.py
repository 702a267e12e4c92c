"""`Rounded`: a fitted model whose scores are sums that may lose digits, and knows how many."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Rounded(Protocol):
    """A model of which the family's own tolerance can be too strict."""

    @property
    def rounding(self) -> float:
        """By how much two ways of adding up the same score may differ."""
