"""`LearningCurve`: what trainings on growing parts of the rows came to, and what more rows would be worth."""

from __future__ import annotations

from typing import Literal

import msgspec

from hagane.evaluation.metric_info import metric_info
from hagane.evaluation.power_law import Expected, PowerLaw
from hagane.number_text import brief_text
from hagane.spec.spec import Spec

Verdict = Literal["worth it", "open", "hardly worth it"]
WORTH_TELLING = 0.01
"""Share of the error now: a gain below it hardly helps."""


class CurvePoint(msgspec.Struct, frozen=True, kw_only=True):
    """One training."""

    share: float
    """Of the training rows, as asked for."""
    repeat: int
    """Which of the trainings of this share, from 0: other rows, another seed."""
    num_rows: int
    value: float
    """The metric's."""
    seconds: float


class LearningCurve(msgspec.Struct, frozen=True, kw_only=True):
    """What the trainings came to."""

    metric: str
    part: Literal["eval", "test"]
    """The rows that every training was judged on."""
    num_judged_rows: int
    points: tuple[CurvePoint, ...]
    """By share, the smallest first."""
    law: PowerLaw
    """Of errors: the metric's value, or 1 less it where more is better."""
    num_rows: int
    """Training rows there are."""
    more: float
    """How many times these rows the gain is told for."""
    now: Expected
    """The metric with the rows there are, by the law."""
    then: Expected
    """The metric with `more` times the rows."""
    gain: Expected
    """By how much it would be better."""
    verdict: Verdict
    """Whether the gain is above 1 % of the error now for sure, may be, or is surely not (95 %)."""
    spec: Spec
    """Resolved, of the training on all rows."""
    notes: tuple[str, ...] = ()

    def value_at(self, rows: float) -> Expected:
        """The metric after training on so many rows."""
        return self._as_metric(self.law.expected(rows))

    def _as_metric(self, error: Expected) -> Expected:
        if not metric_info(self.metric).higher_is_better:
            return error
        return Expected(1.0 - error.value, 1.0 - error.high, 1.0 - error.low)

    def describe(self) -> str:
        """In words."""
        title, rows = metric_info(self.metric).title, round(self.more * self.num_rows)
        gain = brief_text(self.gain.value)
        bounds = f"{brief_text(self.gain.low)} to {brief_text(self.gain.high)}"
        told = {
            "worth it": "more rows would help",
            "open": "whether more rows would help is open",
            "hardly worth it": "more rows would hardly help",
        }[self.verdict]
        return (
            f"{told}: {self.more:g} times the rows ({rows:,}) would improve {title} by about {gain} "
            f"({bounds} with 95 % confidence), from {brief_text(self.now.value)} to {brief_text(self.then.value)}"
        )


def verdict_of(gain: Expected, now: float) -> Verdict:
    """What a gain is worth beside the error `now`.

    >>> verdict_of(Expected(0.03, 0.02, 0.04), 0.3), verdict_of(Expected(0.03, 0.0, 0.04), 0.3)
    ('worth it', 'open')
    """
    if gain.low >= WORTH_TELLING * now > 0:
        return "worth it"
    return "hardly worth it" if gain.high < WORTH_TELLING * now or not now else "open"
