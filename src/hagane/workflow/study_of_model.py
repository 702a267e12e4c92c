"""`study_of_model`: the study that a registered model came out of."""

from __future__ import annotations

from hagane.errors import Fault, NotFoundError
from hagane.tuning.study_record import StudyRecord
from hagane.workflow.read_study import list_studies
from hagane.workspace.workspace import Workspace


def study_of_model(reference: str, *, workspace: Workspace) -> StudyRecord:
    """The study of the workspace whose winner is the model `NAME@VERSION`.

    Raises NotFoundError for a model that was trained without a search, or whose study was deleted or lies in a
    database of its own.
    """
    for record in list_studies(workspace)[0]:
        if record.winner is not None and record.winner.model == reference:
            return record
    step = "train it with num_trials in OPTIONS, or with hagane tune"
    raise NotFoundError(
        Fault(what=f"no search is kept of which {reference} is the best model", where=f"workspace {workspace.root}",
              next_step=step)
    )  # fmt: skip
