"""The page: complete, escaped, self-contained, and drawn by a real browser where there is one."""

import html.parser
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.evaluation import evaluate, report_html
from hagane.page.frame import Axis
from hagane.page.markup import VOID
from hagane.statistics.statistics import ColumnStatistics, Statistics, TopValue
from hagane.types import SqlType

CURVE = [
    SimpleNamespace(training_run=0, iteration=i + 1, loss=1 / (i + 1), eval_loss=0.3 + (i - 5) ** 2 / 90)
    for i in range(12)
]
NASTY = "<1H OCEAN>\"&'</style><script>alert(1)</script>"


class Page(html.parser.HTMLParser):
    """Elements, balanced; what is visible as text; attributes that would fetch something."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open, self.names, self.text, self.ids, self.fetches, self.svg_titles = [], [], "", [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.fetches += [(tag, name, value) for name, value in attrs if name in ("src", "href", "xlink:href", "srcset")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "title" and "svg" in self.open:
            self.svg_titles.append(data)
        if self.open and self.open[-1] != "style":
            self.text += data + "\n"


def binary(classes=("no", "yes"), **options):
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, 400)
    scores = np.clip(labels * 0.3 + generator.random(400) * 0.7, 0, 1)
    return evaluate(labels, scores, task="classification", classes=classes, **options)


def test_a_binary_report_has_every_part():
    names = np.array(["north", NASTY] * 200, dtype=object)
    top = (TopValue(NASTY, 617),)
    place = ColumnStatistics(
        name="place", type=SqlType.STRING, count=1217, num_nulls=17, num_distinct=5, top_values=top
    )
    statistics = Statistics(num_rows=1234, columns=(place,))
    page = Page(
        report_html(
            binary(slices={"region": names}, part="test", num_null_labels=2, num_row_errors=3),
            title="Is it late?",
            curve=CURVE,
            importance={"distance": 3.0, "carrier": 1.0},
            spec_yaml="label: late\n",
            statistics=statistics,
        )
    )
    for words in (
        "Is it late?", "400 rows (test)", "2 rows without a label left out", "3 rows with an error in an expression",
        "ROC AUC", "Confusion matrix", "Calibration", "Thresholds", "suggested",
        "By region", "north", NASTY, "Training",
        "distance", "75.0 %", "label: late", "1,234 rows, 1 column.", "place", "1.4 %", f"{NASTY[:31]}… (50.0 %)",
    ):  # fmt: skip
        assert words in page.text, words
    assert {"ROC curve", "Precision-recall curve", "Calibration", "Training curve"} <= set(page.svg_titles)


def test_reports_of_real_models_are_balanced_and_self_contained(real_case):
    text = report_html(real_case.evaluate(), title="Real")
    page = Page(text)
    assert page.fetches == []
    assert "script" not in page.names
    assert "link" not in page.names
    assert not re.search(r"url\(|@import|https?:|\bon\w+=", text)
    assert len(text) < 200_000
    for value in {str(each.value) for column in real_case.evaluate().slices for each in column.slices} - {"None"}:
        assert value in page.text
    assert "nan" not in page.text.split()


def test_a_category_that_looks_like_markup_is_text(california):
    text = report_html(california.evaluate(), title="<houses & more>")
    assert "&lt;1H OCEAN" in text
    assert "<1H" not in text
    assert "&lt;houses &amp; more&gt;" in text


@given(st.text(max_size=20), st.text(max_size=20))
@settings(max_examples=30, deadline=None)
def test_any_text_is_escaped_and_the_page_stays_whole(name, title):
    classes = ("a" + name, "b" + name)
    labels = np.array([0, 1, 1])
    result = evaluate(
        labels, labels * 0.8, task="classification", classes=classes, slices={name: np.array([title] * 3)}
    )
    page = report_html(result, title=title, spec_yaml=name, importance={name: 1.0})
    page.encode("utf-8")
    assert Page(page).names.count("script") == 0
    assert page.count("<section") == page.count("</section>")


@pytest.mark.parametrize(
    "result",
    [
        evaluate(np.zeros(0, int), np.zeros(0), task="classification", classes=["a", "b"]),
        evaluate(np.zeros(0), np.zeros(0), task="regression"),
        evaluate(np.zeros(3, int), np.zeros(3), task="classification", classes=[False, True]),
        evaluate(np.full(3, 2.0), np.full(3, 2.0), task="regression"),
        evaluate(np.array([1]), np.array([[0.2, 0.3, 0.5]]), task="classification", classes=[1, 2, 3]),
        evaluate(np.array([-1e308, 1e308]), np.array([1e308, -1e308]), task="regression"),
    ],
)
def test_degenerate_evaluations_make_pages_without_nonsense(result):
    page = Page(report_html(result, title="Edge", curve=CURVE[:1]))
    assert not {"nan", "inf", "None", "NaN"} & set(re.findall(r"\w+", page.text))


def test_undefined_metrics_say_why():
    result = evaluate(np.zeros(3, int), np.zeros(3), task="classification", classes=["a", "b"])
    assert "undefined: every label is the same" in Page(report_html(result, title="One class")).text


def test_many_classes_show_the_most_frequent():
    labels = np.arange(30).repeat(3)
    page = Page(report_html(evaluate(labels, np.eye(30)[labels], task="classification"), title="Many"))
    assert "The 12 most frequent of 30 classes are shown." in page.text


@given(st.floats(-1e9, 1e9), st.floats(1e-3, 1e9))
@settings(deadline=None)
def test_ticks_are_few_round_and_within_the_axis(low, width):
    ticks = Axis("x", low, low + width).ticks()
    assert 2 <= len(ticks) <= 7
    assert all(low - width * 1e-6 <= tick <= low + width * (1 + 1e-6) for tick in ticks)


def test_importing_evaluation_brings_nothing_heavy():
    heavy = ("matplotlib", "torch", "onnx", "duckdb", "scipy")
    code = f"import sys, hagane.evaluation; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.fixture(scope="module")
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        pytest.skip("no Chromium is installed: the page is not seen by a real browser")
    return found


def browse(chromium, page, tmp_path, *options):
    """The document as the browser holds it, after layout, with a script's findings in its title."""
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    command += [*options, (tmp_path / "page.html").as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=90, check=True).stdout


def test_a_browser_shows_the_page_without_sideways_scrolling(chromium, tmp_path):
    """Measured in an inner frame as narrow as a small phone, since a window cannot be made that narrow."""
    names = np.array([NASTY, "a_very_long_name_without_a_single_space_in_it_at_all"] * 200, dtype=object)
    importance = {"another_very_long_name_without_a_space" * 2: 1.0}
    part = "a/path/without/one/space/" * 5
    page = report_html(
        binary(slices={"region": names}, part=part), title="late" * 20, curve=CURVE, importance=importance
    )
    inner = page.replace("&", "&amp;").replace('"', "&quot;")
    measure = (
        "onload=()=>{const d=f.contentDocument,charts=[...d.querySelectorAll('svg.chart')];"
        "document.title=[d.documentElement.scrollWidth,charts.length,"
        "charts.every(s=>s.getBoundingClientRect().height>100),"
        "d.querySelectorAll('script').length].join(' ')}"
    )
    frame = f'<iframe id="f" width="320" height="900" srcdoc="{inner}"></iframe>'
    outer = f"<!doctype html><title></title>{frame}<script>{measure}</script>"
    shown = browse(chromium, outer, tmp_path, "--dump-dom", "--virtual-time-budget=3000")
    width, charts, visible, scripts = re.search(r"<title>(.*?)</title>", shown).group(1).split()
    assert int(width) <= 320
    assert (charts, visible, scripts) == ("4", "true", "0")


def test_a_browser_takes_its_picture(chromium, tmp_path):
    picture = tmp_path / "page.png"
    browse(
        chromium, report_html(binary(), title="Late"), tmp_path, "--window-size=1100,1400", f"--screenshot={picture}"
    )
    from matplotlib.image import imread

    assert len(np.unique(imread(picture)[..., :3].reshape(-1, 3), axis=0)) > 50
