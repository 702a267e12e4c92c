"""AutoML: what is tried, what is decided, and that its result is an ordinary spec."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from hagane.errors import HaganeError, SpecError, TrainingError
from hagane.progress import SILENT
from hagane.progress.events import Event, TrialEnded, TrialStarted
from hagane.spec.read_yaml import read_yaml
from hagane.spec.spec import Model, Spec, Split
from hagane.spec.write_brief_yaml import write_brief_yaml
from hagane.tuning import portfolio
from hagane.tuning.trial import TrialState
from hagane.workflow.automl import automl
from hagane.workflow.automl_result import AutoMlResult
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace

QUICK = {"budget": "1h", "families": ["boosted_tree", "linear"], "num_trials": 0}
"""An hour in name: so few rows take seconds, and no test hangs on what a busy machine does meanwhile."""


@pytest.fixture(scope="module", autouse=True)
def _short_portfolio() -> Iterator[None]:
    """Trees in one form and a linear model: the other forms differ in numbers alone."""
    patch = pytest.MonkeyPatch()
    kept = [each for each in portfolio.PORTFOLIO if each.kind == "linear" or each is portfolio.PORTFOLIO[0]]
    patch.setattr(portfolio, "PORTFOLIO", tuple(kept))
    yield
    patch.undo()


class Told:
    """A `Progress` that keeps what it is told, and is interrupted when `end` says so."""

    phase = SILENT.phase

    def __init__(self, interrupt_after: int = 10**9) -> None:
        self.events: list[Event] = []
        self.notes: list[str] = []
        self._interrupt_after = interrupt_after

    def note(self, text: str) -> None:
        self.notes.append(text)

    def tell(self, event: Event) -> None:
        self.events.append(event)
        if sum(isinstance(each, TrialEnded) for each in self.events) >= self._interrupt_after:
            raise KeyboardInterrupt

    def numbers(self, kind: type[Any]) -> list[int]:
        return [event.trial for event in self.events if isinstance(event, kind)]


def rows(num_rows: int = 400, seed: int = 0) -> pa.Table:
    """A label that follows a ratio of two columns and a category."""
    random = np.random.default_rng(seed)
    a, b = random.lognormal(size=(2, num_rows))
    job = random.choice(["smith", "miner", "cook"], num_rows)
    score = 2 * np.log(a / b) + (job == "smith") + random.normal(size=num_rows)
    return pa.table({"a": a, "b": b, "job": job, "late": score > 0, "minutes": score})


def asked(label: str = "late", frame: pa.Table | None = None, **options: Any) -> Spec:
    return Spec(data="(a frame)", name="m", label=label, exclude=("minutes",) if label == "late" else ("late",),
                model=Model(options=QUICK | options))  # fmt: skip


def run(spec: Spec, folder: Path, frame: pa.Table | None = None, progress: Any = SILENT) -> AutoMlResult:
    return automl(spec, workspace=Workspace(folder), frame=rows() if frame is None else frame, progress=progress)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[AutoMlResult, Told, Path]:
    folder, told = tmp_path_factory.mktemp("automl"), Told()
    return run(asked(), folder, progress=told), told, folder


def test_the_result_is_registered_and_judged_on_rows_that_nothing_saw(found: tuple[AutoMlResult, Told, Path]) -> None:
    result, _, folder = found
    assert Workspace(folder).get("m").path == result.trained.bundle
    assert result.trained.evaluation.part == "test"
    assert result.interval is not None
    assert result.interval.low <= result.trained.evaluation.metrics["roc_auc"] <= result.interval.high  # type: ignore[operator]


def test_training_the_spec_that_came_out_makes_the_same_model(found: tuple[AutoMlResult, Told, Path]) -> None:
    result, _, folder = found
    spec = read_yaml(write_brief_yaml(result.spec))
    assert spec == result.spec
    again = train(spec, workspace=Workspace(folder / "again"), frame=rows())
    assert (again.bundle / "model.onnx").read_bytes() == (result.trained.bundle / "model.onnx").read_bytes()


def test_a_ratio_that_tells_the_label_is_found_and_written_down(found: tuple[AutoMlResult, Told, Path]) -> None:
    result, _, _ = found
    assert result.spec.transform is not None
    assert result.spec.transform["a_per_b"] == "a / b"
    assert any("a_per_b" in reason and "kept" in reason for reason in result.because)


def test_the_leaderboard_holds_all_that_was_tried_the_best_first(found: tuple[AutoMlResult, Told, Path]) -> None:
    result, told, _ = found
    values = [row.value for row in result.leaderboard if row.value is not None]
    assert values == sorted(values, reverse=True)
    assert {row.number for row in result.leaderboard} == set(told.numbers(TrialEnded))
    assert {"logistic_reg", "boosted_tree_classifier"} <= {row.model_type for row in result.leaderboard}
    assert sum(row.share for row in result.leaderboard) == pytest.approx(1)
    assert all(row.error and row.error > 0 and row.row_milliseconds and row.graph_bytes for row in result.leaderboard)
    assert result.leaderboard[0].behind == 0


def test_time_is_planned_told_and_accounted_for(found: tuple[AutoMlResult, Told, Path]) -> None:
    result, told, _ = found
    assert told.notes[0].startswith("budget 3600 s: ")
    assert sum(step.seconds for step in result.steps) == pytest.approx(result.duration_seconds, abs=0.5)


def test_numbers_are_predicted_too(tmp_path: Path) -> None:
    result = run(asked("minutes", families=["boosted_tree"], ensemble=False), tmp_path)
    assert result.objective.metric == "root_mean_squared_error"
    assert result.spec.model.type == "boosted_tree_regressor"
    assert sum(row.share > 0 for row in result.leaderboard) == 1


def test_options_are_searched_while_time_is_left_and_kept_only_beyond_noise(tmp_path: Path) -> None:
    result = run(asked(families=["linear"], num_trials=6), tmp_path)
    assert len({row.options.get("l2_reg", 1.0) for row in result.leaderboard}) == len(result.leaderboard) == 7
    (decision,) = (reason for reason in result.because if reason.startswith("options of linear"))
    kept = result.spec.model.options.get("l2_reg", 1.0) != 1.0
    assert decision.endswith("kept" if kept else "noise")


def test_what_was_tried_before_an_interruption_is_not_tried_again(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(asked(families=["linear"], num_trials=6), tmp_path, progress=Told(interrupt_after=4))
    told = Told()
    again = run(asked(families=["linear"], num_trials=6, budget="2h"), tmp_path, progress=told)
    assert min(told.numbers(TrialStarted)) >= 4  # the fourth was measured, and may not have been kept yet
    undisturbed = run(asked(families=["linear"], num_trials=6), tmp_path / "other")
    assert again.spec == undisturbed.spec
    assert [row.value for row in again.leaderboard] == [row.value for row in undisturbed.leaderboard]
    assert Workspace(tmp_path).runs() == ()


def test_a_leak_is_told_and_left_out_where_that_is_asked(tmp_path: Path) -> None:
    frame = rows()
    leaky = frame.append_column("answer", pa.array(["yes" if late else "no" for late in frame["late"].to_pylist()]))
    told = run(asked(families=["linear"]), tmp_path, leaky)
    assert [leak.column for leak in told.leaks] == ["answer"]
    assert told.dropped == ()
    dropped = run(asked(families=["linear"], drop_leaks=True), tmp_path, leaky)
    assert dropped.dropped == ("answer",)
    assert "answer" in dropped.spec.exclude
    assert dropped.trained.evaluation.metrics["roc_auc"] < 1  # type: ignore[operator]


def test_twenty_rows_are_enough_for_a_model(tmp_path: Path) -> None:
    result = run(asked("minutes", families=["linear", "boosted_tree"]), tmp_path, rows(20))
    assert result.trained.evaluation.num_rows > 0


def test_one_class_is_told_as_what_it_is(tmp_path: Path) -> None:
    frame = rows().set_column(3, "late", pa.array([True] * 400))
    with pytest.raises(HaganeError, match="fewer than two classes"):
        run(asked(), tmp_path, frame)


def test_a_candidate_that_fails_is_told_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hagane.errors import Fault
    from hagane.models.logistic_reg import LogisticReg

    def fail(*_: object) -> None:
        raise TrainingError(Fault(what="the solver gave up"))

    monkeypatch.setattr(LogisticReg, "fit", fail)
    result = run(asked(), tmp_path)
    (failed,) = (row for row in result.leaderboard if row.state is TrialState.FAILED)
    assert failed.reason == "the solver gave up"
    with pytest.raises(TrainingError, match="linear: the solver gave up"):
        run(asked(families=["linear"]), tmp_path)


@pytest.mark.parametrize("method", ["none", "key", "time"])
def test_every_split_has_rows_to_compare_by(tmp_path: Path, method: str) -> None:
    frame = rows().append_column("day", pa.array(np.arange(400) // 4))
    split = Split(method=method) if method == "none" else Split(method=method, column="day")  # type: ignore[arg-type]
    spec = Spec(data="(a frame)", name="m", label="late", exclude=("minutes",), split=split,
                model=Model(options=QUICK | {"families": ["linear"]}))  # fmt: skip
    result = run(spec, tmp_path, frame)
    assert result.leaderboard[0].value is not None
    assert result.spec.split.method == method


def test_a_spec_that_asks_for_automl_is_run_by_it_and_not_trained(tmp_path: Path) -> None:
    spec = Spec(data="(a frame)", name="m", label="minutes", exclude=("late",),
                model=Model(type="automl_regressor", options=QUICK | {"families": ["linear"]}))  # fmt: skip
    assert read_yaml(write_brief_yaml(spec)) == spec
    assert run(spec, tmp_path).spec.model.type == "linear_reg"
    with pytest.raises(SpecError, match="automl_regressor is searched, not trained"):
        train(spec, workspace=Workspace(tmp_path), frame=rows())


def test_what_automl_does_not_do_is_refused_all_at_once() -> None:
    spec = Spec(data="f.csv", label=("a", "b"), model=Model(type="dnn_classifier"))
    with pytest.raises(SpecError) as refused:
        run(spec, Path("nowhere"))
    assert [fault.where for fault in refused.value.faults] == ["model.type", "label"]


def test_an_objective_of_another_kind_of_label_is_refused_before_anything_is_tried(tmp_path: Path) -> None:
    told = Told()
    with pytest.raises(SpecError) as refused:
        run(asked("minutes", optimization_objective="roc_auc"), tmp_path, progress=told)
    assert refused.value.faults[0].where == "model.options.optimization_objective"
    assert told.numbers(TrialStarted) == []
