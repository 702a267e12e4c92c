"""`MEASURE_THRESHOLDS`: from where on each measure of drift says too far, where nobody says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

MEASURE_THRESHOLDS: Mapping[str, float] = MappingProxyType(
    {
        "jensen_shannon_divergence": 0.3,
        "l_infty": 0.3,
        "kolmogorov_smirnov": 0.3,
        "wasserstein": 0.5,
        "population_stability_index": 0.25,
        "chi_squared": 0.3,
        "mean_shift": 5.0,
        "variance_shift": 5.0,
    }
)
"""Measure → its threshold. Of Jensen-Shannon and L-infinity they are TensorFlow Data Validation's and Vertex AI's, of
the population stability index credit scoring's for a large change (Siddiqi, 2006). Beyond 5 standard errors lies one
window in two million, as long as nothing moves."""
STANDARD_ERRORS = frozenset({"mean_shift", "variance_shift"})
"""The measures in standard errors, for which the threshold of a distance means nothing."""
