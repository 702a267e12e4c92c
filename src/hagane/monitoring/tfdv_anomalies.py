"""`tfdv_anomalies`: what has moved too far, as TensorFlow Data Validation's `Anomalies`, in JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from hagane.monitoring.distribution import Categories, Distribution
from hagane.monitoring.feature_drift import FeatureDrift
from hagane.monitoring.measures.l_infinity import changed_shares

Detection = Literal["SKEW", "DRIFT"]
_SIDES = {"SKEW": "training and serving", "DRIFT": "previous and current"}
_COMPARATORS = {"L_INFTY": "infinity_norm", "JENSEN_SHANNON_DIVERGENCE": "jensen_shannon_divergence"}
_NAMES = {"L_INFTY": "Linfty distance", "JENSEN_SHANNON_DIVERGENCE": "approximate Jensen-Shannon divergence"}


def tfdv_anomalies(
    base: Mapping[str, Distribution],
    study: Mapping[str, Distribution],
    drifts: Sequence[FeatureDrift],
    detection: Detection,
) -> dict[str, Any]:
    """The message (tensorflow/metadata, anomalies.proto): the thresholds, every measurement, and who is above.

    >>> base, study = {"job": Categories({"nurse": 1})}, {"job": Categories({"pilot": 1})}
    >>> drift = FeatureDrift(input="job", metric="L_INFTY", threshold=0.3, value=1.0)
    >>> found = tfdv_anomalies(base, study, [drift], "DRIFT")
    >>> found["drift_skew_info"]
    [{'path': {'step': ['job']}, 'drift_measurements': [{'type': 'L_INFTY', 'value': 1.0, 'threshold': 0.3}]}]
    >>> found["anomaly_info"]["job"]["short_description"]
    'High Linfty distance between previous and current'
    """
    measured = f"{detection.lower()}_measurements"
    anomalies = {drift.input: _anomaly(base, study, drift, detection) for drift in drifts if drift.is_anomaly}
    return {
        "baseline": {"feature": [_baseline(base[drift.input], drift, detection) for drift in drifts]},
        "anomaly_name_format": "SERIALIZED_PATH",
        **({"anomaly_info": anomalies} if anomalies else {}),
        "drift_skew_info": [
            {
                "path": {"step": [drift.input]},
                measured: [{"type": drift.metric, "value": drift.value, "threshold": drift.threshold}],
            }
            for drift in drifts
        ],
    }


def _baseline(distribution: Distribution, drift: FeatureDrift, detection: Detection) -> dict[str, Any]:
    kind = "BYTES" if isinstance(distribution, Categories) else "FLOAT"
    comparator = {_COMPARATORS[drift.metric]: {"threshold": drift.threshold}}
    return {"name": drift.input, "type": kind, f"{detection.lower()}_comparator": comparator}


def _anomaly(
    base: Mapping[str, Distribution], study: Mapping[str, Distribution], drift: FeatureDrift, detection: Detection
) -> dict[str, Any]:
    measure = f"{_NAMES[drift.metric]} between {_SIDES[detection]}"
    short = f"High {measure}"
    text = f"The {measure} is {drift.value:.6g}, above the threshold {drift.threshold:.6g}."
    before, after = base[drift.input], study[drift.input]
    if drift.metric == "L_INFTY" and isinstance(before, Categories) and isinstance(after, Categories):
        value = max(changed_shares(before, after), key=lambda change: change[1])[0]
        text += f" The value with the largest difference is: {value}"
    kind = f"COMPARATOR_{drift.metric}_HIGH"
    return {
        "path": {"step": [drift.input]},
        "severity": "ERROR",
        "short_description": short,
        "description": text,
        "reason": [{"type": kind, "short_description": short, "description": text}],
    }
