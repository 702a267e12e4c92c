"""Raw rows through a bundle, beside their labels: what evaluation looks at is what will be served."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hagane.bundle.bundle import Bundle
from hagane.bundle.predictions import Predictions
from hagane.bundle.signature import Signature
from hagane.data.column_data import columns_data
from hagane.data.table import Table
from hagane.evaluation.evaluate import NUM_RESAMPLES, evaluate
from hagane.evaluation.evaluate_several import evaluate_several
from hagane.evaluation.evaluation import Evaluation
from hagane.features.several_labels import Labels
from hagane.metrics.asked_metric import AskedMetric, asked_metric
from hagane.progress import SILENT, Progress
from hagane.spec.spec import Evaluation as Wanted
from hagane.spec.spec import Model

Array = npt.NDArray[np.generic]
FEWEST_RESAMPLES = 100
"""The resamples of a report are shared out among several labels; fewer for each are none."""


@dataclass(frozen=True, slots=True)
class Scored:
    """Labels [n] (class numbers, or values), scores [n, c] or [n], and the slice columns as text, row by row.

    Of k labels [n, k], and [n, k, 2] or [n, k].
    """

    labels: Array
    scores: Array
    slices: dict[str, Array]
    num_unlabelled: int
    """Rows left out: their label is NULL, or a class that training never met."""
    num_unknown: int
    """How many of these have such a class."""
    num_row_errors: int
    uncalibrated: Array | None = None
    """[n, c] the family's own scores, where the model is calibrated."""
    bounds: npt.NDArray[np.float64] | None = None
    """[n, 2] lower and upper bound of the prediction interval, where the model has one."""
    kept: npt.NDArray[np.bool_] | None = None
    """[rows of the table] which of them are here: those whose label is there and known."""
    weights: npt.NDArray[np.float64] | None = None
    """[n] float64 what each row counts, where a column was named."""


def score_table(
    bundle: Bundle,
    table: Table,
    label: Labels,
    *,
    slices: Sequence[str] = (),
    weight: str | None = None,
    phase: str = "evaluate",
    progress: Progress = SILENT,
) -> Scored:
    """Predict every row of `table` whose label is there and known; `weight` names the column of what rows count."""
    schema = table.schema.select(bundle.signature.names)
    columns = tuple(dict.fromkeys((*schema.names, *label.columns, *slices, *([weight] if weight else []))))
    labels, answers, kept, num_unknown = [], [], [], 0
    weights: list[npt.NDArray[np.float64]] = []
    texts: dict[str, list[Array]] = {name: [] for name in slices}
    with progress.phase(phase, total=table.num_rows) as task:
        for batch in table.batches(columns):
            encoded = label.encode_rows(batch)
            num_unknown += encoded.num_unknown
            known = batch if encoded.kept is None else batch.filter(pa.array(encoded.kept))
            kept.append(np.ones(batch.num_rows, np.bool_) if encoded.kept is None else encoded.kept)
            predictions = bundle.predict_columns(columns_data(known, schema), uncalibrated=True)
            answers.append(replace(predictions, labels=None))  # a text a row would fill the memory
            labels.append(encoded.values)
            if weight:
                weights.append(known.column(weight).cast(pa.float64()).to_numpy(zero_copy_only=False))
            for name in slices:
                texts[name].append(_as_text(known.column(name)))
            task.advance(batch.num_rows)
    whole = Predictions.concatenate(answers)
    lower, upper = whole.lower_bounds, whole.upper_bounds
    chosen = np.concatenate(kept)
    return Scored(
        np.concatenate(labels),
        scores_of(whole),
        {n: np.concatenate(t) for n, t in texts.items()},
        int(np.count_nonzero(~chosen)),
        num_unknown,
        int(whole.row_errors.sum()),
        uncalibrated=whole.uncalibrated,
        bounds=None if lower is None or upper is None else np.column_stack([lower, upper]),
        kept=chosen,
        weights=np.concatenate(weights) if weights else None,
    )


def report(
    scored: Scored, signature: Signature, wanted: Wanted, model: Model, *, part: str, progress: Progress = SILENT
) -> Evaluation:
    """The evaluation of scored rows, at the threshold that the bundle itself uses; of several labels also each."""
    if signature.labels:
        return _report_several(scored, signature, wanted, model, part=part, progress=progress)
    return _report(scored, signature, wanted, model, part=part, progress=progress)


def _report_several(
    scored: Scored, signature: Signature, wanted: Wanted, model: Model, *, part: str, progress: Progress
) -> Evaluation:
    resamples = NUM_RESAMPLES // len(signature.labels)
    each = [
        _report(
            replace(scored, labels=scored.labels[:, place], scores=scored.scores[:, place]),
            one,
            wanted,
            model,
            part=part,
            num_resamples=resamples if resamples >= FEWEST_RESAMPLES else 0,
            progress=progress,
        )
        for place, one in enumerate(signature.each)
    ]
    names = [label.name for label in signature.labels]
    if signature.task == "regression":
        none = np.zeros((len(scored.labels), 0), np.bool_)
        return evaluate_several(names, each, none, none)
    labels, threshold = scored.labels.astype(np.bool_), 0.5 if signature.threshold is None else signature.threshold
    answers = scored.scores[:, :, 1].astype(np.float64) >= threshold
    usual = 2 * labels.sum(axis=0) > len(labels)
    return evaluate_several(names, each, answers == labels, labels == usual)


def _report(
    scored: Scored,
    signature: Signature,
    wanted: Wanted,
    model: Model,
    *,
    part: str,
    num_resamples: int = NUM_RESAMPLES,
    progress: Progress,
) -> Evaluation:
    return evaluate(
        scored.labels,
        scored.scores,
        task=signature.label_task,
        classes=signature.classes or None,
        threshold=0.5 if signature.threshold is None else signature.threshold,
        aim=wanted.aim,
        aim_value=wanted.aim_value,
        slices=scored.slices,
        part=part,
        num_row_errors=scored.num_row_errors,
        num_null_labels=scored.num_unlabelled - scored.num_unknown,
        num_unknown_labels=scored.num_unknown,
        uncalibrated=scored.uncalibrated,
        calibration=signature.calibration,
        bounds=scored.bounds,
        level=signature.interval_level or 0.9,
        num_fitted=signature.interval_rows,
        asked=asked_of(model),
        num_resamples=num_resamples,
        progress=progress,
    )


def asked_of(model: Model) -> AskedMetric | None:
    """The metric that a resolved model's loss asks for."""
    return asked_metric(model.options.get("loss"), model.options.get("quantile_level"))


def scores_of(predictions: Predictions) -> Array:
    """Probabilities [n, c] of a classifier, values [n] of a regressor; without a label what columns follow from."""
    if predictions.columns is not None:
        return np.zeros((len(predictions), 0)) if predictions.scores is None else predictions.scores
    scores = predictions.values if predictions.probabilities is None else predictions.probabilities
    assert scores is not None
    return scores


def _as_text(column: pa.Array[Any]) -> Array:
    text: Array = column.cast(pa.string()).to_numpy(zero_copy_only=False)
    return text
