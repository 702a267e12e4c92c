"""`Monitoring`: how the traffic to a model is watched, declared."""

from __future__ import annotations

from typing import Literal

import msgspec

from hagane.spec.measure_thresholds import MEASURE_THRESHOLDS, STANDARD_ERRORS
from hagane.spec.policy import Policy
from hagane.spec.quality import Quality
from hagane.spec.reference_windows import ReferenceWindows
from hagane.spec.schema_monitoring import SchemaMonitoring

NumericMeasure = Literal[
    "jensen_shannon_divergence",
    "kolmogorov_smirnov",
    "wasserstein",
    "population_stability_index",
    "mean_shift",
    "variance_shift",
]
CategoricalMeasure = Literal["l_infty", "jensen_shannon_divergence", "chi_squared", "population_stability_index"]
Watched = Literal["inputs", "predictions", "features", "attributions", "replay"]


class Monitoring(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Into which windows the traffic is cut, how far each column may move, and by which measures.

    >>> Monitoring(thresholds={"fare": 0.1}).threshold_of("fare", "wasserstein"), Monitoring().threshold_of("fare")
    (0.1, 0.3)
    >>> Monitoring(threshold=0.1).threshold_of("fare", "mean_shift")
    5.0
    """

    every: str = "day"
    """The windows: `hour`, `day`, `week` or `month` by the calendar of `time_zone`, or so many rows: `5000 rows`."""
    time_zone: str = "UTC"
    watch: tuple[Watched, ...] = ("inputs", "predictions")
    """What is held against a baseline; `replay`: whether logged requests, asked again, are answered as they were."""
    numeric: NumericMeasure | tuple[NumericMeasure, ...] = "jensen_shannon_divergence"
    """How far numbers have moved: a measure, or several."""
    categorical: CategoricalMeasure | tuple[CategoricalMeasure, ...] = "l_infty"
    """How far categories have."""
    threshold: float | None = None
    """From where on a distance is too long; None: each measure's own (`MEASURE_THRESHOLDS`). Not of shifts, which are
    in standard errors."""
    thresholds: dict[str, float] = {}
    """Column → its own threshold of distances."""
    measure_thresholds: dict[str, float] = {}
    """Measure → its threshold, where the column has none of its own."""
    derive_thresholds: bool = False
    """Whether thresholds follow from how far the windows of `reference` lie off, where a column has none of its own."""
    reference: ReferenceWindows = ReferenceWindows()
    """The windows that are taken for usual."""
    min_rows: int = 100
    """A window of fewer logged rows is shown, and judged by nothing."""

    quality: Quality = Quality()
    """How good the answers have to be, once labels come and before."""
    schema: SchemaMonitoring = SchemaMonitoring()
    """How far the form of the traffic may depart from training's: columns, types, values, ranges."""

    alert_after: int = 2
    """An alert opens with so many judged windows above the threshold in a row."""
    alert_until: int = 2
    """It is over with so many in a row below 0.8 of it."""
    keep_hours_days: int = 35
    """Hours that are older are let go, and their days are kept; the log itself is kept for 30 days by default."""
    policy: Policy | None = None
    """What is done when it has drifted (`hagane monitor --act`); None: nothing is."""

    def measures_of(self, *, is_text: bool) -> tuple[str, ...]:
        """By which measures a column is looked at, the first named first."""
        named = self.categorical if is_text else self.numeric
        return (named,) if isinstance(named, str) else tuple(named)

    def has_own_threshold(self, column: str, measure: str) -> bool:
        """Whether one is said of this very column, or of this measure."""
        named = measure.lower()
        return named in self.measure_thresholds or (named not in STANDARD_ERRORS and column in self.thresholds)

    def threshold_of(self, column: str, measure: str = "jensen_shannon_divergence") -> float:
        """The threshold of one column by one measure: what is said of the column, of the measure, of all, of none."""
        named = measure.lower()
        own = None if named in STANDARD_ERRORS else self.thresholds.get(column)
        every = None if named in STANDARD_ERRORS else self.threshold
        said = (own, self.measure_thresholds.get(named), every, MEASURE_THRESHOLDS[named])
        return next(value for value in said if value is not None)
