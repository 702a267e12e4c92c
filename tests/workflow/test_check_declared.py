"""What a spec alone has wrong is told before its data are looked at, all of it at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hagane.errors import SpecError
from hagane.fronts.cli.run import run
from hagane.spec.calibration import Calibration
from hagane.spec.intervals import Intervals
from hagane.spec.spec import Downsample, Model, Spec, Training
from hagane.spec.strategy import Strategy
from hagane.spec.warm_start import WarmStartOptions
from hagane.workflow.check_declared import check_declared

DUMMIES: dict[str, Any] = {"l2_reg": 0, "category_encoding_method": "dummy_encoding", "calculate_p_values": True}
WRONG: dict[str, tuple[dict[str, Any], list[str]]] = {
    "options of a family": (
        {"model": Model(type="dnn_classifier", options={"dropuot": 0.1, "learn_rate": -1})},
        ["model.options.dropuot", "model.options.learn_rate"],
    ),
    "options of any family": ({"model": Model(options={"dept": 3})}, ["model.options.dept"]),
    "a strategy of trees": (
        {"training": Training(strategy=Strategy(type="mirrored", num_processes=2), device="cuda")},
        ["training.device", "training.strategy"],
    ),
    "a strategy of a linear model": (
        {"model": Model(type="linear_reg"), "training": Training(strategy="mirrored")},
        ["training.strategy"],
    ),
    "classes of a number": (
        {"model": Model(type="linear_reg"), "training": Training(downsample=Downsample(rate=0.5))},
        ["training.downsample"],
    ),
    "p-values of weighted classes": (
        {"model": Model(type="logistic_reg", options=DUMMIES), "training": Training(auto_class_weights=True)},
        ["training.auto_class_weights"],
    ),
    "p-values under a penalty": (
        {"model": Model(type="linear_reg", options=DUMMIES | {"l2_reg": 1})},
        ["model.options.l2_reg"],
    ),
    "calibrated numbers": (
        {"model": Model(type="dnn_regressor"), "calibration": Calibration()},
        ["calibration"],
    ),
    "intervals of classes": ({"model": Model(type="dnn_classifier"), "intervals": Intervals()}, ["intervals"]),
    "an unknown family": ({"model": Model(type="xgboost")}, ["model.type"]),
    "everything": (
        {"name": "my model", "model": Model(type="linear_reg", options={"l3": 1}), "training": Training(device="cuda")},
        ["name", "model.options.l3", "training.device"],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_every_fault_is_told_at_once(case: str) -> None:
    sections, places = WRONG[case]
    with pytest.raises(SpecError) as raised:
        check_declared(Spec(data="absent.csv", label="y", **sections))
    assert [fault.where for fault in raised.value.faults] == places


@pytest.mark.parametrize(
    "sections",
    [
        {},
        {"training": Training(auto_class_weights=True)},
        {"calibration": Calibration()},
        {"intervals": Intervals()},
        {"model": Model(options={"eval_metric": "roc_auc"})},  # of classes alone
        {"model": Model(options={"loss": "huber", "huber_delta": 2.0})},  # of numbers alone
        {"defaults": "bigquery", "model": Model(type="linear_reg", options=DUMMIES | {"l2_reg": 0.0})},
        {
            "model": Model(options={"hidden_units": [8]}),
            "training": Training(warm_start=WarmStartOptions(model="late")),
        },
    ],
)
def test_what_some_family_can_do_is_left_open(sections: dict[str, Any]) -> None:
    check_declared(Spec(data="absent.csv", label="y", **sections))


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ("--model xgboost", "did you mean: boosted_tree_classifier or boosted_tree_regressor"),
        ("--option max_iteration=3", "did you mean: max_iterations"),
        ("--model linear_reg --strategy mirrored:2", "linear_reg knows no training.strategy"),
        ("--model dnn_classifier --option optimizer=adm", "did you mean: adam"),
        ("--downsample 7", "training.downsample.rate is out of range"),
    ],
)
def test_the_command_line_says_so_without_looking_for_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], options: str, what: str
) -> None:
    """The data are not there, which would be told with code 4; and no workspace is made."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HAGANE_HOME", raising=False)
    assert run(["train", "absent.csv", "--label", "y", *options.split()]) == 3
    assert what in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_label_of_the_wrong_kind_is_refused_when_its_column_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("x,y\n" + "".join(f"{i},{'ab'[i % 2]}\n" for i in range(50)))
    train = ["train", "rows.csv", "--label", "y", "--exclude", "z", "--model", "linear_reg"]
    assert run(train) == 3
    said = capsys.readouterr().err
    assert "2 faults" in said
    assert "linear_reg predicts a number, but the label 'y' is STRING" in said
    assert "no column 'z'" in said
