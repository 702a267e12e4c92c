"""`train_trial`: a trial of a study as a registered model."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from hagane.progress import SILENT, Progress
from hagane.spec.read_yaml import read_yaml
from hagane.tuning.open_study import open_study, study_path
from hagane.workflow.read_study import read_study
from hagane.workflow.train import TrainResult, train
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

    `frame` stands in for the data of a study that was made of a frame. The best one's model is kept with the study as
    its winner. Raises HaganeError.
    """
    record = read_study(name, workspace=workspace, storage=storage)
    trial = find_trial(record, number)
    declared = read_yaml(record.searched_spec or record.spec)
    trained = train(declared, workspace=workspace, frame=frame, hparams=trial.parameters, progress=progress)
    if record.best_trial is not None and trial.id == record.best_trial.id:
        place: str | Path = study_path(workspace.studies_folder, name) if storage is None else storage
        with closing(open_study(place, name)) as study:
            study.keep_winner(winner_of_training(trial.id, trial_spec(record, trial.id), trained))
    return trained
