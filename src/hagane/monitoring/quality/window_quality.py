"""`WindowQuality`: what the labels that have come say of one window's answers."""

from __future__ import annotations

import msgspec

from hagane.monitoring.quality.binary_quality import BinaryQuality
from hagane.monitoring.quality.multiclass_quality import MulticlassQuality
from hagane.monitoring.quality.regression_quality import RegressionQuality

Sums = BinaryQuality | MulticlassQuality | RegressionQuality


class SliceQuality(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answers for one label, of all rows or of those of one slice."""

    label: str
    slice: str = ""
    """`paid = 'cash'`; all rows where it is empty."""
    column: str = ""
    value: str | None = None
    """Of the column; None: NULL, or what is not among the frequent values (the slice's name says it)."""
    sums: Sums

    @property
    def is_known(self) -> bool:
        """Whether it is one that an evaluation can have: not that of all rare values together."""
        return not self.slice or self.value is not None or self.slice.endswith(" IS NULL")


class WindowQuality(msgspec.Struct, frozen=True, kw_only=True):
    """Mergeable with that of any other window of the same deployed model.

    >>> both = WindowQuality(num_rows=10).merge(WindowQuality(num_rows=5, num_labelled=3, delay_seconds=6.0))
    >>> both.share_labelled, both.mean_delay_seconds
    (0.2, 2.0)
    """

    num_rows: int
    """Logged rows, labelled or not."""
    num_labelled: int = 0
    """Rows whose label has come; rows of unknown classes are among them, and in no sum."""
    delay_seconds: float = 0.0
    """Σ of how long after its request each label arrived."""
    longest_delay_seconds: float = 0.0
    each: tuple[SliceQuality, ...] = ()
    """By label, all rows first, then slice by slice."""

    def merge(self, other: WindowQuality) -> WindowQuality:
        """Of both windows together."""
        found = {(one.label, one.slice): one for one in self.each}
        for one in other.each:
            mine = found.get((one.label, one.slice))
            sums = one.sums if mine is None else mine.sums.merge(one.sums)  # type: ignore[arg-type]
            found[one.label, one.slice] = msgspec.structs.replace(one, sums=sums)
        return WindowQuality(
            num_rows=self.num_rows + other.num_rows,
            num_labelled=self.num_labelled + other.num_labelled,
            delay_seconds=self.delay_seconds + other.delay_seconds,
            longest_delay_seconds=max(self.longest_delay_seconds, other.longest_delay_seconds),
            each=tuple(found.values()),
        )

    @property
    def share_labelled(self) -> float:
        """Of the logged rows."""
        return self.num_labelled / self.num_rows if self.num_rows else 0.0

    @property
    def mean_delay_seconds(self) -> float:
        """From request to label."""
        return self.delay_seconds / self.num_labelled if self.num_labelled else 0.0

    def without_bins(self) -> WindowQuality:
        """The same for people: figures alone."""
        each = tuple(msgspec.structs.replace(one, sums=one.sums.without_bins()) for one in self.each)
        return msgspec.structs.replace(self, each=each)
