"""Learning curves of a learner whose curve is known in closed form, and how they are told."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import hagane as hg
from hagane.errors import DataError, SpecError
from hagane.evaluation.learning_curve import LearningCurve
from hagane.evaluation.report.learning_curve_html import learning_curve_html
from hagane.fronts.cli.run import run
from hagane.spec.spec import Model, Spec, Split
from hagane.workflow.learning_curve import learning_curve
from hagane.workspace.workspace import Workspace

NUM_FEATURES, NOISE = 20, 2.0


def rows_of_a_line(num_rows: int) -> pa.Table:
    random = np.random.default_rng(0)
    x = random.normal(size=(num_rows, NUM_FEATURES))
    y = x @ random.normal(size=NUM_FEATURES) + NOISE * random.normal(size=num_rows)
    return pa.table({f"x{i}": x[:, i] for i in range(NUM_FEATURES)} | {"y": y})


def squared_error(num_rows: float) -> float:
    """Of least squares with an intercept over normal features, in the mean over training rows."""
    return NOISE**2 * (1 + 1 / num_rows) * (1 + NUM_FEATURES / (num_rows - NUM_FEATURES - 2))


@pytest.fixture(scope="module")
def curve(tmp_path_factory: pytest.TempPathFactory) -> LearningCurve:
    spec = Spec(data="(frame)", label="y", model=Model(type="linear_reg", options={"l2_reg": 0.0}),
                split=Split(eval_fraction=0.1, test_fraction=0.5))  # fmt: skip
    return learning_curve(spec, workspace=Workspace(tmp_path_factory.mktemp("w")), frame=rows_of_a_line(8_000),
                          metric="mean_squared_error")  # fmt: skip


def test_it_finds_the_known_curve(curve: LearningCurve) -> None:
    now, then = squared_error(curve.num_rows), squared_error(10 * curve.num_rows)
    noise = NOISE**2 * (2 / curve.num_judged_rows) ** 0.5  # of the level, which all trainings share
    assert curve.now.value == pytest.approx(now, abs=4 * noise)
    assert curve.gain.low - 0.002 <= now - then <= curve.gain.high + 0.002
    assert curve.law.exponent > 0.6
    assert curve.then.low < curve.then.value < curve.now.value


def test_rows_grow_and_nest(curve: LearningCurve) -> None:
    assert [point.share for point in curve.points] == sorted(point.share for point in curve.points)
    of_first = [point.num_rows for point in curve.points if point.repeat == 0]
    assert of_first == sorted(of_first)
    assert curve.num_rows == of_first[-1]
    assert {share: sum(1 for point in curve.points if point.share == share) for share in (1 / 32, 1 / 4, 1.0)} == {
        1 / 32: 5, 1 / 4: 3, 1.0: 1}  # fmt: skip
    assert curve.part == "test"


def test_it_is_told_in_words_on_a_page_and_as_json(curve: LearningCurve) -> None:
    assert "10 times the rows" in curve.describe()
    page = learning_curve_html(curve, "a <line>")
    assert "a &lt;line&gt;" in page
    assert page.count("<circle") >= len(curve.points)
    assert msgspec.json.decode(msgspec.json.encode(curve), type=LearningCurve).gain == curve.gain


@pytest.mark.slow
def test_the_same_rows_and_seed_give_the_same_curve(tmp_path: Path) -> None:
    spec = Spec(data="(frame)", label="y", model=Model(type="linear_reg"))
    one, other = (
        learning_curve(spec, workspace=Workspace(tmp_path / name), frame=rows_of_a_line(1_500)) for name in "ab"
    )
    assert [point.value for point in one.points] == [point.value for point in other.points]
    assert one.law == other.law
    assert not Workspace(tmp_path / "a").cache.entries()


def test_of_a_metric_of_which_more_is_better_one_less_it_falls(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=3_000)
    frame = pa.table({"x": x, "y": random.random(3_000) < 1 / (1 + np.exp(-2 * x))})
    spec = Spec(data="(frame)", label="y", model=Model(type="logistic_reg"))
    found = learning_curve(spec, workspace=Workspace(tmp_path), frame=frame, metric="roc_auc", more=4)
    assert 0.7 < found.now.low <= found.now.value <= found.now.high < 0.95
    assert found.then.value >= found.now.value
    assert "4 times the rows" in found.describe()


@pytest.mark.parametrize(("metric", "more", "where"), [("rocauc", 10, "--metric"), (None, 1, "--more")])
def test_what_cannot_be_asked(tmp_path: Path, metric: str | None, more: float, where: str) -> None:
    with pytest.raises(SpecError) as caught:
        learning_curve(Spec(data="(frame)", label="y"), workspace=Workspace(tmp_path), metric=metric, more=more)
    assert caught.value.faults[0].where == where


def test_too_few_rows_and_a_metric_of_another_task(tmp_path: Path) -> None:
    spec = Spec(data="(frame)", label="y", model=Model(type="linear_reg"))
    with pytest.raises(DataError, match="too few training rows"):
        learning_curve(spec, workspace=Workspace(tmp_path), frame=rows_of_a_line(150))
    with pytest.raises(SpecError, match="these models have no metric 'roc_auc'"):
        learning_curve(spec, workspace=Workspace(tmp_path), frame=rows_of_a_line(150), metric="roc_auc")


def test_the_command_tells_it_and_draws_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    pq.write_table(rows_of_a_line(2_000), "rows.parquet")
    asked = ("rows.parquet", "--label", "y", "--model", "linear_reg", "--more", "5")
    assert run(("learning-curve", *asked, "--html", "curve.html")) == 0
    told = capsys.readouterr().out
    assert "5 times the rows" in told
    assert "judged on the same" in told
    assert "<svg" in Path("curve.html").read_text()
    assert run(("learning-curve", *asked, "--html", "nowhere/curve.html")) != 0


@pytest.mark.slow
def test_the_document_says_what_python_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    pq.write_table(rows_of_a_line(2_000), "rows.parquet")
    asked = ("rows.parquet", "--label", "y", "--model", "linear_reg", "--more", "5")
    assert run(("learning-curve", *asked, "--json")) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["learning_curve"]["more"] == 5
    spec = Spec(data="rows.parquet", label="y", model=Model(type="linear_reg"))
    assert hg.learning_curve(spec, more=5).describe() == document["told"]
