"""`compare_distributions`: every feature of two tables, measured against its threshold."""

from __future__ import annotations

from collections.abc import Mapping

from hagane.monitoring.distribution import Categories, Distribution
from hagane.monitoring.drift_options import DriftOptions
from hagane.monitoring.feature_drift import FeatureDrift
from hagane.monitoring.measures import get_measure


def compare_distributions(
    base: Mapping[str, Distribution], study: Mapping[str, Distribution], options: DriftOptions
) -> tuple[FeatureDrift, ...]:
    """The features of both, in the baseline's order.

    A feature that only one side has is left out, and so is one of which the measure says nothing: numbers here and
    text there, or no values on a side.

    >>> from hagane.monitoring.distribution import Histogram
    >>> base = {"tip": Histogram.of_edges([0, 1, 2], [5, 5]), "how": Categories({"cash": 1, "card": 1})}
    >>> study = {"tip": Histogram.of_edges([1, 2, 3], [5, 5]), "how": Categories({"card": 1})}
    >>> for drift in compare_distributions(base, study, DriftOptions()):
    ...     print(drift.input, drift.metric, drift.threshold, drift.value, drift.is_anomaly)
    tip JENSEN_SHANNON_DIVERGENCE 0.3 0.5 True
    how L_INFTY 0.3 0.5 True
    """
    found = []
    for name, before in base.items():
        if name not in study:
            continue
        is_text = isinstance(before, Categories)
        metric = options.categorical_metric_type if is_text else options.numerical_metric_type
        value = get_measure(metric)(before, study[name])
        if value is not None:
            threshold = options.threshold_of(name, is_text=is_text)
            found.append(FeatureDrift(input=name, metric=metric, threshold=threshold, value=value))
    return tuple(found)
