"""`Comparison`: models side by side, as plain data with a JSON round trip."""

from __future__ import annotations

from typing import Literal

import msgspec

from hagane.evaluation.bootstrap import Bootstrap, ConfidenceInterval
from hagane.spec.spec_differences import Difference


class ComparedMetric(msgspec.Struct, frozen=True):
    """One metric of every model."""

    name: str
    title: str
    higher_is_better: bool
    values: tuple[float | None, ...]
    """In the order of `Comparison.models`; None: undefined or not measured."""
    best: tuple[str, ...]
    """The models with the best value; several where they tie, none where nothing is defined."""
    intervals: tuple[ConfidenceInterval | None, ...] = ()
    """Of each value."""


class PairedTest(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a model differs from the first one by more than chance, on the same rows."""

    metric: str
    model: str
    against: str
    """The first model."""
    test: Literal["bootstrap", "delong", "mcnemar"]
    difference: float
    """The model's figure less the first one's."""
    interval: ConfidenceInterval | None = None
    """Of the difference."""
    p_value: float
    """Two-sided, of this test alone."""
    adjusted_p_value: float
    """By Holm's method, over all models that are held against the first by this test and metric."""
    better: Literal["model", "against", "neither"]
    """Which one is better where the adjusted p-value is below 0.05."""
    counts: tuple[int, int] = (0, 0)
    """McNemar: the rows on which the model alone is right, and those on which the first alone is."""


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What a model takes. Speeds are measured when models are compared, on one thread of that machine."""

    model: str
    training_seconds: float
    iterations: int
    """Kept; 0 where the family has none."""
    bundle_bytes: int
    num_features: int
    graph_numbers: int
    """Numbers that the graph holds: weights, leaves, splits, tables."""
    row_milliseconds: float | None = None
    """Median time of a single row's prediction, from JSON to answer; None where it was not measured."""
    rows_per_second: float | None = None
    """Of a batch of rows."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """A table of metric × model, and what can be said of its differences."""

    models: tuple[str, ...]
    num_rows: tuple[int, ...]
    metrics: tuple[ComparedMetric, ...]
    unfair: tuple[str, ...]
    """Why the figures cannot be held against one another, or the models had not the same chance."""
    rows: str = ""
    """Which rows the figures are of."""
    notes: tuple[str, ...] = ()
    bootstrap: Bootstrap | None = None
    tests: tuple[PairedTest, ...] = ()
    """Empty where the models were not measured on the same rows."""
    costs: tuple[Cost, ...] = ()
    differences: tuple[Difference, ...] = ()
    """Of the specs."""

    @property
    def is_fair(self) -> bool:
        """Whether every model had the same chance and was measured on the same rows for the same task."""
        return not self.unfair

    def shown_tests(self) -> tuple[PairedTest, ...]:
        """One for each model and metric: DeLong's and McNemar's before the bootstrap's."""
        best: dict[tuple[str, str], PairedTest] = {}
        for test in self.tests:
            known = best.get((test.model, test.metric))
            if known is None or known.test == "bootstrap":
                best[test.model, test.metric] = test
        return tuple(best.values())

    def to_json(self) -> bytes:
        """The comparison as JSON, indented."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2)

    def to_html(self) -> str:
        """One self-contained page."""
        from hagane.evaluation.report.comparison_html import comparison_html

        return comparison_html(self)

    def __repr__(self) -> str:
        fair = "" if self.is_fair else ", not fair"
        return f"<Comparison of {', '.join(self.models)}{fair}>"

    def _repr_html_(self) -> str:
        from hagane.evaluation.report.comparison_sections import comparison_metrics_section

        return comparison_metrics_section(self)
