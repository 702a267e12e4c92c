"""`ml_thresholds`: what thresholds give, as ML.ROC_CURVE tells it, from the stored evaluation or from rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hagane.bundle.bundle import Bundle
from hagane.bundle.signature import Signature
from hagane.counted import counted
from hagane.data.table import Table
from hagane.errors import Fault, SpecError
from hagane.evaluation.curves import thinned
from hagane.evaluation.evaluation import Evaluation, ThresholdMetrics
from hagane.evaluation.stored_ranking import at_threshold, stored_thresholds
from hagane.evaluation.thresholds import threshold_metrics
from hagane.metrics.ranked_counts import ranked_counts
from hagane.progress import SILENT, Progress
from hagane.workflow.evaluate import score_rows
from hagane.workflow.ml_evaluate_rows import not_kept
from hagane.workflow.read_documents import evaluation_of

NUM_PERCENTILES = 100


def ml_thresholds(
    bundle: Bundle,
    table: Table | None = None,
    thresholds: Sequence[float] | None = None,
    *,
    progress: Progress = SILENT,
) -> list[ThresholdMetrics]:
    """One for each of `thresholds`, in their order; without them for the percentiles of the scores, falling.

    Raises SpecError for a model that does not tell two classes apart, and for a threshold of which training kept
    nothing; DataError for columns that are missing.
    """
    _check(bundle.signature)
    if table is None:
        return _stored(evaluation_of(bundle), thresholds)
    scored = score_rows(bundle, table, progress=progress)
    scores = scored.scores[:, 1].astype(np.float64)
    ranked = ranked_counts(scored.labels == 1, scores)
    chosen = percentiles(scores) if thresholds is None else thresholds
    return [threshold_metrics(ranked, threshold) for threshold in chosen]


def percentiles(scores: npt.NDArray[np.float64]) -> list[float]:
    """The scores of rank ceil(n q), q = 0, 0.01, … 1 (the lowest for q = 0), each once, falling.

    >>> percentiles(np.array([0.1, 0.1, 0.6]))
    [0.6, 0.1]
    """
    fractions = np.arange(NUM_PERCENTILES + 1) / NUM_PERCENTILES
    found: list[float] = np.unique(np.quantile(scores, fractions, method="inverted_cdf")).tolist()
    return found[::-1]


def _stored(evaluation: Evaluation, thresholds: Sequence[float] | None) -> list[ThresholdMetrics]:
    if thresholds is None:
        points = stored_thresholds(evaluation)
        way = np.array([(each.false_positive_rate or 0.0) + (each.recall or 0.0) for each in points])
        return [points[place] for place in thinned(way, NUM_PERCENTILES + 1).tolist()]
    found = {threshold: at_threshold(evaluation, threshold) for threshold in thresholds}
    missing = [threshold for threshold, there in found.items() if there is None]
    if missing:
        raise SpecError(not_kept(missing[0], evaluation))
    return [there for threshold in thresholds if (there := found[threshold]) is not None]


def _check(signature: Signature) -> None:
    if len(signature.classes) == 2 and not signature.labels:
        return
    classes = f" of {counted(len(signature.classes), 'class')}" if signature.classes else ""
    raise SpecError(
        Fault(
            what="there is no ROC curve of this model",
            expected="a classifier of two classes",
            received="several labels" if signature.labels else f"{signature.model_type}{classes}",
        )
    )
