"""`train_trial`: a trial of a study as a registered model."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from msgspec.structs import replace

from hagane.progress import SILENT, Progress
from hagane.spec.read_yaml import read_yaml
from hagane.spec.spec import Spec
from hagane.spec.tuning import Tuning
from hagane.tuning.open_study import open_study, study_path
from hagane.tuning.study_record import StudyRecord
from hagane.tuning.trial import Trial
from hagane.workflow.read_study import read_study
from hagane.workflow.shared_rows import SharedRows
from hagane.workflow.study_plan import plan_study
from hagane.workflow.train import TrainResult, train
from hagane.workflow.train_winner import Winner, train_winner
from hagane.workflow.trial_spec import find_trial, trial_spec
from hagane.workflow.winner_of_training import winner_of_training
from hagane.workspace.workspace import Workspace


def train_trial(
    name: str,
    number: int | None = None,
    *,
    workspace: Workspace,
    storage: str | None = None,
    frame: object | None = None,
    progress: Progress = SILENT,
) -> TrainResult:
    """Train the trial of this number, the best without one, as `train` trains with its hyperparameters.

    `frame` stands in for the data of a study that was made of a frame. The best one is trained as the search trained
    it, or would have: on eval rows, too, and without features that help no more than noise, where `tuning.retrain` and
    `tuning.select` ask for that; its model is kept with the study as its winner. Raises HaganeError.
    """
    record = read_study(name, workspace=workspace, storage=storage)
    trial = find_trial(record, number)
    if record.best_trial is None or trial.id != record.best_trial.id:
        declared = read_yaml(record.searched_spec or record.spec)
        return train(declared, workspace=workspace, frame=frame, hparams=trial.parameters, progress=progress)
    winner = _winner(record, trial, workspace, frame, progress)
    place: str | Path = study_path(workspace.studies_folder, name) if storage is None else storage
    with closing(open_study(place, name)) as study:
        study.keep_winner(
            winner_of_training(trial.id, winner.spec, winner.trained, notes=winner.notes, retrained=winner.is_retrained)
        )
    return winner.trained


def _winner(
    record: StudyRecord, trial: Trial, workspace: Workspace, frame: object | None, progress: Progress
) -> Winner:
    shared = SharedRows(frame, workspace.root, answers=workspace.fit_answers)
    spec = read_yaml(record.spec)
    plan = plan_study(replace(spec, tuning=_tuning(record, trial, spec)), shared, progress)
    return train_winner(plan, record, trial, workspace=workspace, shared=shared, frame=frame, progress=progress)


def _tuning(record: StudyRecord, trial: Trial, spec: Spec) -> Tuning:
    """What becomes of the best may have changed since the study was begun: the winner says how it was trained last."""
    tuning, winner = spec.tuning or Tuning(), record.winner
    if winner is None or winner.trial != trial.id or not winner.spec:
        return tuning
    is_selected = read_yaml(winner.spec).transform != trial_spec(record, trial.id).transform
    return replace(tuning, retrain=winner.retrained, select=tuning.select or is_selected)
