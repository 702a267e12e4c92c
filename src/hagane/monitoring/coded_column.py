"""`CodedColumn`: a column's values as codes, beside how its reference lies by them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from hagane.monitoring.column_codes import ColumnCodes
from hagane.monitoring.explaining_slice import Counts
from hagane.monitoring.measures import get_measure
from hagane.monitoring.paired_distributions import paired_distributions
from hagane.statistics.statistics import Statistics


@dataclasses.dataclass(frozen=True)
class CodedColumn:
    """A column's codes, and how its reference lies by them."""

    codes: ColumnCodes
    reference: Counts | None
    """[codes] of the reference's rows; None where they cannot be compared."""
    num_nulls: int
    num_rows: int
    """Of the reference, NULLs among them."""

    def share(self, codes: tuple[int, ...]) -> float | None:
        """Of the reference's rows."""
        if self.reference is None or not self.num_rows:
            return None
        counts = [*self.reference, self.num_nulls]
        return float(sum(counts[code] for code in codes) / self.num_rows)

    def distance(self, measure: str) -> Callable[[Counts, Counts], float | None]:
        """By that measure, of counts by code."""
        measured = get_measure(measure)
        return lambda base, study: measured(self.codes.distribution(base), self.codes.distribution(study))


def coded_columns(base: Statistics | None, study: Statistics, *, leave_out: Sequence[str] = ()) -> list[CodedColumn]:
    """Every column that can be coded; by the own values of `study` where `base` has none, or is not to be looked at."""
    found = []
    for column in study:
        is_known = base is not None and column.name in base and column.name not in leave_out
        before = base[column.name] if base is not None and is_known else column
        both = paired_distributions(before, column)
        if both is not None:
            codes = ColumnCodes.of(column.name, *both)
            found.append(CodedColumn(codes, codes.counts(both[0]) if is_known else None, before.num_nulls,
                                     before.count + before.num_nulls))  # fmt: skip
    return found
