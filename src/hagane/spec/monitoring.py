"""`Monitoring`: how the traffic to a model is watched, declared."""

from __future__ import annotations

from typing import Literal

import msgspec

NumericMeasure = Literal["jensen_shannon_divergence", "kolmogorov_smirnov", "wasserstein", "population_stability_index"]
CategoricalMeasure = Literal["l_infty", "jensen_shannon_divergence", "chi_squared", "population_stability_index"]


class Monitoring(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Into which windows the traffic is cut, how far each column may move, and by which measure.

    >>> Monitoring(thresholds={"fare": 0.1}).threshold_of("fare"), Monitoring().threshold_of("fare")
    (0.1, 0.3)
    """

    every: Literal["hour", "day", "week", "month"] = "day"
    """The windows, by the calendar of `time_zone`."""
    time_zone: str = "UTC"
    numeric: NumericMeasure = "jensen_shannon_divergence"
    """How far numbers have moved."""
    categorical: CategoricalMeasure = "l_infty"
    """How far categories have."""
    threshold: float = 0.3
    """From where on a column has moved too far: TensorFlow Data Validation's and Vertex AI's."""
    thresholds: dict[str, float] = {}
    """Column → its own threshold."""
    min_rows: int = 100
    """A window of fewer logged rows is shown, and judged by nothing."""

    alert_after: int = 2
    """An alert opens with so many judged windows above the threshold in a row."""
    alert_until: int = 2
    """It is over with so many in a row below 0.8 of it."""

    def threshold_of(self, column: str) -> float:
        """The threshold of one column."""
        return self.thresholds.get(column, self.threshold)
