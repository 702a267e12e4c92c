"""A bundle that explains its answers is published only if its attributions add up, on rows of the training data."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from hagane.bundle.bundle import Bundle
from hagane.errors import BundleError, Fault
from hagane.explanation.explainer import Explainer
from hagane.explanation.explanations import Explanations
from hagane.explanation.wanted import Wanted
from hagane.number_text import brief_text
from hagane.runtime.layout import ColumnData
from hagane.workflow.score import scores_of

SAMPLE_ROWS = 50
EXACT_TOLERANCE = 1e-9
"""Of trees and linear models, relative to the largest attribution: rounding alone."""
LINK_TOLERANCE = 1e-6
"""Of outputs that follow from raw scores, beside those that are predicted: float32 of networks."""


class ExplanationVerification(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, for the lineage."""

    num_rows: int
    largest_error: float
    """|value - baseline - Σ attributions| of raw scores, relative to max(1, Σ |attributions|), the largest."""
    largest_output_difference: float
    """|the output that follows from the raw scores - the prediction|, relative to max(1, |prediction|), the largest."""


class MissedSumError(BundleError):
    """Attributions do not add up to what is predicted."""


def verify_explanation(bundle: Bundle, columns: Mapping[str, ColumnData]) -> ExplanationVerification:
    """Explain the first rows of `columns`. Raises MissedSumError where attributions miss what is predicted."""
    rows = {name: column.slice(0, SAMPLE_ROWS) for name, column in columns.items()}
    explainer = Explainer.load(bundle)
    found = explainer.explain_columns(rows, Wanted("raw"))
    error = _largest(found.errors, np.abs(found.attributions).sum(axis=2))
    outputs = explainer.explain_columns(rows, Wanted("output"))
    predicted = _predicted(outputs)
    difference = _largest(np.abs(outputs.values - predicted), np.abs(predicted))
    tolerance = explainer.tolerance
    if not (error <= max(tolerance, EXACT_TOLERANCE) and difference <= LINK_TOLERANCE):
        raise MissedSumError(
            Fault(
                what="attributions do not add up to what is predicted",
                where=bundle.signature.model_type,
                expected=f"an error of {brief_text(max(tolerance, EXACT_TOLERANCE), 6)} at most (relative)",
                received=f"{brief_text(error, 6)}, and outputs {brief_text(difference, 6)} off",
                next_step="this is a fault of Hagane: please report it with the spec",
            )
        )
    return ExplanationVerification(num_rows=len(found), largest_error=error, largest_output_difference=difference)


def _predicted(found: Explanations) -> np.ndarray:
    """[n, q] what the model answers for the outputs that are explained."""
    scores = np.asarray(scores_of(found.predictions), np.float64)
    if scores.ndim == 1:
        return scores[:, None]
    if scores.ndim == 3:
        scores = scores[:, :, 1]
    return np.take_along_axis(scores, found.outputs, axis=1)


def _largest(values: np.ndarray, unit: np.ndarray) -> float:
    return float((values / np.maximum(1.0, unit)).max(initial=0.0))
