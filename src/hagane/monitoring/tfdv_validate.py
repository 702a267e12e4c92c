"""`tfdv_validate`: `ML.TFDV_VALIDATE`, two sets of statistics compared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hagane.errors import DataError, Fault
from hagane.monitoring.compare_distributions import compare_distributions
from hagane.monitoring.drift_options import DEFAULT_THRESHOLD, DriftOptions, check_drift_options
from hagane.monitoring.read_tfdv_statistics import read_tfdv_statistics
from hagane.monitoring.tfdv_anomalies import tfdv_anomalies


def tfdv_validate(  # noqa: PLR0917 — as the function in SQL takes them
    base_statistics: str,
    study_statistics: str,
    detection_type: str = "SKEW",
    categorical_default_threshold: float = DEFAULT_THRESHOLD,
    categorical_metric_type: str = "L_INFTY",
    numerical_default_threshold: float = DEFAULT_THRESHOLD,
    numerical_metric_type: str = "JENSEN_SHANNON_DIVERGENCE",
    thresholds: Mapping[str, float] | None = None,
) -> str:
    """The JSON of TensorFlow Data Validation's `Anomalies`, of two `DatasetFeatureStatisticsList` in JSON.

    No schema is checked: a feature of one side alone, or numbers here and text there, is left out. Raises DataError
    with every argument that cannot be.

    >>> tfdv_validate('{}', '{}', 'DRIFT')
    '{"baseline": {"feature": []}, "anomaly_name_format": "SERIALIZED_PATH", "drift_skew_info": []}'
    """
    detection = detection_type.upper()
    values: dict[str, Any] = {
        "categorical_default_threshold": categorical_default_threshold,
        "categorical_metric_type": categorical_metric_type,
        "numerical_default_threshold": numerical_default_threshold,
        "numerical_metric_type": numerical_metric_type,
        "thresholds": dict(thresholds or {}),
    }
    faults = check_drift_options(values)
    if detection not in ("SKEW", "DRIFT"):
        faults.append(Fault(what="detection_type is unknown", expected="'SKEW' or 'DRIFT'", received=detection_type))
    if faults:
        raise DataError(*faults)
    base, study = read_tfdv_statistics(base_statistics), read_tfdv_statistics(study_statistics)
    drifts = compare_distributions(base, study, DriftOptions(**values))
    return json.dumps(tfdv_anomalies(base, study, drifts, "SKEW" if detection == "SKEW" else "DRIFT"))
