"""`ml_evaluate_rows`: what ML.EVALUATE answers for a bundle, from its stored evaluation or from rows."""

from __future__ import annotations

from typing import Any

from hagane.bundle.bundle import Bundle
from hagane.bundle.signature import Signature
from hagane.data.table import Table
from hagane.errors import Fault, SpecError
from hagane.evaluation.evaluation import Evaluation
from hagane.evaluation.metrics_of import metrics_of
from hagane.evaluation.ml_evaluate import ml_evaluate
from hagane.evaluation.stored_ranking import at_threshold
from hagane.progress import SILENT, Progress
from hagane.workflow.check_threshold import check_threshold
from hagane.workflow.evaluate import evaluate_bundle, score_rows
from hagane.workflow.read_documents import evaluation_of, spec_of

Row = dict[str, Any]


def ml_evaluate_rows(
    bundle: Bundle, table: Table | None = None, *, threshold: float | None = None, progress: Progress = SILENT
) -> list[Row]:
    """One row, in ML.EVALUATE's columns; of several labels one each, the label's name before it; of a model without a
    label its own figures.

    Without a `table` these are the figures of training: of the test rows, else of the eval rows, else of those trained
    on. Raises DataError for columns that are missing, SpecError for a threshold that cannot be answered.
    """
    if threshold is not None:
        check_threshold(bundle.signature, threshold)
    if not bundle.signature.label:
        return [_without_label(bundle, table, progress)]
    if table is None:
        return _stored(evaluation_of(bundle), threshold)
    return _measured(bundle, table, threshold, progress)


def _without_label(bundle: Bundle, table: Table | None, progress: Progress) -> Row:
    """The figures of a model without a label. Raises SpecError for one that has none."""
    found = evaluation_of(bundle)
    if table is not None:
        found = evaluate_bundle(bundle, table, spec_of(bundle), (), progress)
    if not found.metrics:
        what = f"there is nothing by which a model of type {bundle.signature.model_type} is judged"
        raise SpecError(Fault(what=what, where=bundle.name, expected="a model that predicts, clusters or reduces"))
    return dict(found.metrics)


def _measured(bundle: Bundle, table: Table, threshold: float | None, progress: Progress) -> list[Row]:
    scored = score_rows(bundle, table, progress=progress)
    if not bundle.signature.labels:
        return [_row_of(scored.labels, scored.scores, bundle.signature, threshold)]
    return [
        {"label": one.label} | _row_of(scored.labels[:, place], scored.scores[:, place], one, threshold)
        for place, one in enumerate(bundle.signature.each)
    ]


def _row_of(labels: Any, scores: Any, signature: Signature, threshold: float | None) -> Row:
    used = next(each for each in (threshold, signature.threshold, 0.5) if each is not None)
    found = metrics_of(labels, scores, task=signature.label_task, classes=signature.classes or None, threshold=used)
    return ml_evaluate(found, num_classes=len(signature.classes))


def _stored(evaluation: Evaluation, threshold: float | None) -> list[Row]:
    if evaluation.labels:
        return [{"label": one.name} | _stored(one.evaluation, threshold)[0] for one in evaluation.labels]
    metrics = evaluation.metrics
    if threshold is not None and threshold != evaluation.threshold:
        there = at_threshold(evaluation, threshold)
        if there is None:
            raise SpecError(not_kept(threshold, evaluation))
        found = {name: getattr(there, name) for name in ("precision", "recall", "f1_score", "accuracy")}
        metrics = metrics | found
    return [ml_evaluate(metrics, num_classes=len(evaluation.classes))]


def not_kept(threshold: float, evaluation: Evaluation) -> Fault:
    """Training kept what every threshold gives only where there are few of them."""
    return Fault(
        what=f"the training kept no figures of its {evaluation.rows_text} at the threshold {threshold:g}",
        where="threshold",
        expected="0.1, 0.2, … 0.9, the model's own threshold, or rows to evaluate",
        next_step="name the rows: ML.EVALUATE(MODEL m, TABLE t, STRUCT(… AS threshold))",
    )
