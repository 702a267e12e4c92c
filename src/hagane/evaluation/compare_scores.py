"""`compare_scores`: models on the very same rows, and whether they differ there by more than chance.

Each model is held against the first. The bootstrap draws rows, and every model's metrics are taken of the rows drawn,
so that a difference is one of pairs; its p-value is twice the smaller share of the resamples on either side of no
difference. Accuracy has McNemar's exact test besides, ROC AUC of two classes DeLong's. P-values of one metric and one
test are adjusted for the number of models by Holm's method.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.evaluation.bootstrap import (
    ConfidenceInterval,
    Resampled,
    chosen_rows,
    percentile_interval,
    resample,
    round_off,
)
from hagane.evaluation.checked_input import CheckedInput, check_input
from hagane.evaluation.compare import compare
from hagane.evaluation.comparison import Comparison, PairedTest
from hagane.evaluation.confidence import intervals_of, weighted_metrics
from hagane.evaluation.evaluate import NUM_RESAMPLES, evaluate
from hagane.evaluation.evaluation import Evaluation, Label
from hagane.evaluation.metric_info import metric_info
from hagane.metrics.asked_metric import AskedMetric
from hagane.metrics.delong import delong_test
from hagane.metrics.holm import holm
from hagane.metrics.mcnemar import mcnemar_test
from hagane.metrics.undefined import Undefined
from hagane.progress import SILENT, Progress

Array = npt.NDArray[Any]
SIGNIFICANT = 0.05
Z = 1.959963984540054
"""Of 95 % of a normal distribution."""


@dataclasses.dataclass(frozen=True)
class _Scored:
    """One model on the rows."""

    name: str
    checked: CheckedInput
    threshold: float
    evaluation: Evaluation
    resampled: Resampled


def compare_scores(
    labels: Array,
    scores: Mapping[str, Array],
    *,
    task: Literal["classification", "regression"],
    classes: Sequence[Label] | None = None,
    thresholds: Mapping[str, float] | None = None,
    part: str = "",
    asked: AskedMetric | None = None,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
    progress: Progress = SILENT,
) -> Comparison:
    """Compare what models (name → scores) say of the same `labels`; arguments as `evaluate` takes them.

    Raises DataError as `evaluate` does.

    >>> random = np.random.default_rng(0)
    >>> labels = random.normal(size=500)
    >>> scores = {"near": labels + random.normal(size=500), "far": labels + 3 * random.normal(size=500)}
    >>> table = compare_scores(labels, scores, task="regression")
    >>> [(test.model, test.metric, test.better) for test in table.tests][:2]
    [('far', 'r2_score', 'against'), ('far', 'explained_variance', 'against')]
    """
    limits = {name: (thresholds or {}).get(name, 0.5) for name in scores}
    checked = {
        name: check_input(labels, each, task=task, classes=classes, threshold=limits[name], slices={}, asked=asked)
        for name, each in scores.items()
    }
    evaluations = {
        name: evaluate(
            labels, each, task=task, classes=classes, threshold=limits[name], part=part, asked=asked, num_resamples=0
        )
        for name, each in scores.items()
    }
    if len(labels) < 2 or not num_resamples:
        return compare(evaluations)
    resampled = _resample(checked, limits, len(labels), num_resamples, seed=seed, progress=progress)
    models = [
        _Scored(name, checked[name], limits[name], evaluations[name], found)
        for name, found in zip(scores, resampled, strict=True)
    ]
    with_intervals = {each.name: _with_intervals(each) for each in models}
    return msgspec.structs.replace(compare(with_intervals), tests=tuple(_adjusted(models)))


def _resample(
    checked: Mapping[str, CheckedInput],
    limits: Mapping[str, float],
    num_rows: int,
    num_resamples: int,
    *,
    seed: int,
    progress: Progress,
) -> list[Resampled]:
    """The same resamples for every model; of very many rows a sub-sample's."""
    rows = chosen_rows(num_rows, seed)
    drawn = num_rows if rows is None else len(rows)
    measures = [weighted_metrics(each, limits[name], rows) for name, each in checked.items()]
    found = resample(measures, drawn, num_resamples=num_resamples, seed=seed, progress=progress)
    return [msgspec.structs.replace(each, scale=math.sqrt(drawn / num_rows)) for each in found]


def _with_intervals(model: _Scored) -> Evaluation:
    confidence = intervals_of(model.resampled, model.evaluation.metrics)
    return msgspec.structs.replace(model.evaluation, confidence=confidence, bootstrap=model.resampled.bootstrap)


def _adjusted(models: Sequence[_Scored]) -> Iterator[PairedTest]:
    """Every test of every model against the first, with Holm's correction over the models."""
    first = models[0]
    tests = [test for model in models[1:] for test in _tests(model, first)]
    for family in dict.fromkeys((test.metric, test.test) for test in tests):
        members = [test for test in tests if (test.metric, test.test) == family]
        p_values = holm([test.p_value for test in members])
        for test, adjusted in zip(members, p_values, strict=True):
            yield msgspec.structs.replace(test, adjusted_p_value=adjusted, better=_better(test, adjusted))


def _tests(model: _Scored, first: _Scored) -> Iterator[PairedTest]:
    for name, figure in model.evaluation.metrics.items():
        other = first.evaluation.metrics.get(name)
        drawn, against = model.resampled.values.get(name), first.resampled.values.get(name)
        if figure is None or other is None or drawn is None or against is None:
            continue
        distances = (drawn - model.resampled.at[name]) - (against - first.resampled.at[name])
        yield _paired_bootstrap(name, model, first, figure - other, distances)
    if model.checked.classes:
        yield _mcnemar(model, first)
    if len(model.checked.classes) == 2:
        yield from _delong(model, first)


def _paired_bootstrap(
    name: str, model: _Scored, first: _Scored, difference: float, distances: npt.NDArray[np.float64]
) -> PairedTest:
    scale = model.resampled.scale
    drawn = difference + scale * distances[np.isfinite(distances)]
    sides = min(int(np.count_nonzero(drawn <= 0)), int(np.count_nonzero(drawn >= 0)))
    return PairedTest(
        metric=name,
        model=model.name,
        against=first.name,
        test="bootstrap",
        difference=round_off(difference),
        interval=percentile_interval(distances, difference, scale),
        p_value=min(1.0, 2.0 * (sides + 1) / (len(drawn) + 1)),
        adjusted_p_value=1.0,
        better="neither",
    )


def _mcnemar(model: _Scored, first: _Scored) -> PairedTest:
    found = mcnemar_test(_right(model), _right(first))
    difference = (found.only_first - found.only_second) / len(model.checked.labels)
    return PairedTest(
        metric="accuracy",
        model=model.name,
        against=first.name,
        test="mcnemar",
        difference=round_off(difference),
        interval=percentile_interval(
            (model.resampled.values["accuracy"] - model.resampled.at["accuracy"])
            - (first.resampled.values["accuracy"] - first.resampled.at["accuracy"]),
            difference,
            model.resampled.scale,
        ),
        p_value=found.p_value,
        adjusted_p_value=1.0,
        better="neither",
        counts=(found.only_first, found.only_second),
    )


def _right(model: _Scored) -> npt.NDArray[np.bool_]:
    """[n] whether the model answers each row rightly."""
    scores, labels = model.checked.scores, model.checked.labels
    if len(model.checked.classes) == 2:
        return np.asarray((scores >= np.float64(model.threshold)) == (labels == 1))
    return np.asarray(np.argmax(scores, axis=1) == labels)


def _delong(model: _Scored, first: _Scored) -> Iterator[PairedTest]:
    found = delong_test(model.checked.labels == 1, model.checked.scores, first.checked.scores)
    if isinstance(found, Undefined):
        return
    reach = Z * found.standard_error
    yield PairedTest(
        metric="roc_auc",
        model=model.name,
        against=first.name,
        test="delong",
        difference=round_off(found.difference),
        interval=ConfidenceInterval(round_off(found.difference - reach), round_off(found.difference + reach)),
        p_value=found.p_value,
        adjusted_p_value=1.0,
        better="neither",
    )


def _better(test: PairedTest, adjusted: float) -> Literal["model", "against", "neither"]:
    if adjusted >= SIGNIFICANT or not test.difference:
        return "neither"
    return "model" if (test.difference > 0) == metric_info(test.metric).higher_is_better else "against"
