"""`evaluate_several`: several labels predicted at once, each evaluated as if it were alone, and what they come to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.evaluation.evaluation import Evaluation, LabelEvaluation
from hagane.evaluation.several_metrics import MEANS, several_metrics

Truths = npt.NDArray[np.bool_]
MOST_WITH_CURVES = 20
"""Labels up to which each keeps its curves: a thousand of them would be a document of tens of megabytes."""
BASELINES = {
    "classification": "always answers what each label mostly is, with its share as the score",
    "regression": "always answers the mean of each label",
}
ASKED = "always answers the number for which each label's loss is least"
"""Of a loss that has a metric of its own."""


def evaluate_several(
    names: Sequence[str], each: Sequence[Evaluation], hits: Truths, baseline_hits: Truths
) -> Evaluation:
    """The evaluation of k labels at once, from that of each on the same rows.

    `hits` [n, k]: whether the label was answered rightly, `baseline_hits` the same of the baseline's answers; neither
    counts for numbers. The metrics are means over the labels of those for which they are defined; of truth values
    there are the Hamming loss (the share of wrong answers) and the subset accuracy (the share of rows in which every
    answer is right) besides.

    >>> from hagane.evaluation.evaluate import evaluate
    >>> labels, scores = np.array([[0, 1], [1, 1], [1, 0]]), np.array([[0.2, 0.9], [0.4, 0.8], [0.7, 0.6]])
    >>> each = [evaluate(labels[:, k], scores[:, k], task="classification", num_resamples=0) for k in range(2)]
    >>> both = evaluate_several(["fog", "rain"], each, (scores >= 0.5) == labels, labels == 1)
    >>> both.metrics["hamming_loss"], both.metrics["subset_accuracy"], both.metrics["roc_auc"]
    (0.3333333333333333, 0.3333333333333333, 1.0)
    """
    first = each[0]
    is_classes = first.task == "classification"
    metrics = several_metrics([one.metrics for one in each], hits if is_classes else None)
    baseline = several_metrics([one.baseline for one in each], baseline_hits if is_classes else None)
    undefined = {name: "it is defined for none of the labels" for name in MEANS if metrics.get(name, 0) is None}
    return Evaluation(
        task=first.task,
        num_rows=first.num_rows,
        part=first.part,
        num_row_errors=first.num_row_errors,
        num_null_labels=first.num_null_labels,
        num_unknown_labels=first.num_unknown_labels,
        labels_digest=_digest(names, each),
        metrics=metrics,
        undefined=undefined,
        averaged_over=_averaged_over([one.metrics for one in each]),
        baseline=baseline,
        baseline_meaning=ASKED if first.judged_by else BASELINES[first.task],
        judged_by=first.judged_by,
        judged_at=first.judged_at,
        threshold=first.threshold,
        labels=tuple(
            LabelEvaluation(name=name, evaluation=_alone(one, len(each))) for name, one in zip(names, each, strict=True)
        ),
    )


def _digest(names: Sequence[str], each: Sequence[Evaluation]) -> str:
    """Of the labels of all rows, in whatever order the labels stand."""
    found = sorted(f"{name}\0{one.labels_digest}" for name, one in zip(names, each, strict=True))
    return hashlib.blake2b("\0".join(found).encode(), digest_size=8).hexdigest()


def _alone(one: Evaluation, num_labels: int) -> Evaluation:
    """Without what is the same for all labels; of many labels without curves."""
    alone = msgspec.structs.replace(one, num_row_errors=0, num_null_labels=0, num_unknown_labels=0)
    if num_labels <= MOST_WITH_CURVES:
        return alone
    return msgspec.structs.replace(
        alone, roc_curve=None, pr_curve=None, threshold_table=(), calibration=(), residuals=(), density=None
    )


def _averaged_over(each: Sequence[Mapping[str, float | None]]) -> dict[str, int]:
    """How many labels have a figure, of the metrics that some have and some have not."""
    found = {name: sum(one.get(name) is not None for one in each) for name in MEANS}
    return {name: count for name, count in found.items() if 0 < count < len(each)}
