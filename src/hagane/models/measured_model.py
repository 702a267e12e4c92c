"""`MeasuredModel`: a model without a label that says of rows how well it describes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from hagane.features.sparse_rows import SparseRows
from hagane.metrics.undefined import Value
from hagane.models.family import Array


class Measurement(Protocol):
    """Sums over rows, in any number of parts."""

    baseline_meaning: str
    """What the baseline is: `has one cluster, …`."""

    def add(self, dense: Array, ids: Array, sparse: Sequence[SparseRows] = ()) -> None:
        """Take rows in, as `FittedModel.predict` has them; each counts once."""

    def metrics(self) -> dict[str, Value]:
        """By name, of all rows so far."""

    def baseline(self) -> dict[str, Value]:
        """The same of a model that has learned nothing but the mean; those that it has."""


@runtime_checkable
class MeasuredModel(Protocol):
    """A fitted model without a label that can be judged."""

    def measurement(self) -> Measurement:
        """A new one, of no rows."""
