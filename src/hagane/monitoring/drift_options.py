"""`DriftOptions`: by which measure features are compared, and how far each may lie from the baseline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from hagane.errors import Fault, nearest

DEFAULT_THRESHOLD = 0.3


class DriftOptions(msgspec.Struct, frozen=True, kw_only=True):
    """BigQuery ML's options of model monitoring, with its defaults.

    >>> options = DriftOptions(categorical_default_threshold=0.1, thresholds={"race": 0.01})
    >>> options.threshold_of("race", is_text=True), options.threshold_of("age", is_text=False)
    (0.01, 0.3)
    """

    categorical_default_threshold: float = DEFAULT_THRESHOLD
    categorical_metric_type: Literal["L_INFTY", "JENSEN_SHANNON_DIVERGENCE"] = "L_INFTY"
    numerical_default_threshold: float = DEFAULT_THRESHOLD
    numerical_metric_type: Literal["JENSEN_SHANNON_DIVERGENCE"] = "JENSEN_SHANNON_DIVERGENCE"
    thresholds: dict[str, float] = {}
    """Column → its own threshold."""

    def threshold_of(self, name: str, *, is_text: bool) -> float:
        """The threshold of one column."""
        default = self.categorical_default_threshold if is_text else self.numerical_default_threshold
        return self.thresholds.get(name, default)


def check_drift_options(values: Mapping[str, Any]) -> list[Fault]:
    """What is wrong with the values of these options; metrics are to be in upper case.

    >>> print(check_drift_options({"thresholds": {"age": 1.5}})[0].render())
    the threshold of 'age' is out of range
      expected: a number in [0, 1)
      received: 1.5
    """
    faults = []
    kinds = {
        "categorical_metric_type": ("L_INFTY", "JENSEN_SHANNON_DIVERGENCE"),
        "numerical_metric_type": ("JENSEN_SHANNON_DIVERGENCE",),
    }
    for name, known in kinds.items():
        if values.get(name, known[0]) not in known:
            received = str(values[name])
            closest = nearest(received, known)
            faults.append(
                Fault(what=f"{name} is unknown", expected=" or ".join(known), received=received, nearest=closest)
            )
    named = {
        f"the threshold of '{column}'": threshold for column, threshold in (values.get("thresholds") or {}).items()
    }
    named |= {name: values[name] for name in values if name.endswith("_default_threshold")}
    for name, threshold in named.items():
        if not 0 <= threshold < 1:
            faults.append(Fault(what=f"{name} is out of range", expected="a number in [0, 1)", received=str(threshold)))
    return faults
