"""`ml_confusion_matrix`: labels against predictions, from the stored evaluation or from rows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hagane.bundle.bundle import Bundle
from hagane.bundle.signature import Signature
from hagane.counted import counted
from hagane.data.table import Table
from hagane.errors import Fault, SpecError
from hagane.evaluation.evaluation import Label
from hagane.evaluation.stored_ranking import at_threshold
from hagane.metrics.confusion_matrix import confusion_matrix
from hagane.progress import SILENT, Progress
from hagane.workflow.check_threshold import check_threshold
from hagane.workflow.evaluate import score_rows
from hagane.workflow.ml_evaluate_rows import not_kept
from hagane.workflow.read_documents import evaluation_of
from hagane.workflow.score import Scored


class LabelledCounts(NamedTuple):
    """`counts[i][j]`: rows of class i that were predicted to be of class j."""

    classes: tuple[Label, ...]
    counts: tuple[tuple[int, ...], ...]


def ml_confusion_matrix(
    bundle: Bundle, table: Table | None = None, *, threshold: float | None = None, progress: Progress = SILENT
) -> LabelledCounts:
    """Of every row whose label the model knows, at the model's own threshold or at `threshold`.

    Raises SpecError for a model without classes, for several labels, and for a threshold that cannot be answered.
    """
    signature = bundle.signature
    _check(signature)
    if threshold is not None:
        check_threshold(signature, threshold)
    if table is not None:
        scored = score_rows(bundle, table, progress=progress)
        return LabelledCounts(signature.classes, _counted(scored, signature, threshold))
    evaluation = evaluation_of(bundle)
    counts = evaluation.confusion_matrix
    if threshold is not None and threshold != evaluation.threshold:
        there = at_threshold(evaluation, threshold)
        if there is None:
            raise SpecError(not_kept(threshold, evaluation))
        counts = (
            (there.true_negatives, there.false_positives),
            (there.false_negatives, there.true_positives),
        )
    return LabelledCounts(signature.classes, counts)


def _counted(scored: Scored, signature: Signature, threshold: float | None) -> tuple[tuple[int, ...], ...]:
    if len(signature.classes) == 2:
        used = next(each for each in (threshold, signature.threshold, 0.5) if each is not None)
        predicted = (scored.scores[:, 1].astype(np.float64) >= used).astype(np.int64)
    else:
        predicted = np.argmax(scored.scores, axis=1)
    counts = confusion_matrix(scored.labels.astype(np.int64), predicted, len(signature.classes))
    return tuple(tuple(row) for row in counts.tolist())


def _check(signature: Signature) -> None:
    if signature.classes and not signature.labels:
        return
    raise SpecError(
        Fault(
            what="there is no confusion matrix of this model",
            expected="a classifier of one label",
            received=counted(len(signature.labels), "label") if signature.labels else signature.model_type,
        )
    )
