"""`OutlierReport`: which rows were found to be outliers, by what, and where they are kept."""

from __future__ import annotations

import msgspec

from hagane.counted import counted
from hagane.number_text import share_text


class OutlierRow(msgspec.Struct, frozen=True):
    """One outlier."""

    where: str
    """Its row (counted from 1), with its file where that is known."""
    rules: tuple[str, ...]
    """What made it one: `rules.long_trip`, `z_score.fare`, `iqr.fare`, `isolation_score`."""
    score: float | None
    """Its isolation score, where there is a forest."""
    columns: tuple[str, ...]
    """The columns that raise that score most."""
    values: dict[str, str | None]
    """Those columns', and those that its rules read, as text."""


class OutlierReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was found among the rows that were looked at."""

    num_rows: int
    num_outliers: int
    rules: dict[str, int]
    """Rule → how many rows it found; a row may be found by several."""
    threshold: float | None = None
    """The isolation score above which a row is an outlier."""
    path: str | None = None
    """A Parquet file of all outliers with their rules and scores; None where there are none, or none was asked for."""
    examples: tuple[OutlierRow, ...] = ()
    """Those of the highest scores, or the first."""
    notes: tuple[str, ...] = ()

    @property
    def fraction(self) -> float:
        """The share of outliers, 0 to 1.

        >>> OutlierReport(num_rows=200, num_outliers=3, rules={"iqr.x": 3}).fraction
        0.015
        """
        return self.num_outliers / self.num_rows if self.num_rows else 0.0

    def summary(self) -> str:
        """One line.

        >>> OutlierReport(num_rows=2000, num_outliers=3, rules={"iqr.x": 3}).summary()
        '3 of 2,000 rows (0.1 %) are outliers: iqr.x 3'
        """
        rules = ", ".join(f"{rule} {count:,}" for rule, count in self.rules.items() if count)
        share = f" ({share_text(self.fraction)})" if self.num_outliers else ""
        return f"{self.num_outliers:,} of {counted(self.num_rows, 'row')}{share} are outliers" + (
            f": {rules}" if rules else ""
        )
