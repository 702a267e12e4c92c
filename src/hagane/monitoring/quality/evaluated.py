"""`Evaluated`: what the model's own evaluation said, for the quality of its answers to be held against."""

from __future__ import annotations

import msgspec


class EvaluatedRows(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The metrics of one label, over all rows or those of one value of a column."""

    label: str
    column: str = ""
    value: str | None = None
    num_rows: int
    metrics: dict[str, float]


class Evaluated(msgspec.Struct, frozen=True, kw_only=True):
    """The evaluation that travels in a bundle, as far as monitoring looks at it.

    >>> rows = EvaluatedRows(label="late", num_rows=80, metrics={"accuracy": 0.9})
    >>> Evaluated(part="test", each=(rows,)).find("late").metrics
    {'accuracy': 0.9}
    """

    part: str
    """`test`, `eval` or `train`."""
    each: tuple[EvaluatedRows, ...]

    @property
    def is_held_out(self) -> bool:
        """Whether the model had not seen its rows: else it promises too much."""
        return self.part != "train"

    def find(self, label: str, column: str = "", value: str | None = None) -> EvaluatedRows | None:
        """Of all rows, or of a column's value; None where that was not looked at."""
        wanted = (label, column, value)
        return next((one for one in self.each if (one.label, one.column, one.value) == wanted), None)
