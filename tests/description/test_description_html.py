"""The page: whole, self-contained, small, safe against any name, readable by machines and people, seen in a browser."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import struct
import subprocess
import xml.etree.ElementTree as ET
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from hagane.data.open_table import open_table
from hagane.description.describe_table import describe_table
from hagane.fronts.cli.run import run

HOSTILE = '</style><script>alert("x")</script>&"\'<1H OCEAN'


def parsed(page: str) -> ET.Element:
    """The page as XML: every element closed, every attribute quoted, all text escaped."""
    text = page.removeprefix("<!doctype html>\n").replace("<br>", "<br/>")
    return ET.fromstring(re.sub(r"<meta ([^>]*)>", r"<meta \1/>", text))


@pytest.mark.parametrize("name", ["anscombe", "bank", "housing", "taxi", "stations"])
def test_the_page_needs_nothing_else_and_is_small(name, request):
    page = request.getfixturevalue(name).to_html(title=name)
    root = parsed(page)
    assert not re.search(r'(src|href)="(?!#)|url\(|@import|<script|<link|https?:', page)
    assert len(page) < 500_000
    ids = [each.get("id") for each in root.iter("section") if each.get("id")]
    links = [each.get("href").removeprefix("#") for each in root.iter("a")]
    assert ids == links
    assert len(set(ids)) == len(ids)
    for picture in root.iter("svg"):
        assert picture.get("role") == "img"
        assert picture.get("aria-label")
        assert picture.find("title").text
    for scrolling in (each for each in root.iter("div") if each.get("class") == "scroll"):
        assert (scrolling.get("tabindex"), scrolling.get("role")) == ("0", "region")


def test_the_quartet_is_drawn_as_four_different_pictures(anscombe):
    root = parsed(anscombe.to_html(title="Anscombe"))
    drawn = {
        svg.find("title").text: [path.get("d") for path in svg.iter("path") if path.get("class") == "points"]
        for svg in root.iter("svg")
    }
    pairs = ["y1 against x1", "y2 against x1", "y3 against x1", "y4 against x4"]
    paths = [drawn[pair][0] for pair in pairs]
    assert len(set(paths)) == 4
    assert all(path.count("M") == 11 for path in paths)
    text = "".join(root.itertext())
    assert "equal statistics, different shapes" in text
    assert "The correlation hangs on one row" in text


def test_names_and_values_are_text_and_nothing_else():
    source = pa.table({HOSTILE: [HOSTILE, "b"] * 50, "y": [0.5, 2.0] * 50, "z": [None, 1.0] * 50})
    page = describe_table(open_table(source), label="y").to_html(title=HOSTILE)
    root = parsed(page)
    assert "<script" not in page
    assert root.find("head/title").text == HOSTILE
    assert HOSTILE in [each.text for each in root.iter("h3")]


def test_a_table_of_fifty_columns_is_under_a_megabyte():
    draw = np.random.default_rng(3)
    base = draw.normal(size=(2_000, 5))
    columns = {f"number_{i}": base @ draw.normal(size=5) + draw.normal(size=2_000) for i in range(35)}
    columns |= {
        f"word_{i}": np.array([f"value {j}" for j in range(30)])[draw.integers(0, 30, 2_000)] for i in range(15)
    }
    description = describe_table(open_table(pa.table(columns)), label="number_0")
    assert len(description.to_html(title="wide")) < 1_000_000


def test_a_notebook_shows_it_in_a_frame_of_its_own(anscombe):
    frame = anscombe._repr_html_()
    assert frame.startswith("<iframe srcdoc=")
    assert 'sandbox=""' in frame
    assert "<script" not in frame


def test_the_command_writes_the_page_whole_or_not_at_all(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("numbers.csv").write_text("x,y\n" + "".join(f"{i},{(i - 30) ** 2}\n" for i in range(60)))
    assert run(["describe", "numbers.csv", "--html", "page.html"]) == 0
    assert parsed(Path("page.html").read_text(encoding="utf-8")).find("head/title").text == "numbers.csv"
    assert "curved" in capsys.readouterr().out
    assert run(["describe", "numbers.csv", "--html", "no/such/folder/page.html"]) == 73
    assert "there is no folder" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["numbers.csv", "page.html"]


def screenshot(page: str, folder: Path, *, width: int, dark: bool = False) -> tuple[np.ndarray, int]:
    """The page as Chromium shows it: pixels [h, w, 3], and how many distinct rows of pixels there are."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium is installed to look at the page with")
    (folder / "page.html").write_text(page, encoding="utf-8")
    picture = folder / "page.png"
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--screenshot={picture}",
               f"--window-size={width},1600", f"--user-data-dir={folder / 'profile'}"]  # fmt: skip
    command += ["--blink-settings=preferredColorScheme=0"] if dark else []
    done = subprocess.run(
        [*command, (folder / "page.html").as_uri()], capture_output=True, timeout=90, check=False, env={**os.environ}
    )
    if not picture.exists():
        pytest.skip(f"Chromium could not draw: {done.stderr.decode()[-200:]}")
    pixels = read_png(picture)
    return pixels, len(np.unique(pixels.reshape(len(pixels), -1), axis=0))


def read_png(path: Path) -> np.ndarray:
    """Eight-bit RGB or RGBA, not interlaced, as Chromium writes it: pixels [h, w, 3]."""
    data = path.read_bytes()
    width, height, _, kind = struct.unpack(">IIBB", data[16:26])
    channels = {2: 3, 6: 4}[kind]
    body, place = b"", 8
    while place < len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        if data[place + 4 : place + 8] == b"IDAT":
            body += data[place + 8 : place + 8 + length]
        place += length + 12
    rows = np.frombuffer(zlib.decompress(body), np.uint8).reshape(height, width * channels + 1)
    image = np.zeros((height + 1, width * channels), np.uint8)
    for index, row in enumerate(rows):
        image[index + 1] = unfiltered(int(row[0]), row[1:], image[index], channels)
    return image[1:].reshape(height, width, channels)[:, :, :3]


def unfiltered(kind: int, row: np.ndarray, above: np.ndarray, channels: int) -> np.ndarray:
    """PNG's filters none, sub, up, average and Paeth undone."""
    if kind == 0:
        return row
    if kind == 2:
        return row + above
    line, up = row.astype(int), above.astype(int)
    for i in range(len(line)):
        left = line[i - channels] if i >= channels else 0
        corner = up[i - channels] if i >= channels else 0
        if kind == 1:
            guess = left
        elif kind == 3:
            guess = (left + up[i]) // 2
        else:
            estimate = left + up[i] - corner
            guess = min((left, up[i], corner), key=lambda value: abs(estimate - value))
        line[i] = (line[i] + guess) % 256
    return line.astype(np.uint8)


def long_names() -> pa.Table:
    """Names of every script, without a space, of a family, with markup; values far from 0; moments."""
    draw = np.random.default_rng(5)
    base = draw.normal(size=800)
    columns = {
        "a_very_long_name_without_a_single_space_in_it_at_all_nor_an_end_in_sight": base,
        **{f"temperature_inside_of_hall_{i}": base + i + draw.normal(size=800) / 9 for i in range(6)},
        "都道府県の名前と市区町村の名前と番地": 1e6 + base,
        "السعر": 20 * base + 3e9,
        "when": np.datetime64("2013-01-01", "us") + (base * 1e13).astype("timedelta64[us]"),
        HOSTILE: np.array(["a value of many words " * 9, "x" * 99, HOSTILE, "القاهرة"])[draw.integers(0, 4, 800)],
    }
    return pa.table(columns)


MEASURE = """onload=()=>{const d=f.contentDocument,bad=[];
const box=e=>e.getBoundingClientRect();
for(const s of d.querySelectorAll('svg[role=img]')){const b=box(s),ticks=[];
for(const t of s.querySelectorAll('text')){const r=box(t);
if(r.width&&(r.left<b.left-1||r.right>b.right+1||r.top<b.top-1||r.bottom>b.bottom+1))bad.push('clipped '+t.textContent);
for(const o of ticks)if(r.left<o.right-1&&o.left<r.right-1&&r.top<o.bottom-2&&o.top<r.bottom-2)
bad.push('overlap '+t.textContent);if(t.matches('.tick,.axis'))ticks.push(r)}}
document.title=JSON.stringify([d.documentElement.scrollWidth,d.querySelectorAll('.plots svg').length,
[...d.querySelectorAll('.columns .bar')].every(e=>box(e).width>30),bad])}"""


@pytest.mark.parametrize("width", [360, 1100])
def test_long_names_neither_overflow_nor_overlap(width, tmp_path):
    """Measured by a browser in an inner frame, since a window cannot be made as narrow as a phone."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium is installed to look at the page with")
    page = describe_table(open_table(long_names()), label="temperature_inside_of_hall_0").to_html(title="long" * 40)
    inner = page.replace("&", "&amp;").replace('"', "&quot;")
    outer = f'<!doctype html><title></title><iframe id="f" width="{width}" height="900" srcdoc="{inner}"></iframe>'
    (tmp_path / "page.html").write_text(f"{outer}<script>{MEASURE}</script>", encoding="utf-8")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    command += ["--dump-dom", "--virtual-time-budget=3000", (tmp_path / "page.html").as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=90, check=True).stdout
    needed, num_plots, bars_are_seen, bad = json.loads(html.unescape(re.search(r"<title>(.*?)</title>", shown)[1]))
    assert needed <= width
    assert num_plots > 4
    assert bars_are_seen
    assert bad == []


@pytest.mark.slow
@pytest.mark.parametrize(("width", "dark"), [(1200, False), (420, False), (1200, True)])
def test_a_browser_shows_it(anscombe, tmp_path, width, dark):
    pixels, num_distinct = screenshot(anscombe.to_html(title="Anscombe"), tmp_path, width=width, dark=dark)
    assert pixels.shape[1] == width
    assert num_distinct > 300  # text and pictures, not an empty page
    ground = pixels[2, 2].mean()
    assert bool(ground < 60) is dark
    # Nothing reaches beyond the page's right edge, where only the ground may be.
    assert (pixels[:, -3] == pixels[2, -3]).all()
