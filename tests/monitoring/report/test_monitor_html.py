"""The page of an endpoint: complete, escaped, self-contained, small; and what a real browser makes of it."""

from __future__ import annotations

import base64
import hashlib
import html
import html.parser
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_windows import made_view, wide_view

from hagane.monitoring.report.monitor_html import monitor_html
from hagane.monitoring.view.monitor_view import MonitorView
from hagane.monitoring.view.series import Series
from hagane.page.markup import VOID

NASTY = "<1H OCEAN>\"&'</style></script><script>alert(1)</script>"


class Page(html.parser.HTMLParser):
    """Elements, balanced; what is visible as text; ids and links; attributes that would fetch something."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: list[str] = []
        self.text = self.data = ""
        self.ids: list[str] = []
        self.links: list[str] = []
        self.fetches: list[str] = []
        self.policy = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        given = {name: value or "" for name, value in attrs}
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if "href" in given else []
        self.fetches += [name for name in given if name in ("src", "xlink:href", "srcset", "action")]
        assert not any(name.startswith("on") for name in given)
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.data += data
        elif self.open and self.open[-1] != "style":
            self.text += data + "\n"


def test_every_part_is_there() -> None:
    view = made_view()
    page = Page(monitor_html(view))
    for words in (
        "Endpoint tips", "days (UTC) against the rows of training", view.verdict, "since 2024-10-12",
        "mean 12.17 → 31.54", "1 alert over", "Traffic", "Overview", "How good the answers were", "Columns", "Answers",
        "then: the rows of training", "now: 2024-10-15", "<tip & 'note'>", "69.5 % → 69.0 %",
        "Jensen-Shannon divergence", "missing 66.", "The log of tips holds 30 days", "take for granted",
        "beyond its threshold", "was beyond it",
    ):  # fmt: skip
        assert words in page.text, words
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert len(page.ids) == len(set(page.ids))


def test_each_figure_of_each_window_is_in_the_table() -> None:
    view = made_view()
    table = re.search(r"<table.*?</table>", monitor_html(view))
    assert table
    rows = re.findall(r"<tr data-series=.*?</tr>", table[0])
    assert len(rows) == len(view.series)
    for row, series in zip(rows, view.series, strict=True):
        cells = re.findall(r"<td(?: class=\"(\w)\")?>(.*?)</td>", row)
        assert [text == "" for _, text in cells] == [value is None for value in series.values]
        assert {at for at, (level, _) in enumerate(cells) if level in ("e", "f")} == set(series.anomalies)
        assert {at for at, (level, _) in enumerate(cells) if level == "u"} == set(series.unjudged)


def test_the_page_holds_the_view() -> None:
    view = made_view()
    found = re.search(r'<script type="application/json" id="view">(.*?)</script>', monitor_html(view))
    assert found
    assert MonitorView.from_json(found[1]) == view


def test_it_fetches_nothing_and_its_policy_says_so() -> None:
    text = monitor_html(made_view())
    page = Page(text)
    assert page.fetches == []
    assert not re.search(r"url\(|@import|<link", text)
    assert set(re.findall(r"https?://[^\"' )]*", text)) == {"http://www.w3.org/2000/svg"}
    script = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page.policy
    assert page.policy.startswith("default-src 'none'")


def test_two_hundred_columns_over_sixty_windows_are_less_than_a_megabyte() -> None:
    text = monitor_html(wide_view())
    assert text.count('class="course"') == 200
    assert len(text.encode()) < 1_000_000


def test_a_notebook_shows_the_page_and_runs_nothing() -> None:
    view = made_view()
    frame = view._repr_html_()
    assert 'sandbox=""' in frame
    assert html.unescape(frame.partition('srcdoc="')[2].partition('" sandbox')[0]) == view.to_html()


def test_an_endpoint_without_windows_is_a_page() -> None:
    view = MonitorView(endpoint="late", against="the rows of training", every="day", time_zone="UTC", min_rows=100,
                       verdict="No window is over yet.")  # fmt: skip
    assert "No window is over yet." in Page(monitor_html(view)).text


TEXTS = st.text(max_size=12) | st.just(NASTY)
FIGURES = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.just(0.0)


@given(TEXTS, st.lists(st.tuples(FIGURES, FIGURES, FIGURES), min_size=12, max_size=12), st.sets(st.integers(0, 11)))
@settings(max_examples=40, deadline=None)
def test_any_view_makes_a_whole_page(name: str, figures: list[tuple[Any, Any, Any]], off: set[int]) -> None:
    values, lows, thresholds = zip(*figures, strict=True)
    series = Series(place=f"quality/{name}/M", of="quality", name=name, measure=name, change=name, values=values,
                    thresholds=thresholds, lows=lows, highs=values, excesses=lows, anomalies=tuple(sorted(off)),
                    latest=3)  # fmt: skip
    view = made_view()
    columns = tuple(msgspec.structs.replace(each, name=name) for each in view.columns)
    made = msgspec.structs.replace(view, endpoint=name, series=(series, *view.series), columns=columns, verdict=name)
    text = monitor_html(made)
    page = Page(text)
    assert page.names.count("script") == 2
    assert not re.search(r'(?:cx|cy|x1|y1|points|d|style)="[^"]*(?:nan|inf)', text)


@pytest.fixture(scope="module")
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        pytest.skip("no Chromium is installed: the page is not seen by a real browser")
    return found


LOOK = """
onload = () => {
  const d = f.contentDocument, w = f.contentWindow, found = {};
  const shown = () => [...d.querySelectorAll(".thing")].filter(t => t.checkVisibility()).map(t => t.dataset.name);
  found.width = d.documentElement.scrollWidth;
  found.overflow = [...d.querySelectorAll("main *")].filter(e => !e.closest(".scroll") && !e.closest("svg")
    && e.getBoundingClientRect().right > 360.5).map(e => e.outerHTML.slice(0, 80));
  found.small = [...d.querySelectorAll("svg.course text")].filter(t => t.checkVisibility()
    && t.getBoundingClientRect().height < 9).length;
  found.courses = [...d.querySelectorAll("svg.course")].map(s => s.getBoundingClientRect().height > 60);
  const told = d.getElementById("told");
  const cell = [...d.querySelectorAll(".heat tbody tr[data-series]")][0].cells[12];
  found.size = [cell.getBoundingClientRect().width, cell.getBoundingClientRect().height];
  cell.dispatchEvent(new w.PointerEvent("pointermove", {bubbles: true})); found.cell = told.textContent;
  const chart = d.querySelector("#" + d.querySelector(".alert a").hash.slice(1) + " svg.course");
  const box = chart.getBoundingClientRect();
  chart.dispatchEvent(new w.PointerEvent("pointermove", {bubbles: true, clientX: box.right - 8, clientY: box.y + 5}));
  found.last = told.textContent;
  chart.dispatchEvent(new w.KeyboardEvent("keydown", {bubbles: true, key: "ArrowLeft"})); found.left = told.textContent;
  d.body.dispatchEvent(new w.PointerEvent("pointermove", {bubbles: true})); found.nothing = told.textContent;
  const search = d.getElementById("search"), type = text => {
    search.value = text; search.dispatchEvent(new w.Event("input"));
  };
  found.all = shown().length;
  type("FARE"); found.fare = shown(); found.told = d.getElementById("found").textContent;
  found.parts = [...d.querySelectorAll("section.part")].filter(s => s.checkVisibility()).length;
  type(""); found.again = shown().length;
  d.getElementById("only-off").click(); found.off = shown();
  d.getElementById("only-off").click();
  d.getElementById("figures").click();
  found.figures = cell.getBoundingClientRect().width > 20 && getComputedStyle(cell).fontSize;
  found.after = d.documentElement.scrollWidth;
  document.title = JSON.stringify(found);
}
"""


def test_a_browser_searches_tells_and_fits_a_phone(chromium: str, tmp_path: Path) -> None:
    inner = html.escape(monitor_html(made_view()))
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
    assert (found["width"] <= 360, found["overflow"], found["small"]) == (True, [], 0)
    assert found["courses"]
    assert found["size"][1] >= 16
    assert all(found["courses"])
    assert found["cell"].startswith("fare · JENSEN_SHANNON_DIVERGENCE, 2024-10-15: 0.3992, threshold 0.3")
    assert "2024-10-15: 0.3992" in found["last"]
    assert "2024-10-14: 0.4056" in found["left"]
    assert found["nothing"] == ""
    assert found["fare"] == ["fare"]
    assert found["told"] == f"1 of {found['all']}"
    assert found["parts"] == 1
    assert found["again"] == found["all"] == 7
    assert set(found["off"]) == {"fare", "paid", "quality accuracy", "schema paid"}
    assert found["figures"]
    assert found["after"] <= 360
