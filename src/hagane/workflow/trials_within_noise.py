"""`trials_within_noise`: which trials of a study the rows they were judged on do not tell apart from its best one."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from hagane.counted import counted
from hagane.evaluation.bootstrap import chosen_rows, resample
from hagane.evaluation.checked_input import CheckedInput, check_input
from hagane.evaluation.confidence import weighted_metrics
from hagane.evaluation.evaluation import Label
from hagane.metrics.asked_metric import AskedMetric
from hagane.metrics.delong import delong_test
from hagane.metrics.holm import holm
from hagane.metrics.undefined import Undefined
from hagane.progress import SILENT, Progress
from hagane.tuning.study_record import COUNTED, StudyRecord
from hagane.tuning.trial import Trial
from hagane.workflow.kept_scores import KeptScores
from hagane.workflow.trial_scores import TrialScores

MOST_TRIALS = 10
NUM_RESAMPLES = 200
"""Enough for a standard error, which is what is taken of them."""
SIGNIFICANT = 0.05


class WithinNoise(msgspec.Struct, frozen=True, kw_only=True):
    """The best trials, each held against the best one."""

    metric: str
    compared: tuple[int, ...]
    """Trials, the best of them first."""
    p_values: tuple[float, ...]
    """Of each but the best: how likely so large a difference is where there is none, corrected by Holm's method."""
    alike: tuple[int, ...]
    """Those that the rows do not tell apart from the best one."""
    fastest: int
    """Of these and the best one that which trained in the least time."""

    def describe(self) -> str:
        """One sentence without a full stop; empty where the best one stands alone."""
        if not self.alike:
            return ""
        best, among = self.compared[0], len(self.compared) - 1
        listed = f"{'trial' if len(self.alike) == 1 else 'trials'} {', '.join(map(str, self.alike))}"
        told = f"trial {best} cannot be told apart from {listed} by {self.metric} on these rows"
        if len(self.alike) < among:
            told += f" ({counted(among, 'trial')} were compared with it)"
        cheaper = f"; the fastest of all is trial {self.fastest}" if self.fastest != best else ""
        return told + cheaper


def trials_within_noise(
    record: StudyRecord,
    best: Trial,
    kept: KeptScores,
    *,
    classes: Sequence[Label] = (),
    threshold: float = 0.5,
    asked: AskedMetric | None = None,
    seed: int = 0,
    progress: Progress = SILENT,
) -> WithinNoise | None:
    """The best `MOST_TRIALS` trials by paired tests on the very same rows; None where there is nothing to compare.

    ROC AUC of two classes by DeLong's test, others by the standard error of the difference over resamples of the rows.
    """
    metric = record.objective.metric
    found = _best_trials(record, best, kept)
    if len(found) < 2 or len(record.objectives) > 1:
        return None
    scores = {trial.id: each for trial, each in found}
    if len({len(each.labels) for each in scores.values()}) > 1 or scores[best.id].labels.ndim > 1:
        return None
    p_values = _delong(list(scores.values())) if metric == "roc_auc" and len(classes) == 2 else None
    if p_values is None:
        task = "classification" if classes else "regression"
        checked = [check_input(each.labels, _of_classes(each, len(classes)), task=task, classes=classes or None,  # type: ignore[arg-type]
                               threshold=threshold, slices={}, asked=asked) for each in scores.values()]  # fmt: skip
        values = [record.value(trial) or 0.0 for trial, _ in found]
        differences = [abs(value - values[0]) for value in values[1:]]
        p_values = _resampled(checked, differences, metric, threshold, seed=seed, progress=progress)
    if p_values is None:
        return None
    adjusted = holm(p_values)
    others = [trial for trial, _ in found[1:]]
    alike = [trial for trial, p_value in zip(others, adjusted, strict=True) if p_value >= SIGNIFICANT]
    fastest = min((best, *alike), key=_seconds)
    return WithinNoise(metric=metric, compared=tuple(scores), p_values=tuple(adjusted), fastest=fastest.id,
                       alike=tuple(trial.id for trial in alike))  # fmt: skip


def _best_trials(record: StudyRecord, best: Trial, kept: KeptScores) -> list[tuple[Trial, TrialScores]]:
    """Of those whose scores were kept the best, the best of all first."""
    counted_ = [trial for trial in record.trials if trial.state in COUNTED and trial.id != best.id
                and record.objective.is_better(record.value(trial), None)]  # fmt: skip
    sign = -1.0 if record.objective.goal == "MAXIMIZE" else 1.0
    counted_.sort(key=lambda trial: (sign * (record.value(trial) or 0.0), trial.id))
    found = []
    for trial in (best, *counted_):
        scores = kept.find(trial.id)
        if trial is best and scores is None:
            return []
        found += [(trial, scores)] if scores is not None else []
        if len(found) == MOST_TRIALS:
            break
    return found


def _of_classes(scores: TrialScores, num_classes: int) -> np.ndarray:
    """Of two classes the probability of the positive one."""
    return scores.scores[:, 1] if num_classes == 2 and scores.scores.ndim == 2 else scores.scores


def _delong(scores: Sequence[TrialScores]) -> list[float] | None:
    first, *others = scores
    positive = np.asarray(first.labels == 1)
    tests = [delong_test(positive, _of_classes(first, 2).astype(np.float64), _of_classes(each, 2).astype(np.float64))
             for each in others]  # fmt: skip
    found = [test.p_value for test in tests if not isinstance(test, Undefined)]
    return found if len(found) == len(tests) else None


def _resampled(
    checked: Sequence[CheckedInput],
    differences: Sequence[float],
    metric: str,
    threshold: float,
    *,
    seed: int,
    progress: Progress,
) -> list[float] | None:
    """Two-sided, of the first against each of the others; None where the metric has no resamples."""
    num_rows = len(checked[0].labels)
    rows = chosen_rows(num_rows, seed)
    drawn = num_rows if rows is None else len(rows)
    measures = [weighted_metrics(each, threshold, rows) for each in checked]
    first, *others = resample(measures, drawn, num_resamples=NUM_RESAMPLES, seed=seed, progress=progress)
    if metric not in first.at or num_rows < 2:
        return None
    p_values = []
    for other, difference in zip(others, differences, strict=True):
        spread = float(np.nanstd(first.values[metric] - other.values[metric])) * math.sqrt(drawn / num_rows)
        p_values.append(math.erfc(difference / spread / math.sqrt(2.0)) if spread > 0 else float(difference == 0))
    return p_values


def _seconds(trial: Trial) -> float:
    """What it took; endless where nobody knows."""
    return (trial.ended - trial.started).total_seconds() if trial.started and trial.ended else math.inf
