"""Trials as runs of TensorBoard: what is written is read back by protobuf's own parser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from event_files import PROTO, events, scalars

from hagane.progress.events import StudyStarted, TrialEnded, TrialMeasured, TrialStarted
from hagane.training.tensorboard.tensorboard_trials import TensorBoardTrials

STUDY = StudyStarted(study="late", objectives={"roc_auc": "MAXIMIZE"}, parameters=("x",), num_trials=3)


def hparams(path: Path) -> tuple[dict[str, Any], int]:
    """The hyperparameters of a run, and how it ended: 1 is success, 2 failure."""
    values = {value.tag: value.metadata.plugin_data for event in events(path) for value in event.summary.value}
    start = PROTO["HParams"].FromString(values["_hparams_/session_start_info"].content).start
    end = PROTO["HParams"].FromString(values["_hparams_/session_end_info"].content).end
    return {entry.key: getattr(entry.value, entry.value.WhichOneof("kind")) for entry in start.hparams}, end.status


def test_each_trial_is_a_run_with_its_hyperparameters(tmp_path: Path) -> None:
    with TensorBoardTrials(tmp_path) as trials:
        trials.tell(STUDY)
        for number in (1, 2):
            trials.tell(TrialStarted(trial=number, parameters={"x": number, "units": [64, 32], "age": None}))
        for at in (4, 8):
            trials.tell(TrialMeasured(trial=1, iteration=at, metrics={"eval_loss": 2 / at}, elapsed_seconds=1.0))
        trials.tell(
            TrialEnded(trial=1, state="SUCCEEDED", metrics={"roc_auc": 0.75}, best_iteration=8, duration_seconds=1)
        )
        trials.tell(TrialEnded(trial=2, state="FAILED", reason="out of memory", duration_seconds=1))
        trials.tell(TrialStarted(trial=3, parameters={"x": 3}))
    runs = {folder.name: next(folder.iterdir()) for folder in (tmp_path / "late").iterdir()}
    assert sorted(runs) == ["trial-001", "trial-002", "trial-003"]
    assert scalars(runs["trial-001"]) == {"eval/eval_loss": [(4, 0.5), (8, 0.25)], "trial/roc_auc": [(8, 0.75)]}
    assert scalars(runs["trial-002"]) == {}
    assert hparams(runs["trial-001"]) == ({"x": 1.0, "units": "[64, 32]", "age": "left out"}, 1)
    assert [hparams(runs[name])[1] for name in ("trial-002", "trial-003")] == [2, 2]


def test_a_folder_that_cannot_be_written_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "late").write_text("a file where the study's runs would be")
    told: list[OSError] = []
    with TensorBoardTrials(tmp_path, on_loss=told.append) as trials:
        trials.tell(STUDY)
        for number in (1, 2):
            trials.tell(TrialStarted(trial=number, parameters={"x": number}))
            trials.tell(TrialEnded(trial=number, state="SUCCEEDED", metrics={"roc_auc": 0.5}, duration_seconds=1))
    assert len(told) == 1
