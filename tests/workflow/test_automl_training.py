"""What an AutoML run decided is trained in its time, whatever was foreseen; here the time is over before it begins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from hagane.errors import Fault, TrainingError
from hagane.progress import SILENT
from hagane.progress.events import IterationEnded
from hagane.spec.spec import Model, Spec, Split
from hagane.tuning.trial import TrialState
from hagane.workflow import automl_training
from hagane.workflow.affordable_training import FEWEST_ROUNDS
from hagane.workflow.automl_candidate import AutoMlCandidate, TriedModel
from hagane.workflow.automl_clock import AutoMlClock
from hagane.workflow.automl_training import AutoMlTraining, InTime
from hagane.workflow.bounded_progress import BoundedProgress
from hagane.workflow.compared_rows import ComparedRows
from hagane.workflow.shared_rows import SharedRows
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace

TREES = AutoMlCandidate(name="trees", model_type="boosted_tree_regressor",
                        options={"max_iterations": 3000, "learn_rate": 0.02})  # fmt: skip


@pytest.fixture(scope="module")
def frame() -> pa.Table:
    random = np.random.default_rng(0)
    x = random.normal(size=(300, 2))
    return pa.table({"a": x[:, 0], "b": x[:, 1], "y": x.sum(axis=1) + 0.1 * random.normal(size=300)})


def tried(candidate: AutoMlCandidate, state: TrialState = TrialState.SUCCEEDED) -> TriedModel:
    return TriedModel(number=1, candidate=candidate, state=state, seconds=100.0, best_iteration=900,
                      num_iterations=960, iteration_seconds=0.1)  # fmt: skip


def in_time(frame: pa.Table, folder: Path, model: Model, eligible: list[TriedModel], *, end: float = 0.0) -> InTime:
    base = Spec(data="(frame)", label="y", split=Split(eval_fraction=0.2))
    spec = base if model.type == "auto" else Spec(data="(frame)", label="y", split=base.split, model=model)
    workspace = Workspace(folder)
    training = AutoMlTraining(workspace, SharedRows(frame, workspace.root), SILENT, AutoMlClock(), end)
    rows = ComparedRows(num_folds=3, used=(1,))
    return training.train(spec, {"given": 1.0}, eligible, rows=rows, base=base, is_number=True)


def test_trees_end_with_what_there_is_and_their_spec_says_so(frame: pa.Table, tmp_path: Path) -> None:
    model = Model(type=TREES.model_type, options=TREES.options)
    found = in_time(frame, tmp_path, model, [])
    assert found.spec.model.options["max_iterations"] == FEWEST_ROUNDS
    assert found.trained.spec.model.options["max_iterations"] == FEWEST_ROUNDS
    assert found.because == (f"ended after {FEWEST_ROUNDS} rounds, in its time",)
    again = train(found.spec, workspace=Workspace(tmp_path), frame=frame)
    for name in ("model.onnx", "spec.yaml", "evaluation.json", "statistics.json"):
        assert (again.bundle / name).read_bytes() == (found.trained.bundle / name).read_bytes(), name


def test_what_is_done_in_time_is_what_was_decided(frame: pa.Table, tmp_path: Path) -> None:
    model = Model(type=TREES.model_type, options={"max_iterations": 30})
    found = in_time(frame, tmp_path, model, [], end=3600.0)
    assert (found.spec.model, found.because, found.shares) == (model, (), {"given": 1.0})


def two_members(**options: Any) -> Model:
    member = {"type": TREES.model_type, "options": {"max_iterations": 40}}
    return Model(type="ensemble_regressor", options={"members": [member, member | {"seed": 1}], **options})


def test_an_ensemble_that_takes_too_long_gives_way_to_the_best_trees(frame: pa.Table, tmp_path: Path) -> None:
    linear = AutoMlCandidate(name="linear", model_type="linear_reg")
    found = in_time(frame, tmp_path, two_members(), [tried(linear), tried(TREES)])
    assert found.spec.model.type == TREES.model_type
    assert found.shares == {TREES.key: 1.0}
    assert found.because[0] == "trees alone in its place: it took longer than was foreseen"
    assert found.trained.spec.model.options["max_iterations"] == FEWEST_ROUNDS
    assert Workspace(tmp_path).runs() == ()


def test_without_trees_it_takes_the_time_that_it_takes(frame: pa.Table, tmp_path: Path) -> None:
    found = in_time(frame, tmp_path, Model(type="linear_reg"), [])
    assert found.spec.model.type == "linear_reg"


def test_a_fault_of_the_fit_is_not_taken_for_want_of_time(
    frame: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise TrainingError(Fault(what="the loss became nan"))

    monkeypatch.setattr(automl_training, "train", fails)
    with pytest.raises(TrainingError, match="the loss became nan"):
        in_time(frame, tmp_path, two_members(), [tried(TREES)], end=3600.0)


def test_each_fit_has_its_part_of_the_time() -> None:
    watch = BoundedProgress(SILENT, end=0.0, num_fits=4)
    event = IterationEnded(number=1, step=1, loss=1.0, max_iterations=9, eval_loss=None, learning_rate=None,
                           duration_seconds=1.0, examples_per_second=None, best_iteration=None)  # fmt: skip
    watch.tell(event)  # of nothing that is known
    assert not watch.is_over
    with watch.phase("train boosted_tree_regressor (1 of 2)"), pytest.raises(TrainingError, match="longer than"):
        watch.tell(event)
    watch.tell(event)  # once is enough
