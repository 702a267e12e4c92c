"""`ExpectedQuality`: how good answers are to be expected before labels come, and what that takes for granted."""

from __future__ import annotations

from typing import Literal

from hagane.monitoring.expected_binary import ExpectedBinary
from hagane.monitoring.quality.expected_multiclass import ExpectedMulticlass
from hagane.monitoring.quality.expected_regression import ExpectedRegression
from hagane.monitoring.quality.expected_several import ExpectedSeveral

ExpectedQuality = ExpectedBinary | ExpectedMulticlass | ExpectedRegression | ExpectedSeveral
"""By the kind of the answers."""
Method = Literal["CBPE", "DLE"]
ASSUMPTIONS: dict[Method, str] = {
    "CBPE": (
        "Expected figures (CBPE) take for granted that the model's probabilities mean what they say, and that rows of"
        " certain features are as often of each class as they were in training: a change of the world itself shows in"
        " labels alone."
    ),
    "DLE": (
        "Expected errors (DLE) take for granted that rows of certain features and answers are as far off as the"
        " held-out rows of training were: a change of the world itself shows in labels alone."
    ),
}

LABELLED = "Figures by labels are those of the rows whose label has come: a fair sample of all, or not."


def method_of(expected: ExpectedQuality) -> Method:
    """Confidence-based performance estimation, from probabilities; direct loss estimation, by an error model.

    >>> method_of(ExpectedMulticlass(num_seen=0, num_rows=0, right=0, right_variance=0, log_loss=0,
    ...                              log_loss_variance=0))
    'CBPE'
    """
    return "DLE" if isinstance(expected, ExpectedRegression) else "CBPE"
