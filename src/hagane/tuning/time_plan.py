"""`TimePlan`: what each step of an AutoML run may take of the time that it is given."""

from __future__ import annotations

from typing import NamedTuple

SEARCH_SHARE = 0.45
"""Of what is left when the rows are read. Most of the rest trains the final model: several fits of each member."""
FINISH_SHARE = 0.12
"""For the graph, its proof and its evaluation: these take as long however much was searched, and at least so much."""
LEAST_FINISH_SECONDS = 4.0
SAFETY = 1.3
"""By so much a fit may take longer than the one that it is foreseen by."""


class TimePlan(NamedTuple):
    """Seconds since the run began."""

    total: float
    prepared: float
    """When the rows were read."""

    @property
    def finish(self) -> float:
        """What is kept for export and evaluation."""
        return min(max(LEAST_FINISH_SECONDS, FINISH_SHARE * self.total), 0.5 * self.left)

    @property
    def left(self) -> float:
        """When the rows were read."""
        return max(0.0, self.total - self.prepared)

    @property
    def search_end(self) -> float:
        """No configuration is tried behind this.

        >>> TimePlan(60.0, 4.0).search_end
        25.96
        """
        return self.prepared + SEARCH_SHARE * (self.left - self.finish)

    def training(self, now: float) -> float:
        """Seconds for the final training where the search ended at `now`."""
        return max(0.0, self.total - self.finish - now)
