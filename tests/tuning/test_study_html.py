"""The page of a study: complete, escaped, self-contained; and what a real browser makes of it."""

from __future__ import annotations

import html
import html.parser
import json
import re
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_study import made_study

from hagane.page.markup import VOID
from hagane.tuning.dimension import Dimension
from hagane.tuning.objective import Objective
from hagane.tuning.report.study_html import study_html
from hagane.tuning.study_record import StudyRecord
from hagane.tuning.study_winner import StudyWinner
from hagane.tuning.trial import Measurement, Trial, TrialState

NASTY = "<1H OCEAN>\"&'</style></script><script>alert(1)</script>"


class Page(html.parser.HTMLParser):
    """Elements, balanced; what is visible as text; attributes that would fetch something."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: list[str] = []
        self.text = ""
        self.fetches: list[str] = []
        self.titles: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.fetches += [name for name, _ in attrs if name in ("src", "href", "xlink:href", "srcset")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "svg" in self.open and self.open[-1] == "title":
            self.titles.append(data)
        if self.open and self.open[-1] not in ("style", "script"):
            self.text += data + "\n"


def test_every_part_is_there() -> None:
    record = made_study(several=True)
    best = record.best_trial
    assert best is not None
    winner = StudyWinner(trial=best.id, model="late@4", metrics={"roc_auc": 0.79}, intervals={"roc_auc": (0.78, 0.8)},
                         notes=("the best learn_rate is at an end",))  # fmt: skip
    page = Page(study_html(msgspec.structs.replace(record, winner=winner), best_spec="label: late\n"))
    for words in (
        "Study late", "40 trials: ", "4 failed", "3 infeasible", "Importance", "fANOVA", "Parallel coordinates",
        "History", "ROC AUC and model bytes", "On the way", "Timeline", "By hyperparameter", "Trials",
        "Trials without a value", "dropout needs booster_type dart", "the loss became nan",
        "The best learn_rate is at an end", "late@4", "0.7800 to 0.8000 with 95 % confidence", "label: late",
        "learn_rate ·log", "left out", "[64, 32]", "of 64 to 1,024 in steps of 64", "of the trials in which it plays",
    ):  # fmt: skip
        assert words in page.text, words
    assert page.names.count("script") == 1
    assert page.fetches == []
    drawn = {"History", "Parallel coordinates", "Timeline", "On the way", "Pareto front", "learn_rate", "route"}
    assert drawn <= set(page.titles)


def test_each_trial_with_a_value_is_in_every_chart() -> None:
    record = made_study()
    page = study_html(record)
    for trial in record.trials:
        marks = len(re.findall(rf'data-trial="{trial.id}"', page))
        has_value = trial.final_measurement is not None
        slices = len(trial.parameters)
        # history, timeline, row, each hyperparameter; with a value a way, and a curve of two points or more
        expected = 3 + slices + (1 + (len(trial.measurements) > 1) if has_value else 0)
        assert marks == expected, (trial.id, marks, expected)


def test_a_page_fetches_nothing() -> None:
    text = study_html(made_study())
    assert not re.search(r"url\(|@import|\bon\w+=|<link", text)
    assert set(re.findall(r"https?://[^\"' )]*", text)) == {"http://www.w3.org/2000/svg"}
    assert len(text) < 400_000


def test_what_went_astray_does_not_squeeze_the_others() -> None:
    trials = [
        Trial(id=i + 1, parameters={"x": i}, state=TrialState.SUCCEEDED,
              final_measurement=Measurement(iteration=1, elapsed_seconds=1.0, metrics={"log_loss": value}))
        for i, value in enumerate([0.31, 0.30, 0.33, 0.32, 5e6, 1e300])
    ]  # fmt: skip
    record = StudyRecord(name="s", objectives=(Objective("log_loss", "MINIMIZE"),), trials=tuple(trials),
                         dimensions=(Dimension(name="x", low=0, high=9),))  # fmt: skip
    page = study_html(record)
    assert page.count("(beyond the chart)") == 4  # two trials, in the history and by hyperparameter
    heights = [float(y) for y in re.findall(r'cy="([\d.]+)" r="[\d.]+" class="(?:used|suggested)"', page)]
    assert max(heights) - min(heights) > 40


TEXTS = st.text(max_size=12) | st.just(NASTY)
VALUES = st.none() | st.floats() | st.integers(-(10**18), 10**18) | TEXTS | st.lists(st.integers(0, 99), max_size=3)


@given(
    st.lists(st.tuples(VALUES, st.none() | st.floats(), st.sampled_from(TrialState)), max_size=8),
    TEXTS,
    st.sampled_from([
        Dimension(name="x", low=0, high=9),
        Dimension(name="x", low=0.0, high=1.0, scale="log"),
        Dimension(name="x", low=1e-300, high=1e300, scale="reverse_log"),
        Dimension(name="x", low=5, high=5),
        Dimension(name="x", candidates=(NASTY, None, 3, (1, 2))),
    ]),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_any_study_makes_a_whole_page(given_trials, name: str, dimension: Dimension) -> None:  # type: ignore[no-untyped-def]
    trials = [
        Trial(id=at, parameters={"x": value}, state=state, error=name, infeasible_reason=name,
              final_measurement=Measurement(iteration=at, elapsed_seconds=0.0, metrics={"m": worth}))
        for at, (value, worth, state) in enumerate(given_trials, 1)
    ]  # fmt: skip
    record = StudyRecord(name=name, objectives=(Objective("m", "MAXIMIZE"),), dimensions=(dimension,),
                         trials=tuple(trials), spec=name)  # fmt: skip
    text = study_html(record, notes=[name], best_spec=name)
    page = Page(text)
    assert page.names.count("script") == 1
    assert not re.search(r'(?:cx|cy|x1|y1|points|d)="[^"]*(?:nan|inf)', text)


def test_a_study_that_has_just_begun_is_a_page() -> None:
    record = msgspec.structs.replace(made_study(), trials=(Trial(id=1, parameters={}),), is_running=True)
    text = Page(study_html(record)).text
    assert "1 trial: 1 requested" in text
    assert "still running" in text
    assert "no trial has a value yet" in text


@pytest.fixture(scope="module")
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        pytest.skip("no Chromium is installed: the page is not seen by a real browser")
    return found


LOOK = """
onload = () => {
  const d = f.contentDocument, w = f.contentWindow, found = {};
  const over = (mark, kind, more) =>
    mark.dispatchEvent(new w.PointerEvent(kind, {bubbles: true, pointerId: 1, ...more}));
  const lit = () => [...new Set([...d.querySelectorAll(".lit")].map(m => m.dataset.trial))];
  found.width = d.documentElement.scrollWidth;
  found.small = [...d.querySelectorAll("svg.chart text, svg.parallel text")].filter(
    t => t.getBoundingClientRect().height < 7.5).map(t => t.textContent);
  const svgs = [...d.querySelectorAll("svg.chart, svg.parallel, svg.timeline")];
  found.charts = svgs.length;
  found.visible = svgs.every(s => s.getBoundingClientRect().height > 60);
  const row = d.querySelector('tr[data-trial="3"]');
  over(row, "pointerover");
  found.lit = lit(); found.marks = d.querySelectorAll(".lit").length; found.told = d.getElementById("told").textContent;
  over(d.body, "pointerover");
  found.after = lit();
  row.click(); over(d.body, "pointerover"); found.pinned = lit(); row.click();
  const heads = [...d.querySelectorAll("table.trials thead th")];
  const by = heads.find(h => h.textContent === "learn_rate"), at = heads.indexOf(by);
  by.click();
  const rates = [...d.querySelectorAll("table.trials tbody tr")].map(r => +r.cells[at].firstChild.dataset.v);
  found.sorted = rates.every((v, i) => !i || rates[i - 1] <= v);
  by.click();
  const down = [...d.querySelectorAll("table.trials tbody tr")].map(r => +r.cells[at].firstChild.dataset.v);
  found.reversed = down.every((v, i) => !i || down[i - 1] >= v);
  const strip = d.querySelector(".strip"); strip.setPointerCapture = () => {};
  strip.scrollIntoView();
  const box = strip.getBoundingClientRect(), x = box.x + box.width / 2;
  over(strip, "pointerdown", {clientX: x, clientY: box.y + 1});
  over(strip, "pointermove", {clientX: x, clientY: box.y + box.height / 2});
  over(strip, "pointerup", {clientX: x, clientY: box.y + box.height / 2});
  found.kept = [...d.querySelectorAll("table.trials tbody tr:not([hidden])")].map(r => +r.dataset.trial);
  found.axis = d.querySelector("svg.parallel .axis").textContent;
  found.faded = d.querySelectorAll(".way.faded").length;
  over(strip, "pointerdown", {clientX: x, clientY: box.y + 1}); over(strip, "pointerup", {});
  found.all = d.querySelectorAll("table.trials tbody tr:not([hidden])").length;
  document.title = JSON.stringify(found);
}
"""


def test_a_browser_lights_chooses_and_sorts_on_a_phone(chromium: str, tmp_path: Path) -> None:
    record = made_study()
    inner = html.escape(study_html(record, notes=["a" * 200], best_spec="x: " + "y" * 300))
    frame = f'<iframe id="f" width="360" height="900" srcdoc="{inner}"></iframe>'
    (tmp_path / "page.html").write_text(
        f"<!doctype html><title></title>{frame}<script>{LOOK}</script>", encoding="utf-8"
    )
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    command += ["--dump-dom", "--virtual-time-budget=3000", (tmp_path / "page.html").as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=90, check=True).stdout
    title = re.search(r"<title>(.*?)</title>", shown)
    assert title
    found = json.loads(html.unescape(title[1]))
    assert found["width"] <= 360
    assert found["small"] == []
    assert (found["charts"], found["visible"]) == (11, True)
    assert found["lit"] == ["3"]
    assert found["marks"] >= 10
    assert found["told"].startswith("trial 3: ")
    assert (found["after"], found["pinned"]) == ([], ["3"])
    assert (found["sorted"], found["reversed"]) == (True, True)
    name = {"learn_rate ·log": "model.options.learn_rate", "max_tree_depth": "model.options.max_tree_depth",
            "route": "transform.route"}[found["axis"]]  # fmt: skip
    dimension = next(each for each in record.dimensions if each.name == name)
    assert dimension.low is not None
    assert dimension.high is not None
    middle = (
        (dimension.low * dimension.high) ** 0.5 if dimension.scale == "log" else (dimension.low + dimension.high) / 2
    )
    valued = [trial for trial in record.trials if trial.final_measurement]
    upper = {trial.id for trial in valued if trial.parameters[name] > middle * 1.1}
    lower = {trial.id for trial in valued if trial.parameters[name] < middle / 1.1}
    assert upper <= set(found["kept"])
    assert not lower & set(found["kept"])
    assert found["faded"] == len(valued) - len(found["kept"])
    assert found["all"] == len(record.trials)
