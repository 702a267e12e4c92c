"""Every command on real data and real models, its text and its JSON."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest

from hagane.description.description import Description
from hagane.evaluation.evaluation import Evaluation
from hagane.fronts.cli.run import run
from hagane.spec.read_yaml import read_spec
from hagane.workspace.workspace import Workspace


@pytest.fixture
def say(at_home: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command that must succeed; its stdout."""

    def said(*arguments: str, code: int = 0) -> str:
        capsys.readouterr()
        assert run(arguments) == code, capsys.readouterr().err
        return capsys.readouterr().out

    return said


def test_describe(say):
    text = say("describe", "flights.csv", "--label", "late")
    assert "400 rows, 5 columns" in text
    assert re.search(r"wind speed +FLOAT64 +\d+ %", text)
    assert re.search(r"departure +TIMESTAMP +– +\d+ +2013-01-01 06:00 … 2013-12-", text)
    found = json.loads(say("describe", "flights.csv", "--label", "late", "--json"))
    assert [column["name"] for column in found["statistics"]["columns"]] == [
        "departure",
        "carrier",
        "distance",
        "wind speed",
        "late",
    ]
    assert found["leaks"] == []
    assert msgspec.convert(found, Description).num_sampled_rows == 400
    assert found["correlations"]["num_pairs"] == 10


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("", "the label, late: there are no rows"),
        (",1\n,2\n", "the label, late: NULL in every row"),
        ("true,1\n,1\n", "1 row without late: not used in training."),
    ],
)
def test_describe_tells_of_a_label_without_values(say, at_home, tmp_path, rows, told):
    (tmp_path / "rows.csv").write_text("late,x\n" + rows)
    text = say("describe", str(tmp_path / "rows.csv"), "--label", "late")
    assert told in text
    assert ("nothing to learn" in text) == ("true" not in rows)
    page = tmp_path / "page.html"
    say("describe", str(tmp_path / "rows.csv"), "--label", "late", "--html", str(page))
    assert ("nothing to learn" in page.read_text()) == ("true" not in rows)


def test_one_of_a_kind_is_told_in_the_singular(say, at_home, tmp_path):
    (tmp_path / "one.csv").write_text("late,x\ntrue,3\n")
    (tmp_path / "none.csv").write_text("late,x\ntrue,\n,?\n")
    new = "SELECT * FROM 'flights.csv' LIMIT 1"
    texts = [
        say("describe", str(tmp_path / "one.csv"), "--label", "late"),
        say("describe", str(tmp_path / "none.csv"), "--label", "late", "--html", str(tmp_path / "page.html")),
        (tmp_path / "page.html").read_text(),
        say("schema", "infer", str(tmp_path / "one.csv"), "-o", "-"),
        say("outliers", str(tmp_path / "one.csv"), "--rule", "r=x > 2"),
        say("predict", "late", new, "-o", str(tmp_path / "out.parquet")),
        say("evaluate", "late", new),
    ]
    nouns = "row|column|value|class|prediction|feature|combination|sampled row|character"
    for text in texts:
        assert not re.search(rf"(?<![\d,.-])1 ({nouns})e?s\b", text), text
    assert any("1 row, 2 columns" in text for text in texts)


def test_stages_are_told_in_the_singular(at_home, tmp_path, capsys):
    (tmp_path / "one.csv").write_text("late,x\ntrue,3\n")
    assert run(["describe", str(tmp_path / "one.csv")]) == 0
    assert re.search(r"parse CSV +1 row  ", capsys.readouterr().err)


def test_describe_names_a_leak(say):
    query = "SELECT *, CASE WHEN late THEN 30 ELSE 0 END AS delay FROM 'flights.csv'"
    assert "--exclude delay" in say("describe", query, "--label", "late")
    assert [leak["column"] for leak in json.loads(say("describe", query, "--label", "late", "--json"))["leaks"]] == [
        "delay"
    ]


def test_init_writes_a_spec_that_trains(say, tmp_path):
    path = tmp_path / "spec.yaml"
    assert say("init", "flights.csv", "--label", "late", "-o", str(path)) == f"wrote {path}\n"
    spec = read_spec(path)
    assert spec.label == "late"
    assert spec.transform is not None
    assert {"carrier", "distance", "wind speed"} <= set(spec.transform)
    out = say(
        "train",
        str(path),
        "--model",
        "logistic_reg",
        "--name",
        "from_spec",
        "--json",
        "--workspace",
        str(tmp_path / "w"),
    )
    assert json.loads(out)["model"]["name"] == "from_spec"


def test_init_to_stdout_is_the_spec_alone(say):
    text = say("init", "flights.csv", "-l", "late", "-o", "-")
    assert text.startswith("#")
    assert "\ntransform:\n" in text


def test_train_shows_the_model_and_its_worth(say, tmp_path):
    text = say(
        "train",
        "flights.csv",
        "-l",
        "late",
        "-m",
        "logistic_reg",
        "--workspace",
        str(tmp_path),
        "--exclude",
        "departure",
    )
    assert text.startswith("late@1  logistic_reg, trained in ")
    assert "ROC AUC" in text
    assert "confusion matrix" in text
    assert not re.search(r"\x1b", text)


def test_train_as_json_is_one_document(say, tmp_path):
    out = say(
        "train",
        "flights.csv",
        "-l",
        "late",
        "-m",
        "logistic_reg",
        "--option",
        "l2_reg=0.5",
        "--json",
        "--workspace",
        str(tmp_path),
    )
    found = json.loads(out)
    assert found["model"]["version"] == 1
    assert found["spec"]["model"]["options"]["l2_reg"] == 0.5
    assert sum(found["split_counts"].values()) == 400
    assert Path(found["bundle"]).is_dir()
    assert 0.5 < found["evaluation"]["metrics"]["roc_auc"] <= 1


def test_faults_of_a_spec_found_with_the_data_have_their_lines(at_home, capsys, tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("data: flights.csv\nlabel: late\ntransform:\n  a: LN(distanse)\n  b: carrier +\n")
    capsys.readouterr()
    assert run(["train", str(path)]) == 3
    error = capsys.readouterr().err
    assert f"{path}:4" in error
    assert f"{path}:5" in error
    assert "did you mean: distance" in error
    assert "^" in error


def test_evaluate_shows_the_stored_report(say):
    text = say("evaluate", "late@1")
    assert re.search(r"^ROC AUC 0\.\d{4} on \d+ test rows", text)
    found = json.loads(say("evaluate", "late@1", "--json"))
    bundle = Workspace().get("late@1").path
    assert found["evaluation"] == json.loads((bundle / "evaluation.json").read_bytes())


def test_evaluate_on_data_slices_and_writes_reports(say, tmp_path):
    page, plots = tmp_path / "report.html", tmp_path / "plots"
    text = say("evaluate", "late", "flights.csv", "--slice", "carrier", "--html", str(page), "--plots", str(plots))
    assert "by carrier" in text
    assert "Ö, [x]" in text
    assert "<html" in page.read_text(encoding="utf-8")
    assert {file.suffix for file in plots.iterdir()} == {".png"}
    found = json.loads(say("evaluate", "late", "flights.csv", "--json"))
    assert found["evaluation"]["num_rows"] == 400


def test_predict_writes_a_prediction_for_every_row(say, tmp_path):
    out = tmp_path / "predictions.parquet"
    assert re.match(rf"wrote 400 predictions to {out} in ", say("predict", "late", "flights.csv", "-o", str(out)))
    table = pq.read_table(out)
    assert table.num_rows == 400
    assert {"predicted_late", "distance"} <= set(table.column_names)
    assert set(table["predicted_late"].to_pylist()) == {True, False}
    found = json.loads(say("predict", "late", "flights.csv", "-o", str(out), "--json"))
    assert (found["num_rows"], found["path"]) == (400, str(out))


def test_models_list_show_and_compare(say):
    text = say("models", "list")
    assert re.search(r"^late@2 +boosted_tree +late .*\nlate@1 +logistic_reg +late ", text, re.MULTILINE)
    assert [model["version"] for model in json.loads(say("models", "list", "late", "--json"))["models"]] == [2, 1]
    shown = say("models", "show", "late@1")
    assert "logistic_reg" in shown
    assert "confusion matrix" in shown
    assert json.loads(say("models", "show", "late@1", "--json"))["spec"].startswith("data: flights.csv\n")
    compared = say("compare", "late@1", "late@2")
    assert re.search(r"metric +late@1 +late@2", compared)
    assert "not fair" not in compared
    assert "model.type" in compared
    found = json.loads(say("compare", "late@1", "late@2", "--json"))
    assert found["comparison"]["models"] == ["late@1", "late@2"]


def test_models_delete_asks_first_and_needs_a_version(say, tmp_path, capsys):
    place = ["--workspace", str(tmp_path)]
    for _ in range(2):
        say("train", "flights.csv", "-l", "late", "-m", "logistic_reg", *place)
    assert run(["models", "delete", "late", "--yes", *place]) == 2
    assert run(["models", "delete", "late@1", *place]) == 2
    assert "--yes" in capsys.readouterr().err
    assert say("models", "delete", "late@1", "--yes", *place) == "deleted late@1\n"
    assert [version.version for version in Workspace(tmp_path).list()] == [2]
    found = json.loads(say("models", "delete", "late", "--all", "--yes", "--json", *place))
    assert [model["version"] for model in found["deleted"]] == [2]
    assert say("models", "list", *place) == "no models yet\n"


def test_a_damaged_report_is_named(say, tmp_path, capsys):
    bundle = tmp_path / "late"
    bundle.mkdir()
    (bundle / "MANIFEST.json").write_text("{}")
    assert run(["models", "show", str(bundle)]) == 6
    (bundle / "evaluation.json").write_text("{")
    assert run(["models", "show", str(bundle)]) == 6
    assert "is damaged" in capsys.readouterr().err


def test_serve_answers_over_http_and_ends_with_ctrl_c(at_home):
    command = [sys.executable, "-m", "hagane.fronts.cli", "serve", "late", "--port", "0", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ))
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        while lines[-1] not in ("}\n", ""):
            lines.append(process.stdout.readline())
        started = json.loads("".join(lines))
        row = {"departure": "2013-12-01T06:00:00Z", "carrier": "B6", "distance": 3000, "wind speed": None}
        request = urllib.request.Request(
            f"{started['url']}/v1/models/late:predict",
            json.dumps({"instances": [row]}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            answer = json.load(response)
        assert answer["predictions"][0]["predicted_late"] in (True, False)
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=30)
        assert (rest, process.returncode) == ("", 0), errors
    finally:
        process.kill()
        process.communicate()


def test_the_json_of_an_evaluation_reads_back(say):
    document = json.loads(say("evaluate", "late@2", "--json"))["evaluation"]
    assert Evaluation.from_json(json.dumps(document)).task == "classification"


def test_schema_infer_and_check(say, tmp_path):
    schema = tmp_path / "schema.yaml"
    said = say("schema", "infer", "flights.csv", "-o", str(schema))
    assert f"wrote {schema}" in said
    assert say("schema", "infer", "flights.csv", "-o", "-") == schema.read_text(encoding="utf-8")
    assert "no anomalies" in say("schema", "check", "flights.csv", str(schema))
    say("schema", "infer", "flights.csv", "-o", str(schema), code=73)  # it is there already
    query = "SELECT * REPLACE (CASE WHEN carrier = 'UA' THEN 'UX' ELSE carrier END AS carrier) FROM 'flights.csv'"
    text = say("schema", "check", query, str(schema), code=1)
    assert "carrier  domain" in text
    assert "UX" in text
    found = json.loads(say("schema", "check", query, str(schema), "--json", code=1))
    assert (found["is_clean"], found["num_rows"]) == (False, 400)
    assert [(finding["column"], finding["rule"]) for finding in found["findings"]] == [("carrier", "domain")]
    say("schema", "check", "flights.csv", str(tmp_path / "none.yaml"), code=8)


def test_outliers(say, tmp_path):
    text = say(
        "outliers",
        "flights.csv",
        "--rule",
        "far=distance > 3900",
        "--iqr",
        "distance=3",
        "-o",
        str(tmp_path / "o.parquet"),
    )
    assert "rules.far" in text
    rows = pq.read_table(tmp_path / "o.parquet").to_pylist()
    assert rows
    assert all(row["distance"] > 3900 for row in rows)
    found = json.loads(say("outliers", "flights.csv", "--exclude", "late", "--json"))
    assert found["num_outliers"] == found["rules"]["isolation_score"] <= 8
    assert len(found["examples"]) == min(10, found["num_outliers"])
    assert all("late" not in row["columns"] for row in found["examples"])
    say("outliers", "flights.csv", "--z-score", "distance=many", code=2)
    say("outliers", "flights.csv", "--z-score", "distanc=3", code=3)


def test_a_full_disk_is_no_bug_even_where_no_file_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Workspace, "list", full)
    assert run(["models", "list"]) == 73
    assert capsys.readouterr().err.startswith("error: No space left on device\n  next: make room")


def test_weights(say):
    text = say("weights", "late@1", "--top", "3")
    assert "logistic_reg of late" in text
    assert re.search(r"^intercept +-?\d", text, re.M)
    assert re.search(r"and \d+ more weights \(--all shows them\)", text)
    assert len(text.split("─\n")[1].split("and ")[0].splitlines()) == 3
    assert "each adds to the log odds of true" in text
    assert "p-value" not in text
    assert "more weights" not in say("weights", "late@1", "--all")
    found = json.loads(say("weights", "late@1", "--json"))["weights"]
    assert found["classes"] == ["false", "true"]
    assert {"__INTERCEPT__", "carrier", "distance"} <= {each["processed_input"] for each in found["weights"]}
    fault = json.loads(say("weights", "late@2", "--json", code=3))["faults"][0]
    assert fault["what"] == "only linear models have weights of features"


def test_weights_with_p_values(say):
    options = "l2_reg=0", "calculate_p_values=true", "category_encoding_method=dummy_encoding"
    asked = [part for option in options for part in ("--option", option)]
    say("train", "flights.csv", "--label", "distance", "--model", "linear_reg", "--name", "miles", *asked)
    text = say("weights", "miles")
    assert re.search(r"^feature +category +weight +standardised +std\. error +p-value$", text, re.M)
    assert re.search(r"by t with \d+ degrees of freedom", text)
    say("models", "delete", "miles", "--yes")


def test_several_labels(say, at_home):
    """Labels are named one after another; every command knows them all."""
    csv = "a,b,fog,rain\n" + "".join(
        f"{i % 17},{i % 5},{int(i % 17 > 8) ^ (i % 6 == 0)},{int(i % 5 > 2) ^ (i % 7 == 0)}\n" for i in range(600)
    )
    (at_home / "sky.csv").write_text(csv)
    train = ("train", "sky.csv", "-l", "fog", "-l", "rain", "-n", "sky", "--model", "dnn_classifier")
    text = say(*train, "--label-form", "multi_label", "--option", "max_iterations=3")
    assert "Subset accuracy" in text
    assert re.search(r"^fog +[01]\.\d+", text, re.MULTILINE)
    found = json.loads(say("evaluate", "sky", "sky.csv", "--json"))["evaluation"]
    assert [label["name"] for label in found["labels"]] == ["fog", "rain"]
    say("predict", "sky", "sky.csv", "-o", "out.parquet")
    assert pq.read_schema(at_home / "out.parquet").names[:4] == [
        "predicted_fog", "predicted_fog_probs", "predicted_rain", "predicted_rain_probs",
    ]  # fmt: skip
    spec = say("init", "sky.csv", "-l", "fog", "-l", "rain", "-o", "-")
    assert "label: [fog, rain]" in spec
    say(*train, "--label-form", "one_hott", code=2)
