"""`trial_of_model`: which trial of which search a model is, for functions that are asked for another one."""

from __future__ import annotations

from typing import NamedTuple

from hagane.bundle.bundle import Bundle
from hagane.errors import Fault, NotFoundError, SpecError
from hagane.tuning.study_record import StudyRecord
from hagane.workflow.study_of_model import study_of_model
from hagane.workflow.write_report import lineage_of
from hagane.workspace.model_version import ModelVersion
from hagane.workspace.workspace import Workspace

LINEAGE_NAME = "lineage.json"
"""A model that was trained elsewhere has none."""


class TrialOfModel(NamedTuple):
    """A study, and the trial of which the model is."""

    record: StudyRecord
    trial_id: int


def trial_of_model(model: ModelVersion, bundle: Bundle) -> TrialOfModel | None:
    """None for a model that was trained without a search, or whose study is not kept."""
    if LINEAGE_NAME not in bundle.manifest.files or not lineage_of(bundle).hyperparameters:
        return None
    try:
        record = study_of_model(model.reference, workspace=Workspace(model.path.parents[2]))
    except NotFoundError:
        return None
    assert record.winner is not None
    return TrialOfModel(record, record.winner.trial)


def check_trial(asked: int, found: TrialOfModel | None, model: ModelVersion) -> None:
    """Raise SpecError where the model is not that of the trial `asked`."""
    if found is None:
        what, step = f"{model.name} did not come out of a search that is kept: it has no trials", "leave trial_id out"
        raise SpecError(Fault(what=what, where="trial_id", received=str(asked), next_step=step))
    if asked == found.trial_id:
        return
    ids = [trial.id for trial in found.record.trials]
    if asked not in ids:
        what, step = f"the search has no trial {asked}", f"one of {ids[0]} to {ids[-1]}"
        raise SpecError(Fault(what=what, where="trial_id", expected=step, received=str(asked)))
    raise SpecError(
        Fault(
            what=f"of the search only the model of the best trial is kept, {found.trial_id}",
            where="trial_id",
            expected=str(found.trial_id),
            received=str(asked),
            next_step=f"train it: hagane tune --train {found.record.name} --trial {asked}; it becomes a version of "
            f"{model.name}",
        )
    )
