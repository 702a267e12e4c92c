"""`Watched`: what a figure is of, and what it is known by from window to window."""

from __future__ import annotations

from typing import Literal

import msgspec

Subject = Literal["input", "feature", "prediction", "attribution", "schema", "volume", "replay", "quality"]
"""What was looked at: raw columns, encoded features, answers, why they were given, the traffic's form and amount,
whether answers can be had again, and how good they were."""


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is looked at by one measure.

    >>> of_slice = Watched(of="quality", name="accuracy", measure="labels", slice="paid = 'cash'")
    >>> of_slice.title, of_slice.place
    ("quality accuracy where paid = 'cash'", "quality/accuracy/paid = 'cash'/labels")
    """

    of: Subject
    name: str
    """The column, the feature, or the metric."""
    measure: str
    """By what: a name of `hagane.monitoring.measures.MEASURES`, or what the subject calls it."""
    slice: str = ""
    """Of which rows alone: `paid = 'cash'`; all of them where it is empty."""

    @property
    def title(self) -> str:
        """As people are told: `fare`, `prediction probability`."""
        of = "" if self.of == "input" else f"{self.of} "
        return f"{of}{self.name}" + (f" where {self.slice}" if self.slice else "")

    @property
    def place(self) -> str:
        """What it is known by: the same in every window, and in every later run."""
        return "/".join(part for part in (self.of, self.name, self.slice, self.measure) if part)
