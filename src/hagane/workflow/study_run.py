"""`study_run`: what runs the trials of a study, in whichever process."""

from __future__ import annotations

from hagane.progress import SILENT, Progress
from hagane.spec.spec import Spec
from hagane.tuning.run_trial import RunTrial
from hagane.workflow.kept_scores import KeptScores
from hagane.workflow.shared_rows import SharedRows
from hagane.workflow.study_name import study_name
from hagane.workflow.trial_runner import TrialRunner
from hagane.workspace.workspace import Workspace


def study_run(
    spec: Spec,
    workspace: Workspace,
    frame: object | None,
    *,
    shared: SharedRows | None = None,
    num_threads: int = 0,
    progress: Progress = SILENT,
) -> RunTrial:
    """Of a `searched_spec`, as its `tuning` says. `num_threads` is what a trial may use (0: every core)."""
    kept = KeptScores.of_study(workspace, study_name(spec))
    return TrialRunner(
        spec, workspace=workspace, frame=frame, shared=shared, num_threads=num_threads, kept=kept, progress=progress
    )
