"""`hagane tune` and `hagane.tune`: from a table to the best model, and everything that is kept of the way."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

import hagane as hg
from hagane.errors import HaganeError, NotFoundError, SpecError
from hagane.fronts.cli.run import run
from hagane.spec.read_yaml import read_yaml
from hagane.tuning.study_record import StudyRecord

SPEC = """data: flights.csv
label: late
name: tuned
split: {method: time, column: departure}
transform:
  carrier:  ML.ONE_HOT_ENCODER(carrier) OVER ()
  distance: ML.QUANTILE_BUCKETIZE(distance, HPARAM_RANGE(2, 20)) OVER ()
  wind:     IFNULL(`wind speed`, 0)
model: {type: logistic_reg, options: {l2_reg: "HPARAM_RANGE(0.0001, 1.0)", max_iterations: 8}}
tuning: {num_trials: 5, parameters: {model.options.l2_reg: {scale: log}}}
"""


@pytest.fixture(scope="module")
def tuned(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with flights.csv, tuned.yaml and the study `tuned`."""
    folder = tmp_path_factory.mktemp("tuned")
    shutil.copy(home / "flights.csv", folder)
    (folder / "tuned.yaml").write_text(SPEC)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("HAGANE_HOME", str(folder / "home"))
        patch.setenv("COLUMNS", "80")
        assert run(["tune", "tuned.yaml", "--html", "tuned.html", "--events", "events.jsonl"]) == 0
    return folder


@pytest.fixture
def at_tuned(tuned: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same folder, as the current one."""
    monkeypatch.chdir(tuned)
    monkeypatch.setenv("HAGANE_HOME", str(tuned / "home"))
    monkeypatch.setenv("COLUMNS", "80")
    return tuned


def json_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    capsys.readouterr()
    assert run([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def record_of(capsys: pytest.CaptureFixture[str]) -> StudyRecord:
    return msgspec.convert(json_of(capsys, "tune", "--show", "tuned")["study"], StudyRecord)


def test_a_study_leaves_a_model_a_page_and_its_events(at_tuned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = record_of(capsys)
    assert len(record.trials) == 5
    assert record.trials[0].parameters["model.options.l2_reg"] is not None
    assert record.winner is not None
    assert record.winner.trial == record.best_trial.id  # type: ignore[union-attr]
    page = (at_tuned / "tuned.html").read_text(encoding="utf-8")
    assert record.winner.model in page
    assert "which no trial saw" in page
    kinds = [json.loads(line)["event"] for line in (at_tuned / "events.jsonl").read_text().splitlines()]
    assert kinds.count("trial_started") == kinds.count("trial_ended") == 5
    assert kinds.index("study_started") < kinds.index("trial_started") < kinds.index("study_ended")
    assert kinds[-1] == "done"


def test_it_is_listed_and_shown(at_tuned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tune", "--list"]) == 0
    assert run(["tune", "--show", "tuned"]) == 0
    shown = capsys.readouterr().out
    assert "tuned       5                2  roc_auc" in shown
    assert "study tuned  5 trials: " in shown
    assert "transform.distance    2 to 20" in shown
    assert "0.0001 to 1, log scale" in shown
    assert "tuned@1  ROC AUC" in shown
    assert all(len(line) <= 80 for line in shown.splitlines() if ".sqlite" not in line)
    assert run(["tune", "--show", "tuned", "--trial", "2", "--html", "again.html"]) == 0
    assert "trial 2 of study tuned" in capsys.readouterr().out
    assert Path("again.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_trials_spec_trains_to_the_bits_of_its_bundle(at_tuned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = record_of(capsys)
    assert run(["tune", "--best", "tuned"]) == 0
    text = capsys.readouterr().out
    best = record.best_trial
    assert best is not None
    buckets = best.parameters["transform.distance"]
    assert read_yaml(text).transform["distance"] == f"ML.QUANTILE_BUCKETIZE(distance, {buckets}) OVER ()"  # type: ignore[index]
    assert read_yaml(text).tuning is None
    Path("best.yaml").write_text(text)
    trained = json_of(capsys, "train", "best.yaml")
    assert record.winner is not None
    name, _, version = record.winner.model.partition("@")
    first = at_tuned / "home" / "models" / name / version / "model.onnx"
    assert Path(trained["bundle"], "model.onnx").read_bytes() == first.read_bytes()
    again = json_of(capsys, "tune", "--train", "tuned", "--trial", "2")
    assert run(["tune", "--best", "tuned", "--trial", "2"]) == 0
    Path("second.yaml").write_text(capsys.readouterr().out)
    by_spec = json_of(capsys, "train", "second.yaml")
    assert Path(again["bundle"], "model.onnx").read_bytes() == Path(by_spec["bundle"], "model.onnx").read_bytes()


def test_what_is_decided_is_not_searched(at_tuned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = json_of(capsys, "tune", "tuned.yaml", "--hparam", "transform.distance=7", "--study", "decided",
                   "--num-trials", "3", "--algorithm", "random", "--tensorboard", "board")  # fmt: skip
    record = msgspec.convert(told["study"], StudyRecord)
    assert {trial.parameters["transform.distance"] for trial in record.trials} == {7}
    assert len({trial.parameters["model.options.l2_reg"] for trial in record.trials}) == 3
    assert len(list(Path("board/decided").glob("trial-00?/events.out.tfevents*"))) == 3


def test_a_family_is_searched_without_a_spec(at_tuned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["tune", "flights.csv", "--label", "late", "--model", "logistic_reg", "--option", "max_iterations=4"]
    command += ["--num-trials", "2", "--study", "plain", "--split", "time:departure"]
    assert run(command) == 0
    told = capsys.readouterr()
    assert "model.options.l2_reg" in told.err
    assert "log scale" in told.err
    assert told.err.count("trial ") >= 2
    assert "\x1b" not in told.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["tune"], "name a spec, or data and --label"),
        (["tune", "--show", "tuned", "--best", "tuned"], "--show and --best do not go together"),
        (["tune", "tuned.yaml", "--list"], "--list is about a study that is kept"),
        (["tune", "tuned.yaml", "--trial", "3"], "--trial goes with --show, --best or --train"),
        (["tune", "--show", "tund"], "did you mean: tuned"),
        (["tune", "--best", "tuned", "--trial", "99"], "no trial 99"),
        (["tune", "tuned.yaml", "--algorithm", "tpee"], "one of tpe, random"),
        (["tune", "tuned.yaml", "--stopping", "hyperband"], "one of none, median, successive_halving"),
        (["tune", "tuned.yaml", "--hparam", "transform.distanc=3"], "did you mean: transform.distance"),
        (["tune", "tuned.yaml", "--hparam", "transform.distance=300"], "2 to 20"),
        (["tune", "tuned.yaml", "--hparam", "model.options.l1_reg=3"], "--option l1_reg=3"),
        (["tune", "tuned.yaml", "--html", "/nowhere/x.html"], "there is no folder /nowhere"),
        (["tune", "--show", "tuned", "--html", "flights.csv"], "flights.csv"),
    ],
)
def test_what_is_wrong_is_told_before_the_work(
    at_tuned: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    before = sorted(path.name for path in (at_tuned / "home" / "studies").iterdir())
    assert run(arguments) not in (0, 70)
    told = capsys.readouterr()
    assert words in " ".join(told.err.split())
    assert "Traceback" not in told.err
    assert sorted(path.name for path in (at_tuned / "home" / "studies").iterdir()) == before


def test_python_sees_the_same_study(at_tuned: Path, tmp_path: Path) -> None:
    import pandas

    study = hg.load_study("tuned")
    assert "tuned" in [each.name for each in hg.studies()]
    frame = pandas.DataFrame(study.trials)
    assert list(frame["trial"]) == [1, 2, 3, 4, 5]
    best = frame.loc[frame["is_best"]].iloc[0]
    assert best["transform.distance"] == study.best.parameters["transform.distance"]
    assert frame["roc_auc"].max() == best["roc_auc"]
    assert study.spec == study.trial_spec(study.best.id)
    assert study.model.evaluate().metrics["roc_auc"] is not None
    assert study.report(tmp_path / "page.html").read_text().startswith("<!doctype html>")
    assert 'sandbox="allow-scripts"' in study._repr_html_()
    assert repr(study).startswith("<study tuned: 5 trials: ")


def test_python_searches_a_frame_and_what_its_values_say_besides(at_tuned: Path) -> None:
    import pandas

    frame = pandas.read_csv("flights.csv")
    study = hg.tune(
        frame,
        "late",
        model="logistic_reg",
        transform={
            "distance": f"ML.QUANTILE_BUCKETIZE(distance, {hg.hparam_range(2, 9)}) OVER ()",
            "carrier": "carrier",
        },
        options={"l2_reg": hg.hparam_range(1e-4, 1.0, scale="log", default=0.5), "max_iterations": 4},
        num_trials=2,
        study="frame",
        objectives="log_loss",
    )
    assert study.record.objective.goal == "MINIMIZE"
    scales = {each.name: each.scale for each in study.record.dimensions}
    assert scales == {"transform.distance": "linear", "model.options.l2_reg": "log"}
    assert study.record.trials[0].parameters["model.options.l2_reg"] == 0.5
    model = study.train(2, data=frame)
    assert model.bundle.signature.model_type == "logistic_reg"
    with pytest.raises(SpecError, match=r"tuning=.*'parameters'"):
        f"ML.HASH_BUCKETIZE(carrier, {hg.hparam_range(2, 9, step=2)})"
    with pytest.raises(NotFoundError, match="did you mean: frame"):
        hg.load_study("frames")
    with pytest.raises(HaganeError, match="num_trial"):
        hg.tune(frame, "late", tuning={"num_trial": 3})
