"""AutoML's cards: safe against any name, and whole on a narrow screen."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from hagane.page.whole_page import whole_page
from hagane.tuning.leaderboard import LeaderboardRow, StepTime
from hagane.tuning.objective import Objective
from hagane.tuning.report.automl_cards import automl_cards
from hagane.tuning.trial import TrialState

HOSTILE = '<script>alert("x")</script>'
ROWS = (
    LeaderboardRow(number=2, name=f"trees {HOSTILE}", model_type="boosted_tree_classifier", options={"a": HOSTILE},
                   derived=("x_per_y",), state=TrialState.SUCCEEDED, value=0.93, error=0.002, behind=0.0, share=1.0,
                   seconds=1.5, row_milliseconds=0.1, graph_bytes=2**21),
    LeaderboardRow(number=1, name="linear", model_type="logistic_reg", options={}, state=TrialState.SUCCEEDED,
                   value=0.9, error=0.003, behind=0.03, behind_error=0.001, seconds=0.1),
    LeaderboardRow(number=3, name="network", model_type="dnn_classifier", options={"hidden_units": [256, 128]},
                   state=TrialState.FAILED, seconds=9.0, reason="the loss became nan"),
)  # fmt: skip


def page() -> str:
    cards = automl_cards(
        Objective("roc_auc", "MAXIMIZE"), ROWS, because=[f"because {HOSTILE}"], spec_yaml=f"label: {HOSTILE}\n",
        steps=[StepTime(step="try models", planned_seconds=20.0, seconds=18.25)],
    )  # fmt: skip
    return whole_page("late", "AutoML", *cards)


def test_every_text_is_escaped_and_everything_is_there() -> None:
    text = page()
    assert "<script" not in text
    assert text.count("&lt;script&gt;") == 4  # the name, an option, a reason, the spec
    for shown in (
        "0.9300 ± 0.002",
        "0.0300 ± 0.001",
        "100 %",
        "2.0 MiB",
        "x_per_y",
        "the loss became nan",
        "18.2",
        "20",
    ):
        assert shown in text, shown


def test_a_phone_shows_it_without_sideways_scrolling(tmp_path: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        pytest.skip("no Chromium is installed: the page is not seen by a real browser")
    (tmp_path / "page.html").write_text(page())
    frame = '<iframe id=f src="page.html" width=360 height=800></iframe>'
    look = "onload = () => { document.title = f.contentDocument.documentElement.scrollWidth }"
    (tmp_path / "outer.html").write_text(f"{frame}<script>{look}</script>")
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", "--virtual-time-budget=3000"]
    shown = subprocess.run([*command, (tmp_path / "outer.html").as_uri()], capture_output=True, text=True, timeout=90,
                           check=True).stdout  # fmt: skip
    found = re.search(r"<title>(\d+)</title>", shown)
    assert found
    assert int(found[1]) <= 360
