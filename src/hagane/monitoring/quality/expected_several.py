"""`ExpectedSeveral`: how good the answers for each of several truth values are to be expected."""

from __future__ import annotations

import msgspec

from hagane.monitoring.expected_binary import ExpectedBinary
from hagane.monitoring.quality.estimate import Estimate


class ExpectedSeveral(msgspec.Struct, frozen=True, kw_only=True, tag="several"):
    """Each label by itself, mergeable with those of any other rows of the same labels.

    >>> import numpy as np
    >>> fog = ExpectedBinary.of(np.array([0.9]), threshold=0.5)
    >>> ExpectedSeveral(each={"fog": fog}).merge(ExpectedSeveral(each={"fog": fog})).num_seen
    2
    """

    each: dict[str, ExpectedBinary]
    """By label."""

    @property
    def num_seen(self) -> int:
        """Rows that were looked at, whatever each stands for."""
        return max((one.num_seen for one in self.each.values()), default=0)

    def merge(self, other: ExpectedSeveral) -> ExpectedSeveral:
        """Of both's rows."""
        return ExpectedSeveral(each={name: one.merge(other.each[name]) for name, one in self.each.items()})

    def metrics(self) -> dict[str, Estimate]:
        """`accuracy of fog` and all others."""
        return {
            f"{metric} of {label}": estimate
            for label, one in self.each.items()
            for metric, estimate in one.metrics().items()
        }
