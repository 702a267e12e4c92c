"""The card in every bundle: its facts are those of the data, its texts the spec's, and nothing in it is markup."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from hagane.bundle.bundle import Bundle
from hagane.spec.calibration import Calibration
from hagane.spec.card import Card
from hagane.spec.intervals import Intervals
from hagane.spec.spec import Model, Spec, Split, Training
from hagane.workflow.train import TrainResult, train
from hagane.workspace.workspace import Workspace

SECTIONS = (
    *("Model details", "Intended use", "Factors", "Metrics", "Evaluation data", "Training data"),
    *("Ethical considerations", "Caveats and recommendations", "Features", "How to reproduce"),
)
"""Mitchell et al. 2019, and what it takes to make the model again."""
NASTY = "<script>alert('x')</script> | `*_[a](b)"


def trained(frame: pa.Table, workspace: Workspace, label: str, **sections: object) -> tuple[TrainResult, str, str]:
    given = {"model": Model(type="boosted_tree_classifier", options={"max_iterations": 15})} | sections
    result = train(Spec(data="(a frame)", label=label, **given), workspace=workspace, frame=frame)
    bundle = Bundle.load(result.bundle)
    return result, bundle.document("model_card.md").decode(), bundle.document("model_card.html").decode()


def section(card: str, title: str) -> str:
    return card.split(f"## {title}\n")[1].split("\n## ", maxsplit=1)[0]


@pytest.fixture(scope="module")
def shops() -> pa.Table:
    """Rows of the south are harder, one column is often missing, one class is rare, there is a time."""
    random = np.random.default_rng(0)
    n = 4_000
    south = random.random(n) < 0.25
    x = random.normal(size=n)
    score = x + random.normal(size=n) * np.where(south, 3.0, 0.3)
    answer = np.where(score > 0, "yes", "no").astype(object)
    answer[:70] = "maybe"
    random.shuffle(answer[:140])
    return pa.table(
        {
            "x": x,
            "region": np.where(south, "south", "north"),
            "sex": np.array(["f", "m"])[random.integers(0, 2, n)],
            "gap": pa.array(random.normal(size=n), mask=random.random(n) < 0.4),
            "at": pa.array(1_600_000_000_000_000 + np.arange(n) * 60_000_000, pa.timestamp("us", "UTC")),
            "answer": answer,
        }
    )


def test_the_card_says_what_the_data_and_the_figures_say(shops: pa.Table, workspace: Workspace) -> None:
    result, card, page = trained(
        shops,
        workspace,
        "answer",
        name="shop",
        training=Training(auto_class_weights=True),
        calibration=Calibration(method="platt"),
        card=Card(intended_use="To be tried.", contact="a@b.c", limits="Only in May."),
    )
    for title in SECTIONS:
        assert f"\n## {title}\n" in card
        assert f"<h2>{title}</h2>" in page
    assert card.startswith("# Model card: shop@1\n")
    assert "a@b.c" in section(card, "Model details")
    assert "max\\_iterations 15" in section(card, "Model details")
    assert "To be tried." in section(card, "Intended use")
    factors = section(card, "Factors")
    assert "region = south" in factors
    assert "region = north" not in factors
    caveats = section(card, "Caveats and recommendations")
    assert "Only in May." in caveats
    share = result.statistics["gap"].num_nulls / result.statistics.num_rows
    assert f"Often NULL in training: gap ({100 * share:.0f} %)." in caveats
    assert "Never NULL in training" in caveats
    assert re.search(r"Classes of few training rows: maybe \(\d\d rows\)", caveats)
    assert "divided at random though they have a time (at)" in caveats
    assert "Judged on" in caveats
    assert "protected characteristics: sex." in section(card, "Ethical considerations")
    assert "Not stated" in section(card, "Ethical considerations")
    data = section(card, "Training data")
    assert f"- **Rows**: {shops.num_rows:,}" in data
    assert "2020-09-13" in data
    assert "makes the probabilities those of the data again" in data
    evaluation = section(card, "Evaluation data")
    assert f"{result.evaluation.num_rows:,} test rows" in evaluation
    assert "choosing the iteration, calibration" in evaluation
    metrics = section(card, "Metrics")
    low = result.evaluation.confidence["accuracy"].low
    assert f"{low:.4f}" in metrics
    assert result.evaluation.slices == ()  # the spec asked for none: they are the card's alone
    assert "auto\\_class\\_weights" not in metrics
    reproduce = section(card, "How to reproduce")
    assert "hagane 0." in reproduce
    assert "label: answer" in section(card, "Spec")


def test_numbers_have_ranges_and_intervals(shops: pa.Table, workspace: Workspace) -> None:
    frame = shops.select(["x", "region", "at"]).append_column("price", pa.array(np.arange(4_000) % 97 / 7))
    result, card, _ = trained(
        frame,
        workspace,
        "price",
        model=Model(type="boosted_tree_regressor", options={"max_iterations": 10}),
        split=Split(method="time", column="at", eval_fraction=0.2, test_fraction=0.1),
        intervals=Intervals(level=0.8),
    )
    caveats = section(card, "Caveats and recommendations")
    assert "Labels of training lie between 0 and 13.7143. Trees answer hardly anything beyond." in caveats
    assert "Judged on the last rows by 'at'" in caveats
    assert "promise of the prediction intervals" in caveats
    assert "80.0 %, split-conformal, fitted on 800 eval rows" in section(card, "Model details")
    found = section(card, "Quantitative analyses: prediction intervals")
    assert f"{100 * result.evaluation.intervals.coverage:.1f} %" in found
    seen = section(card, "Ranges of training")
    low, high = (getattr(result.statistics["x"], end) for end in ("min", "max"))
    assert f"{low:,.6g} … {high:,.6g}" in seen


def test_no_text_of_the_user_becomes_markup(workspace: Workspace, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    n = 600
    frame = pa.table(
        {
            NASTY: np.array([NASTY, "b"])[random.integers(0, 2, n)],
            "x": random.normal(size=n),
            "y": np.array(["<b>no</b>", "# yes"])[random.integers(0, 2, n)],
        }
    )
    card = Card(intended_use=f"{NASTY}\n\n# not a heading", data="```\n" + NASTY)
    _, markdown, page = trained(frame, workspace, "y", card=card)
    assert "<script" not in page
    assert not re.search(r"src=|href=", page)
    assert "&lt;script&gt;" in page
    without_code = re.sub(r"\n(`{3,})\n.*?\n\1\n", "\n", markdown, flags=re.DOTALL)
    assert not re.search(r"(?<!\\)<", without_code)
    assert "\n# not a heading" not in without_code
    rows = [line for line in without_code.splitlines() if line.startswith("|")]
    tables = [len(re.findall(r"(?<!\\)\|", line)) for line in rows]
    assert set(tables) <= {4, 5, 6, 7, 8, 9, 10}
    assert "# Model card: y@1" in markdown


def test_the_card_is_in_the_manifest(shops: pa.Table, workspace: Workspace) -> None:
    result, _, _ = trained(shops.select(["x", "region", "answer"]), workspace, "answer")
    bundle = Bundle.load(result.bundle)
    assert {"model_card.md", "model_card.html"} <= set(bundle.manifest.files)
