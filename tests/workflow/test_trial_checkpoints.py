"""A trial that goes on from another's last state is the trial that it would have been by itself, bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from hagane.progress.events import IterationEnded
from hagane.progress.progress import SILENT, Phase
from hagane.spec.spec import Model, Spec
from hagane.workflow.trial_checkpoints import MOST_KEPT, TrialCheckpoints
from hagane.workflow.trial_runner import TrialRun, TrialRunner
from hagane.workspace.folder_lock import lock_folder
from hagane.workspace.workspace import Workspace


class Heard:
    """A `Progress` that keeps the iterations."""

    def __init__(self) -> None:
        self.iterations: list[int] = []

    def phase(self, name: str, **about: Any) -> Phase:
        return SILENT.phase(name, **about)

    def note(self, text: str) -> None:
        pass

    def tell(self, event: object) -> None:
        if isinstance(event, IterationEnded):
            self.iterations.append(event.number)


FEATURES = {"x": "x", "k": "ML.QUANTILE_BUCKETIZE(k, 5) OVER ()", "job": "job"}
CASES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "trees": ("boosted_tree_classifier", "good", {"learn_rate": 0.1}),
    "trees of classes": ("boosted_tree_classifier", "grade", {"learn_rate": 0.1, "early_stop": False}),
    "stopping early": (
        "boosted_tree_regressor",
        "value",
        {"learn_rate": 0.9, "patience": 2, "eval_metric": "r2_score"},
    ),
    "forest": ("random_forest_classifier", "grade", {}),
    "solver": ("logistic_reg", "good", {"l1_reg": 0.5, "early_stop": False}),
    "coordinates": ("linear_reg", "value", {"l1_reg": 0.5}),
    "network": ("dnn_classifier", "good", {"hidden_units": [8], "learn_rate_schedule": "constant"}),
}
SLOW = ("trees of classes", "network", "coordinates")


def spec_of(name: str, budget: int) -> Spec:
    family, label, options = CASES[name]
    key = "num_parallel_tree" if family.startswith("random_forest") else "max_iterations"
    return Spec(data="(a frame)", name="m", label=label, transform=FEATURES,
                model=Model(type=family, options={**options, key: budget}))  # fmt: skip


def answers(run: TrialRun) -> list[tuple[Any, ...]]:
    curve = [(each.iteration, each.loss, each.eval_loss, each.metric, each.learning_rate) for each in run.model.curve]
    return [run.found.scores.tobytes(), run.metrics, curve, run.model.best_iteration]


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in CASES])
def test_a_trial_goes_on_from_another(name: str, mixed: pa.Table, workspace: Workspace) -> None:
    runner = TrialRunner(spec_of(name, 9), workspace=workspace, frame=mixed)
    alone = runner.run(spec_of(name, 9), SILENT)
    assert alone.continued_from is None
    first = runner.run(spec_of(name, 4), SILENT, continues=1)
    assert first.continued_from is None
    heard = Heard()
    second = runner.run(spec_of(name, 9), heard, continues=2)
    assert second.continued_from == 1
    assert answers(second) == answers(alone)
    begins = {"forest": 1, "stopping early": len(first.model.curve) + 1}.get(name, 5)
    assert heard.iterations == list(range(begins, len(alone.model.curve) + 1))
    fewer = runner.run(spec_of(name, 6), SILENT, continues=3)  # it is none of those that go further
    assert fewer.continued_from is None
    assert answers(fewer) == answers(runner.run(spec_of(name, 6), SILENT))


def test_what_ended_early_goes_no_further(mixed: pa.Table, workspace: Workspace) -> None:
    """The eval rows have said that it is enough: more rounds are the same model, and no round is grown for it."""
    runner = TrialRunner(spec_of("stopping early", 50), workspace=workspace, frame=mixed)
    first = runner.run(spec_of("stopping early", 50), SILENT, continues=1)
    assert len(first.model.curve) < 50
    heard = Heard()
    second = runner.run(spec_of("stopping early", 90), heard, continues=2)
    assert (second.continued_from, heard.iterations) == (1, [])
    assert answers(second) == answers(first)


def test_what_differs_elsewhere_begins_at_nothing(mixed: pa.Table, workspace: Workspace) -> None:
    runner = TrialRunner(spec_of("trees", 4), workspace=workspace, frame=mixed)
    runner.run(spec_of("trees", 4), SILENT, continues=1)
    spec = spec_of("trees", 9)
    options = {**spec.model.options, "num_leaves": 7}
    for other in (
        Spec(**{**_fields(spec), "model": Model(type=spec.model.type, options=options)}),
        Spec(**{**_fields(spec), "transform": {"x": "x", "k": "k"}}),
    ):
        assert runner.run(other, SILENT, continues=2).continued_from is None
    tied = {**CASES["network"][2], "learn_rate_schedule": "cosine", "max_iterations": 2}
    network = Spec(data="(a frame)", label="good", model=Model(type="dnn_classifier", options=tied))
    assert runner.run(network, SILENT, continues=3).continued_from is None


def _fields(spec: Spec) -> dict[str, Any]:
    return {name: getattr(spec, name) for name in spec.__struct_fields__}


def test_the_study_says_where_a_trial_went_on_from(mixed: pa.Table, workspace: Workspace) -> None:
    spec = Spec(
        data="(a frame)", name="m", label="good", transform=FEATURES,
        model=Model(type="boosted_tree_classifier", options={"max_iterations": "HPARAM_CANDIDATES([3, 6, 12])"}),
    )  # fmt: skip
    runner = TrialRunner(spec, workspace=workspace, frame=mixed)
    found = [
        runner(number, {"model.options.max_iterations": rounds}, lambda _: False)
        for number, rounds in enumerate((3, 12, 6), 1)
    ]
    assert [outcome.continued_from for outcome in found] == [None, 1, None]


def test_a_trial_that_is_cut_off_leaves_nothing(mixed: pa.Table, workspace: Workspace) -> None:
    spec = spec_of("trees", 100)
    runner = TrialRunner(spec, workspace=workspace, frame=mixed, settle=lambda spec, _: spec)
    outcome = runner(1, {"model.options.max_iterations": 100}, lambda measurement: measurement.iteration >= 3)
    assert outcome.stopped
    (left,) = (workspace.cache_folder / "trials").iterdir()
    assert left.suffix == ".lock"
    assert runner(2, {"model.options.max_iterations": 100}, lambda _: False).continued_from is None


def test_only_some_states_are_kept(tmp_path: Path) -> None:
    checkpoints = TrialCheckpoints(tmp_path)
    for number in range(MOST_KEPT + 3):
        folder = tmp_path / f"{number:03d}"
        folder.mkdir()
        (folder / "trial.json").write_bytes(b"{}")
    held = lock_folder(tmp_path / "000")
    assert held is not None
    checkpoints._keep_newest()
    kept = {path.name for path in tmp_path.iterdir() if path.is_dir()}
    assert len(kept) == MOST_KEPT + 1
    assert "000" in kept
