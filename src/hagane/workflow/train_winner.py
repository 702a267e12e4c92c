"""`train_winner`: the best trial of a study as a registered model, and how far its figure can be trusted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from hagane.data.folds import all_folds
from hagane.data.split import EVAL, TEST
from hagane.errors import Fault, SpecError
from hagane.evaluation.metric_info import metric_info
from hagane.features.label import LabelEncoding
from hagane.models import family_options, get_family
from hagane.models.options import FamilyOptions, value_faults
from hagane.number_text import brief_text, supported_digits
from hagane.progress import SILENT, Progress
from hagane.spec.spec import Spec
from hagane.tuning.study_notes import study_notes
from hagane.tuning.study_record import StudyRecord
from hagane.tuning.trial import Trial
from hagane.workflow.check_declared import declared_options
from hagane.workflow.check_rows import with_schema
from hagane.workflow.hyperparameters import set_hyperparameters
from hagane.workflow.kept_scores import KeptScores
from hagane.workflow.retrain import Retrain, check_retrain, retrain_of
from hagane.workflow.score import asked_of
from hagane.workflow.searched_spec import OPTIONS
from hagane.workflow.select_features import FeatureSelection, select_features
from hagane.workflow.shared_rows import DividedRows, SharedRows
from hagane.workflow.study_name import study_name
from hagane.workflow.study_plan import StudyPlan
from hagane.workflow.train import TrainResult, train
from hagane.workflow.trial_runner import TrialRunner
from hagane.workflow.trials_within_noise import WithinNoise, trials_within_noise
from hagane.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Winner:
    """A study's model."""

    trained: TrainResult
    spec: Spec
    """Settled: what a person would have written for this model."""
    selection: FeatureSelection | None
    """Which features were left out; None where none was looked for."""
    within_noise: WithinNoise | None
    """The trials that are not told apart from it; None where that cannot be tested."""
    is_retrained: bool
    """Whether it was trained on train and eval rows together."""
    notes: tuple[str, ...]
    """What one should know of the search, then of the model."""


def check_study_rows(plan: StudyPlan, shared: SharedRows, progress: Progress = SILENT) -> None:
    """Raise before any trial where the split leaves no rows to judge trials on, or what is asked needs others.

    SpecError for a split without eval rows, and for `tuning.retrain` with what is fitted on them; DataError where rows
    do not suffice for the folds.
    """
    spec = set_hyperparameters(plan.searched, plan.space.default_point())
    rows = _rows(spec, shared, progress)
    counts = rows.splits.counts
    for family in plan.families:
        check_retrain(replace(spec, tuning=plan.tuning), family=family.name, num_eval_rows=counts[EVAL],
                      num_test_rows=counts[TEST])  # fmt: skip
    if not counts[EVAL] and not plan.tuning.folds:
        raise SpecError(_no_eval_rows())
    for fold in all_folds(plan.tuning.folds) if plan.tuning.folds else ():
        shared.divided(*with_schema(spec), progress, divisions=(fold,))


def train_winner(
    plan: StudyPlan,
    record: StudyRecord,
    best: Trial,
    *,
    workspace: Workspace,
    shared: SharedRows,
    frame: object | None = None,
    progress: Progress = SILENT,
) -> Winner:
    """Train the best trial as `train` does with its hyperparameters, on train and eval rows together where that is
    asked for, and hold its figure on rows that no trial saw against the one that it was chosen by. Raises HaganeError.
    """
    settled = set_hyperparameters(plan.searched, best.parameters)
    rows = _rows(settled, shared, progress)
    selection = None
    if plan.tuning.select:
        runner = TrialRunner(settled, workspace=workspace, frame=frame, shared=shared)
        selection = select_features(settled, runner, progress)
    retrain = _retrain(plan, settled, rows, best, selection)
    trained = train(plan.searched, workspace=workspace, frame=frame, hparams=best.parameters, retrain=retrain,
                    shared=shared, progress=progress)  # fmt: skip
    label = shared.label(rows, plan.families[0].task.value)
    noise = None
    if isinstance(label, LabelEncoding):
        threshold, asked = settled.evaluation.threshold, asked_of(settled.model)
        kept = KeptScores.of_study(workspace, study_name(plan.declared))
        noise = trials_within_noise(record, best, kept, classes=label.classes, threshold=threshold, asked=asked,
                                    seed=plan.tuning.seed, progress=progress)  # fmt: skip
    notes = [*_figures(record, best, trained, retrain)]
    notes += [selection.describe()] if selection else []
    notes += [noise.describe()] if noise and noise.alike else []
    notes += study_notes(record, best, lambda name, value: _can_be(plan, best, name, value))
    spec = settled if retrain is None else retrain.applied(settled)
    is_retrained = retrain is not None and retrain.split is not None
    return Winner(trained, spec, selection, noise, is_retrained, (*notes, *trained.notes))


def _rows(spec: Spec, shared: SharedRows, progress: Progress) -> DividedRows:
    return shared.divided(*with_schema(spec), progress)


def _retrain(
    plan: StudyPlan, settled: Spec, rows: DividedRows, best: Trial, selection: FeatureSelection | None
) -> Retrain | None:
    """How the winner is trained otherwise than its trial; over folds without eval rows it must be trained on all."""
    by_folds = plan.tuning.folds is not None and not rows.splits.counts[EVAL]
    selected = Retrain()
    if selection is not None and selection.dropped:
        selected = Retrain(transform=selection.spec.transform, dropped=selection.dropped)
    if not plan.tuning.retrain and not by_folds:
        return selected if selected != Retrain() else None
    family = get_family(settled.model.type)
    options = family_options(family, declared_options(settled, family, num_rows=rows.statistics.num_rows))
    again = retrain_of(rows.labelled.spec.split, options, best.best_iteration)
    return replace(again, transform=selected.transform, dropped=selected.dropped)


def _figures(record: StudyRecord, best: Trial, trained: TrainResult, retrain: Retrain | None) -> Iterator[str]:
    """What the winner is worth on rows that no trial saw, beside what it was chosen by."""
    metric, chosen = record.objective.metric, record.value(best)
    evaluation = trained.evaluation
    found, interval = evaluation.metrics.get(metric), evaluation.confidence.get(metric)
    title, num_trials = metric_info(metric).title, len(record.trials)
    if retrain is not None and retrain.split is not None:
        yield retrain.describe()
    if evaluation.part != "test":
        step = "" if record.tuning.nested_folds else "; give split.test_fraction a share, or tuning.nested_folds"
        yield (
            f"the split has no test rows: {title} is of the {evaluation.part} rows, and flatters the best of "
            f"{num_trials} trials{step}"
        )
    elif found is not None and chosen is not None:
        better = chosen - found if record.objective.goal == "MAXIMIZE" else found - chosen
        digits = supported_digits(found, interval.low, interval.high) if interval else 4
        bounds = f" ({brief_text(interval.low, digits)} to {brief_text(interval.high, digits)})" if interval else ""
        rows = f"{record.tuning.folds} folds" if record.tuning.folds else "eval rows"
        how = "better" if better > 0 else "worse"
        yield (
            f"{title} is {brief_text(found, digits)}{bounds} on the test rows that no trial saw; on the {rows} by "
            f"which it was chosen of {num_trials} trials it is {brief_text(chosen, digits)}, "
            f"{brief_text(abs(better), 2)} {how}"
        )


def _can_be(plan: StudyPlan, best: Trial, name: str, value: Any) -> bool:
    """Whether a hyperparameter may have a value beyond its range: an option what its family takes, a literal of a
    feature any; of others nobody knows."""
    if name.startswith("transform."):
        return True
    if not name.startswith(OPTIONS):
        return False
    type_ = best.parameters.get("model.type", plan.families[0].name)
    family = get_family(type_)
    assert issubclass(family.Options, FamilyOptions)
    option = name.removeprefix(OPTIONS).removeprefix(f"{family.name}.").partition("[")[0]
    return "." in option or "[" in name or not value_faults(family.Options, {option: value})


def _no_eval_rows() -> Fault:
    return Fault(
        what="the split leaves no eval rows by which trials could be judged",
        where="split",
        expected="eval_fraction > 0 (and test_fraction > 0, for rows that no trial sees), or tuning.folds",
        next_step="give split.eval_fraction and split.test_fraction a share each; of few rows: tuning: {folds: 5}",
    )
