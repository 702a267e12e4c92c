"""A trial is the training that it stands for, without the bundle: the same features, bits and figures."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from hagane.bundle.bundle import Bundle
from hagane.errors import Fault, TrainingError
from hagane.evaluation.evaluation import Evaluation
from hagane.progress import SILENT
from hagane.spec.calibration import Calibration
from hagane.spec.outliers import Outliers
from hagane.spec.spec import Downsample, Model, Spec, Split, Training
from hagane.spec.spec import Evaluation as Asked
from hagane.spec.strategy import Strategy
from hagane.tuning.run_trial import InfeasibleTrialError, TrialOutcome
from hagane.tuning.trial import Measurement
from hagane.workflow import shared_rows
from hagane.workflow.hyperparameters import set_hyperparameters
from hagane.workflow.score import report, score_table
from hagane.workflow.train import train
from hagane.workflow.trial_runner import TrialRunner
from hagane.workspace.workspace import Workspace

FEATURES = {
    "x": "ML.QUANTILE_BUCKETIZE(x, HPARAM_RANGE(2, 90)) OVER ()",
    "job": "ML.ONE_HOT_ENCODER(job, 'none', HPARAM_RANGE(1, 9)) OVER ()",
    "k": "k",
    "at": "ML.STANDARD_SCALER(UNIX_SECONDS(at)) OVER ()",
}
VALUES = {"transform.x": 20, "transform.job": 3}
SHORT = {
    "boosted_tree_classifier": {"max_iterations": 25},
    "boosted_tree_regressor": {"max_iterations": 25},
    "random_forest_classifier": {"num_parallel_tree": 10},
    "dnn_classifier": {"hidden_units": [8], "max_iterations": 3},
    "dnn_regressor": {"hidden_units": [8], "max_iterations": 3},
    "logistic_reg": {},
    "linear_reg": {},
}


def spec_of(label: str | tuple[str, ...], family: str, **sections: Any) -> Spec:
    options = SHORT[family] | sections.pop("options", {})
    features = sections.pop("transform", FEATURES)
    return Spec(
        data="(a frame)", name="m", label=label, model=Model(type=family, options=options), transform=features,
        **sections,
    )  # fmt: skip


def never(_: object) -> bool:
    return False


def of_eval_rows(bundle: Path, runner: TrialRunner, spec: Spec) -> Evaluation:
    """What the bundle of a training is worth on its own eval rows, through its graph."""
    prepared = runner.run(spec, SILENT).prepared
    served = Bundle.load(bundle)
    scored = score_table(served, prepared.splits.eval, prepared.label)
    return report(scored, served.signature, spec.evaluation, prepared.resolved.spec.model, part="eval")


CASES: dict[str, Spec] = {
    "trees": spec_of("good", "boosted_tree_classifier"),
    "weighted trees": spec_of("good", "boosted_tree_classifier", training=Training(auto_class_weights=True)),
    "calibrated": spec_of("good", "boosted_tree_classifier", calibration=Calibration(method="platt")),
    "calibrated by weight": spec_of(
        "good", "logistic_reg", calibration=Calibration(method="isotonic"), training=Training(weight_column="w")
    ),
    "downsampled": spec_of("good", "logistic_reg", training=Training(downsample=Downsample(rate=0.5))),
    "threshold": spec_of("good", "logistic_reg", evaluation=Asked(threshold=0.3)),
    "classes": spec_of("grade", "dnn_classifier"),
    "forest": spec_of("grade", "random_forest_classifier"),
    "number": spec_of("value", "linear_reg"),
    "quantile": spec_of("value", "boosted_tree_regressor", options={"loss": "quantile", "quantile_level": 0.8}),
    "several numbers": spec_of(("value", "value2"), "dnn_regressor"),
    "several truths": spec_of(("good", "flag2"), "dnn_classifier"),
    "outliers": spec_of("good", "boosted_tree_classifier", outliers=Outliers(z_score={"x": 2.0})),
}


@pytest.fixture(scope="module")
def rows(mixed: pa.Table) -> pa.Table:
    value = mixed["value"].to_numpy()
    columns = {"value2": value**2 / 5, "flag2": np.sin(3 * value) > 0.2, "w": np.abs(np.cos(value)) + 0.1}
    for name, column in columns.items():
        mixed = mixed.append_column(name, pa.array(column))
    return mixed


QUICK = ("calibrated", "downsampled", "classes", "number", "several truths")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in CASES]
)
def test_a_trial_is_worth_what_its_training_is(name: str, rows: pa.Table, workspace: Workspace) -> None:
    spec = set_hyperparameters(CASES[name], VALUES)
    runner = TrialRunner(spec, workspace=workspace, frame=rows, settle=lambda spec, _: spec)
    outcome = runner(1, {}, never)
    result = train(spec, workspace=workspace, frame=rows)
    expected = of_eval_rows(result.bundle, runner, spec)
    assert outcome.metrics.keys() == expected.metrics.keys()
    for metric, value in expected.metrics.items():
        assert outcome.metrics[metric] == (None if value is None else pytest.approx(value, rel=1e-5, abs=1e-6)), metric
    assert outcome.best_iteration == result.model.best_iteration
    assert not outcome.stopped


SHARED = ("open_table", "check_rows", "label_rows", "split_table", "set_outliers_aside", "measure_statistics",
          "fit_labels", "look_for_leaks", "downsample")  # fmt: skip


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How often each step was taken."""
    found = dict.fromkeys(SHARED, 0)

    def counted(name: str) -> Any:
        step = getattr(shared_rows, name)

        def call(*args: Any, **options: Any) -> Any:
            found[name] += 1
            return step(*args, **options)

        return call

    for name in SHARED:
        monkeypatch.setattr(shared_rows, name, counted(name))
    return found


def run_all(spec: Spec, workspace: Workspace, rows: pa.Table, trials: list[dict[str, Any]]) -> list[Any]:
    runner = TrialRunner(spec, workspace=workspace, frame=rows)
    return [runner(number, values, never) for number, values in enumerate(trials, 1)]


def test_rows_are_prepared_once(rows: pa.Table, workspace: Workspace, counts: dict[str, int]) -> None:
    spec = spec_of(
        "good", "logistic_reg", options={"l2_reg": "HPARAM_RANGE(0.0, 9.0)"}, outliers=Outliers(z_score={"x": 3.0}),
        training=Training(downsample=Downsample(rate=0.9)),
    )  # fmt: skip
    trials = [{"transform.x": 2 + i, "transform.job": 1 + i, "model.options.l2_reg": float(i)} for i in range(4)]
    outcomes = run_all(spec, workspace, rows, trials)
    assert counts == dict.fromkeys(SHARED, 1)
    assert len({outcome.metrics["log_loss"] for outcome in outcomes}) == 4
    assert [outcome.num_cached for outcome in outcomes] == [0, 9, 9, 9]  # k, at and the label, of three parts


def test_another_process_measures_nothing_again(rows: pa.Table, workspace: Workspace, counts: dict[str, int]) -> None:
    """Statistics and leaks are found by the first of a study's workers, and read by the others as they were."""
    spec = spec_of("good", "logistic_reg")
    settled = set_hyperparameters(spec, VALUES)
    runs = [TrialRunner(spec, workspace=workspace, frame=rows).run(settled, SILENT) for _ in range(2)]
    assert (counts["split_table"], counts["measure_statistics"], counts["look_for_leaks"]) == (2, 1, 1)
    first, second = (run.prepared for run in runs)
    assert first.statistics == second.statistics
    assert first.leaks == second.leaks
    assert first.transform.to_json() == second.transform.to_json()
    assert runs[0].metrics == runs[1].metrics


def test_what_depends_on_a_hyperparameter_is_done_again(
    rows: pa.Table, workspace: Workspace, counts: dict[str, int]
) -> None:
    """A rule of outliers is searched: the rows are read and divided once, and set aside and measured once a value."""
    spec = spec_of("good", "logistic_reg", outliers=Outliers(rules={"far": "x > HPARAM_CANDIDATES([1.5, 2.5])"}))
    trials = [{**VALUES, "outliers.rules.far": value} for value in (1.5, 2.5, 1.5)]
    first, second, third = run_all(spec, workspace, rows, trials)
    assert first.metrics != second.metrics
    assert first.metrics == third.metrics
    once, twice = (
        ("open_table", "check_rows", "split_table"),
        ("set_outliers_aside", "measure_statistics", "fit_labels"),
    )
    assert {counts[name] for name in once} == {1}
    assert {counts[name] for name in twice} == {2}


def test_values_that_make_no_spec_are_infeasible(rows: pa.Table, workspace: Workspace) -> None:
    spec = spec_of("good", "boosted_tree_classifier", options={"max_tree_depth": "HPARAM_RANGE(-1, 4)"})
    with pytest.raises(InfeasibleTrialError, match="max_tree_depth") as caught:
        run_all(spec, workspace, rows, [{**VALUES, "model.options.max_tree_depth": -1}])
    assert isinstance(caught.value.faults[0], Fault)


def test_a_training_that_breaks_has_failed(rows: pa.Table, workspace: Workspace) -> None:
    weightless = rows.append_column("nothing", pa.array(np.zeros(len(rows))))
    spec = spec_of("good", "logistic_reg", training=Training(weight_column="nothing"))
    with pytest.raises(TrainingError, match="weigh 0"):
        run_all(spec, workspace, weightless, [VALUES])


def test_a_study_without_eval_rows_is_told_so(rows: pa.Table, workspace: Workspace) -> None:
    with pytest.raises(InfeasibleTrialError, match="no eval rows"):
        run_all(spec_of("good", "logistic_reg", split=Split(method="none")), workspace, rows, [VALUES])


def test_no_test_row_is_looked_at(rows: pa.Table, workspace: Workspace) -> None:
    """Test rows with other labels, and other values, are worth the same to a trial."""
    part = np.where(np.arange(len(rows)) % 5 == 0, "TEST", np.where(np.arange(len(rows)) % 5 == 1, "EVAL", "TRAIN"))
    spec = spec_of("good", "boosted_tree_classifier", split=Split(method="column", column="part"))
    split = rows.append_column("part", pa.array(part))
    (true,) = run_all(spec, workspace, split, [VALUES])
    turned = pa.array(split["good"].to_numpy(zero_copy_only=False) ^ (part == "TEST"))
    other = split.set_column(split.schema.get_field_index("good"), "good", turned)
    moved = pa.array(np.where(part == "TEST", 1e6, other["x"].to_numpy()), mask=pc.is_null(other["x"]).to_numpy())
    other = other.set_column(other.schema.get_field_index("x"), "x", moved)
    (found,) = run_all(spec, workspace, other, [VALUES])
    assert found.metrics == true.metrics


def resources() -> tuple[int, list[str]]:
    """Files that this process has open, and the processes that it started."""
    tasks = Path("/proc/self/task").glob("*/children")
    return len(os.listdir("/proc/self/fd")), [child for task in tasks for child in task.read_text().split()]


LONG = {
    "boosted_tree_classifier": {"max_iterations": 500, "early_stop": False},
    "random_forest_classifier": {"num_parallel_tree": 3},
    "logistic_reg": {"l1_reg": 0.01},
    "dnn_classifier": {"hidden_units": [8], "max_iterations": 200, "early_stop": False},
    "dnn_linear_combined_classifier": {"hidden_units": [8], "max_iterations": 200, "early_stop": False},
    "tabnet_classifier": {"n_d": 4, "n_a": 4, "num_steps": 2, "max_iterations": 200, "early_stop": False},
}


@pytest.mark.parametrize("family", LONG)
def test_a_trial_ends_when_it_is_told_to(family: str, rows: pa.Table, workspace: Workspace) -> None:
    spec = Spec(data="(a frame)", name="m", label="good", transform={"x": "x", "job": "job", "k": "k"},
                model=Model(type=family, options=LONG[family]))  # fmt: skip
    runner = TrialRunner(spec, workspace=workspace, frame=rows)
    heard: list[Measurement] = []

    def end_after_three(measurement: Measurement) -> bool:
        heard.append(measurement)
        return len(heard) == 3

    def trial(number: int) -> TrialOutcome:
        heard.clear()
        return runner(number, {}, end_after_three)

    outcome = trial(1)
    if family == "random_forest_classifier":  # one iteration, and its end
        assert (outcome.stopped, heard) == (False, [])
        return
    before = resources()
    outcome = trial(2)
    assert outcome.stopped
    assert outcome.metrics == heard[-1].metrics
    assert [measurement.iteration for measurement in heard] == [1, 2, 3]
    assert resources() == before
    assert not list(workspace.scratch_parent.iterdir())
    assert workspace.list() == []


@pytest.mark.slow
def test_a_trial_in_processes_of_its_own_ends_when_it_is_told_to(rows: pa.Table, workspace: Workspace) -> None:
    training = Training(strategy=Strategy(type="mirrored", num_processes=2))
    options = LONG["dnn_classifier"] | {"max_iterations": 100_000}
    spec = spec_of("good", "dnn_classifier", options=options, training=training, transform={"x": "x", "k": "k"})
    runner = TrialRunner(spec, workspace=workspace, frame=rows)
    outcome = runner(1, {}, lambda measurement: measurement.iteration >= 5)
    assert outcome.stopped
    assert resources()[1] == []


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.slow
@pytest.mark.parametrize("family", ["boosted_tree_classifier", "logistic_reg", "dnn_classifier"])
def test_nothing_of_a_trial_stays(family: str, mixed: pa.Table, workspace: Workspace) -> None:
    """Fifty trials on 90,000 rows: an encoded column of each that stayed would be 18 MB, its rows as a matrix 180."""
    rows = pa.concat_tables([mixed] * 30)
    spec = spec_of("good", family)
    runner = TrialRunner(spec, workspace=workspace, frame=rows)
    random, sizes = np.random.default_rng(0), []
    for number in range(50):
        values = {"transform.x": int(random.integers(2, 90)), "transform.job": int(random.integers(1, 9))}
        runner(number + 1, values, never)
        gc.collect()
        sizes.append(resident_bytes())
    assert max(sizes[40:]) - max(sizes[10:20]) < 60_000_000  # of 540 MB if one column stayed
    assert resources()[1] == []
