"""What a trial's model answers for the eval rows, by the training path: no graph is built for it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hagane.calibration.calibrate import calibrate
from hagane.evaluation.metrics_of import metrics_of
from hagane.features.encoded import Encoded
from hagane.features.no_label import NoLabel
from hagane.models.family import FittedModel
from hagane.models.measured_model import MeasuredModel
from hagane.models.training_data import all_labels
from hagane.workflow.prepare import Prepared
from hagane.workflow.score import asked_of

Array = npt.NDArray[np.generic]


class TrialScores(NamedTuple):
    """Labels [n] (class numbers, or values) and scores [n, c] or [n] of the eval rows; of k labels [n, k] and [n, k, 2]
    or [n, k]."""

    labels: Array
    scores: Array


def trial_scores(prepared: Prepared, evaluation: Encoded, model: FittedModel) -> TrialScores:
    """The answers that a bundle of this model would give, to rounding; calibrated where the spec asks for it.

    `evaluation` are the eval rows as they were encoded, weighed by a column alone. Raises TrainingError where they do
    not suffice for the calibration.
    """
    answers = [np.asarray(model.predict(batch.dense, batch.ids, batch.sparse)) for batch in evaluation.blocks()]
    labels = all_labels(evaluation)
    labels = labels.astype(np.int64) if prepared.label.task == "classification" else labels
    return TrialScores(labels, _calibrated(prepared, evaluation, labels, np.concatenate(answers)))


def trial_metrics(prepared: Prepared, found: TrialScores) -> dict[str, float | None]:
    """What `train` would report of the eval rows, to rounding: every row counts once."""
    spec, label = prepared.resolved.spec, prepared.label
    assert not isinstance(label, NoLabel)  # `measured_metrics` are those of such a model
    return metrics_of(
        found.labels,
        found.scores,
        task=label.task,
        classes=label.classes or None,
        threshold=spec.evaluation.threshold if label.num_classes == 2 else 0.5,
        asked=asked_of(spec.model),
    )


def measured_metrics(evaluation: Encoded, model: FittedModel) -> dict[str, float | None]:
    """What a model without a label is worth on encoded rows; nothing where it cannot be judged."""
    if not isinstance(model, MeasuredModel):
        return {}
    measurement = model.measurement()
    for batch in evaluation.blocks():
        measurement.add(batch.dense, batch.ids, batch.sparse)
    return {name: value if isinstance(value, float) else None for name, value in measurement.metrics().items()}


def _calibrated(prepared: Prepared, evaluation: Encoded, labels: Array, scores: Array) -> Array:
    wanted = prepared.resolved.spec.calibration
    if wanted is None or wanted.method == "none":
        return scores
    weights = [evaluation.weight(block) for block in range(evaluation.num_blocks)]
    given = [weight.astype(np.float64) for weight in weights if weight is not None]
    calibrator, _ = calibrate(
        wanted.method,
        scores.astype(np.float64),
        labels.astype(np.int64),
        np.concatenate(given) if given else None,
        seed=prepared.resolved.spec.training.seed,
    )
    return scores if calibrator is None else calibrator.apply(scores.astype(np.float64))
