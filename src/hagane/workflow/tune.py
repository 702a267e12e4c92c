"""`tune`: from a spec that leaves something open to the best model that was found, registered."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import msgspec
import pyarrow as pa

from hagane.errors import Fault, StorageError, TrainingError
from hagane.file_lock import lock_file
from hagane.progress import SILENT, Progress
from hagane.spec.duration import parse_duration
from hagane.spec.spec import Spec
from hagane.spec.write_yaml import write_yaml
from hagane.tuning.open_study import open_or_make_study, open_study, shown_place, study_path
from hagane.tuning.run_trials import run_trials
from hagane.tuning.run_trials_at_once import run_trials_at_once
from hagane.tuning.search import Search
from hagane.tuning.stopping import rungs
from hagane.tuning.study import Study
from hagane.tuning.study_about import StudyAbout
from hagane.tuning.study_record import StudyRecord
from hagane.tuning.trial import Trial
from hagane.workflow.kept_scores import KeptScores
from hagane.workflow.nested_folds import NestedFolds, search_nested_folds
from hagane.workflow.select_features import FeatureSelection
from hagane.workflow.shared_rows import SharedRows
from hagane.workflow.study_changes import check_same_study
from hagane.workflow.study_name import study_name
from hagane.workflow.study_plan import StudyPlan, plan_study
from hagane.workflow.study_run import study_run
from hagane.workflow.tensorboard_trials import tensorboard_trials
from hagane.workflow.train import TrainResult
from hagane.workflow.train_winner import check_study_rows, train_winner
from hagane.workflow.trial_workers import threads_each, write_order
from hagane.workflow.trials_within_noise import WithinNoise
from hagane.workflow.winner_of_training import winner_of_training
from hagane.workspace.run_releases import run_releases
from hagane.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class TuneResult:
    """What a search left behind, and what its user should know."""

    record: StudyRecord
    """The study as it is now: its name, its file, its trials."""
    declared: Spec
    """What was asked for."""
    searched: Spec
    """With everything that was searched written where it stands."""
    best: Trial
    """The trial of which the model is: of several objectives the one that is best in the first."""
    spec: Spec
    """Settled: what a person would have written for this model."""
    trained: TrainResult
    """The best trial's model, trained as `train` trains, evaluated on rows that no trial saw."""
    selection: FeatureSelection | None
    """Which features were left out of the winner; None where none was looked for."""
    within_noise: WithinNoise | None
    """The trials that the rows do not tell apart from the best one; None where that cannot be tested."""
    nested: NestedFolds | None
    """What searching itself is worth; None where it was not asked for."""
    reason: str
    """Why the search ended: `num_trials`, `budget` or `exhausted`."""
    notes: tuple[str, ...]
    duration_seconds: float

    @property
    def study(self) -> str:
        """The study's name."""
        return self.record.name


def tune(spec: Spec, *, workspace: Workspace, frame: object | None = None, progress: Progress = SILENT) -> TuneResult:
    """Search what `spec` leaves open as its `tuning` says, train the best and register it in `workspace`.

    `frame` (Arrow, pandas, Polars) stands in for `spec.data` where given. A study of the same name goes on where its
    last process left it; where it has all of its trials, its best is trained. Raises HaganeError: SpecError with
    every fault of the spec or its space, or where the study of this name searches something else; StorageError where
    another process is at work on it; TrainingError where most trials failed or none was measured.
    """
    began = time.monotonic()
    frame = _lasting(frame)
    workspace.check_writable()
    shared = SharedRows(frame, workspace.root, answers=workspace.fit_answers)
    plan = plan_study(spec, shared, progress)
    check_study_rows(plan, shared, progress)
    name = study_name(plan.declared)
    place = plan.tuning.storage or study_path(workspace.studies_folder, name)
    with (
        _alone(workspace, name, plan),
        closing(_study(plan, name, place, KeptScores.of_study(workspace, name))) as study,
        tensorboard_trials(plan.searched, workspace, progress) as told,
    ):
        budget = plan.tuning.budget
        search = Search(
            study,
            num_trials=plan.tuning.num_trials,
            max_parallel_trials=plan.tuning.max_parallel_trials,
            seconds=None if budget is None else parse_duration(budget) - (time.monotonic() - began),
            max_iterations=plan.most_iterations,
            progress=told,
        )
        _tell_of_grid(plan, progress)
        with search:
            _run(search, plan, workspace, frame, shared)
        if (failures := search.failures()) is not None:
            raise failures
        record = msgspec.structs.replace(search.record(), path=shown_place(place), tuning=plan.tuning)
    best = winner_of(record)
    found = train_winner(plan, record, best, workspace=workspace, shared=shared, frame=frame, progress=progress)
    nested = None
    if plan.tuning.nested_folds is not None:
        nested = search_nested_folds(plan, _about(plan, name), workspace=workspace, shared=shared, progress=progress)
    notes = (nested.describe(), *found.notes) if nested is not None else found.notes
    winner = winner_of_training(best.id, found.spec, found.trained, notes=notes, retrained=found.is_retrained)
    with closing(open_study(place, name)) as study:
        study.keep_winner(winner)
    return TuneResult(
        record=msgspec.structs.replace(record, winner=winner),
        declared=plan.declared,
        searched=plan.searched,
        best=best,
        spec=found.spec,
        trained=found.trained,
        selection=found.selection,
        within_noise=found.within_noise,
        reason=search.reason or "",
        nested=nested,
        notes=notes,
        duration_seconds=time.monotonic() - began,
    )


def _run(search: Search, plan: StudyPlan, workspace: Workspace, frame: object | None, shared: SharedRows) -> None:
    """All trials: one after another in this process, unless one ended a process already; else in others."""
    num_workers = min(plan.tuning.max_parallel_trials, search.num_left())
    if num_workers <= 1 and not search.has_killer():
        run_trials(search, study_run(plan.searched, workspace, frame, shared=shared))
        return
    with workspace.scratch("study") as folder:
        command = write_order(folder, plan.searched, workspace, frame, num_workers=max(1, num_workers))
        threads = threads_each(max(1, num_workers))
        run_trials_at_once(search, command, folder, num_workers=num_workers, num_threads=threads)


def winner_of(record: StudyRecord) -> Trial:
    """The best trial: of several objectives the one of the front that is best in the first. Raises TrainingError."""
    best: Trial | None = None
    for trial in record.best_trials:
        if best is None or record.objective.is_better(record.value(trial), record.value(best)):
            best = trial
    if best is not None:
        return best
    reasons = {trial.error or trial.infeasible_reason for trial in record.trials} - {""}
    raise TrainingError(
        Fault(
            what="no trial was measured to its end: there is no best one",
            where=f"study {record.name}",
            received=f"{len(record.trials)} trials",
            next_step="give it more time or other ranges; the same command goes on",
        ),
        *(Fault(what=reason) for reason in sorted(reasons)),
    )


def _tell_of_grid(plan: StudyPlan, progress: Progress) -> None:
    num_points = plan.space.num_points
    if plan.tuning.algorithm == "grid" and num_points is not None and num_points > plan.tuning.num_trials:
        left = num_points - plan.tuning.num_trials
        progress.note(f"the grid has {num_points:,} points, of which num_trials leaves {left:,} untried")


def _lasting(frame: object | None) -> object | None:
    """A frame that can be read more than once."""
    if isinstance(frame, pa.RecordBatchReader):
        return cast("object", frame.read_all())
    return [*frame] if isinstance(frame, Iterator) else frame


def _study(plan: StudyPlan, name: str, place: Path | str, kept: KeptScores) -> Study:
    about = _about(plan, name)
    study = open_or_make_study(place, about)
    try:
        check_same_study(study.about, about, plan.declared)
        if not study.trials():
            kept.remove()  # of a study of this name whose file was deleted
    except BaseException:
        study.close()
        raise
    return study


def _about(plan: StudyPlan, name: str) -> StudyAbout:
    most = plan.most_iterations(plan.space.default_point())
    return StudyAbout(
        name=name,
        spec=write_yaml(plan.declared),
        searched_spec=write_yaml(plan.searched),
        space=plan.space,
        objectives=plan.objectives,
        algorithm=plan.tuning.algorithm,
        stopping=plan.tuning.stopping,
        rungs=rungs(plan.tuning.stopping, most) if most and len(plan.objectives) == 1 else (),
        seed=plan.tuning.seed,
        data=plan.fingerprint,
        releases=run_releases(),
        created=datetime.now(UTC),
    )


@contextmanager
def _alone(workspace: Workspace, name: str, plan: StudyPlan) -> Iterator[None]:
    """While this process is the only one at work on a study of the workspace. Raises StorageError."""
    if plan.tuning.storage is not None:
        yield
        return
    workspace.studies_folder.mkdir(parents=True, exist_ok=True)
    held = _lock(workspace.studies_folder / f"{name}.lock", name)
    try:
        yield
    finally:
        os.close(held)


def _lock(path: Path, name: str) -> int:
    held = lock_file(path)
    if held is None:
        step = (
            "wait for it, or give this one a name of its own: --study NAME; several machines share a PostgreSQL storage"
        )
        raise StorageError(Fault(what=f"another process is at work on the study '{name}'", next_step=step))
    return held
