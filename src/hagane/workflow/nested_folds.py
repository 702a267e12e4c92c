"""`search_nested_folds`: what searching itself is worth: all of it repeated without each of so many parts of the rows.

Each time the search sees nothing of one part: it is measured there, with whatever it chose. The mean is that of the
procedure, not of one model. It is for few rows, of which a test part would be too small to say much (Cawley and Talbot
2010, "On over-fitting in model selection and subsequent selection bias"). The trainings of different parts share most
of their rows, so that the spread of the figures says too little: it is widened as Nadeau and Bengio 2003, "Inference
for the generalization error", do.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from hagane.data.folds import Fold
from hagane.errors import Fault, TrainingError
from hagane.evaluation.bootstrap import LEVEL, ConfidenceInterval, round_off
from hagane.evaluation.metric_info import metric_info
from hagane.number_text import brief_text, supported_digits
from hagane.progress import SILENT, Progress
from hagane.spec.duration import parse_duration
from hagane.tuning.open_study import open_or_make_study
from hagane.tuning.run_trials import run_trials
from hagane.tuning.search import Search
from hagane.tuning.study_about import StudyAbout
from hagane.tuning.trial import Trial
from hagane.workflow.hyperparameters import set_hyperparameters
from hagane.workflow.shared_rows import Division, SharedRows
from hagane.workflow.study_plan import StudyPlan
from hagane.workflow.trial_runner import TrialRunner
from hagane.workspace.workspace import Workspace

INNER_FOLDS = 5
"""Without `tuning.folds` a fifth of the rows that a search sees is its eval part."""


class OuterFold(msgspec.Struct, frozen=True, kw_only=True):
    """One search, and what it came to on rows of which it saw nothing."""

    number: int
    trial: Trial
    """The best of this search."""
    chosen_by: float
    """What it was worth there."""
    value: float
    """What it is worth on the rows that were held out."""
    num_rows: int
    """Of these."""


class NestedFolds(msgspec.Struct, frozen=True, kw_only=True):
    """The whole procedure, measured."""

    metric: str
    folds: tuple[OuterFold, ...]
    mean: float
    interval: ConfidenceInterval
    """95 %."""

    def describe(self) -> str:
        """One sentence without a full stop."""
        digits = supported_digits(self.mean, self.interval.low, self.interval.high)
        bounds = f"{brief_text(self.interval.low, digits)} to {brief_text(self.interval.high, digits)}"
        chosen = brief_text(statistics.fmean(fold.chosen_by for fold in self.folds), digits)
        return (
            f"searched {len(self.folds)} times without a part of the rows, {metric_info(self.metric).title} is "
            f"{brief_text(self.mean, digits)} ({bounds}) on that part, and {chosen} by what trials were chosen"
        )


def search_nested_folds(
    plan: StudyPlan, about: StudyAbout, *, workspace: Workspace, shared: SharedRows, progress: Progress = SILENT
) -> NestedFolds:
    """Repeat the search of `about` as `plan` has it `tuning.nested_folds` times. Raises HaganeError.

    `num_trials` and `budget` are those of each search. An interruption begins anew.
    """
    count = plan.tuning.nested_folds
    assert count is not None
    found = []
    told = progress.phase("search nested folds", total=count, unit="searches")
    with told as phase, workspace.scratch("nested") as folder:
        for number in range(1, count + 1):
            outer = Fold(number=number, count=count, part="test")
            found.append(_fold(plan, about, outer, folder, workspace=workspace, shared=shared))
            phase.advance(1)
    values = [fold.value for fold in found]
    return NestedFolds(metric=plan.objectives[0].metric, folds=tuple(found), mean=statistics.fmean(values),
                       interval=interval_of_folds(values))  # fmt: skip


def interval_of_folds(values: Sequence[float]) -> ConfidenceInterval:
    """Of the mean of k figures, each of 1 / k of the rows: t with k − 1 degrees of freedom, the variance s² times
    1 / k + 1 / (k − 1), since the trainings share rows.

    >>> interval_of_folds([0.8, 0.82, 0.79, 0.81])
    ConfidenceInterval(low=0.7736..., high=0.8363...)
    """
    from scipy.stats import t

    k, mean = len(values), statistics.fmean(values)
    spread = statistics.stdev(values) * math.sqrt(1.0 / k + 1.0 / (k - 1))
    reach = float(t.ppf((1.0 + LEVEL) / 2.0, k - 1)) * spread
    return ConfidenceInterval(round_off(mean - reach), round_off(mean + reach))


def _fold(
    plan: StudyPlan, about: StudyAbout, outer: Fold, folder: Path, *, workspace: Workspace, shared: SharedRows
) -> OuterFold:
    inner = plan.tuning.folds or INNER_FOLDS
    held_out = Fold(number=inner, count=inner)  # by time the latest
    divisions: tuple[Division, ...] = (outer,) if plan.tuning.folds else (outer, held_out)
    runner = TrialRunner(plan.searched, workspace=workspace, shared=shared, divisions=divisions)
    budget = plan.tuning.budget
    with closing(open_or_make_study(folder / f"{outer.number}.sqlite", about)) as study:
        search = Search(
            study,
            num_trials=plan.tuning.num_trials,
            seconds=None if budget is None else parse_duration(budget),
            max_iterations=plan.most_iterations,
        )
        with search:
            run_trials(search, runner)
        record = search.record()
    best, metric = record.best_trial, record.objective.metric
    if best is None:
        raise TrainingError(Fault(what=f"no trial was measured to its end in nested fold {outer.number}",
                                  where="tuning.nested_folds"))  # fmt: skip
    settled = set_hyperparameters(plan.searched, best.parameters)
    run = runner.run(settled, SILENT, divisions=(outer, held_out), part="held_out")
    value, chosen = run.metrics.get(metric), record.value(best)
    if value is None or chosen is None:
        raise TrainingError(Fault(what=f"{metric} is undefined on the rows of nested fold {outer.number}",
                                  where="tuning.nested_folds", next_step="ask for fewer"))  # fmt: skip
    return OuterFold(number=outer.number, trial=best, chosen_by=chosen, value=value, num_rows=len(run.found.labels))
