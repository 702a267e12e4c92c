"""What `hagane monitor` shows, held by golden files at 80 columns (`UPDATE_GOLDEN=1` writes them anew)."""

from __future__ import annotations

import os
from io import StringIO
from pathlib import Path

import msgspec
import pytest
from made_windows import made_view
from rich.cells import cell_len
from rich.console import Console, RenderableType

from hagane.fronts.cli.render_monitor import render_monitor
from hagane.fronts.cli.render_monitored_column import render_monitored_column
from hagane.fronts.cli.usage_error import UsageError

GOLDEN = Path(__file__).parent / "golden"


def shown(what: RenderableType, width: int = 80) -> str:
    """As it is where it is piped: without colours, no line ending in blanks."""
    text = StringIO()
    Console(file=text, width=width, highlight=False, markup=False, emoji=False).print(what, crop=False)
    return "".join(f"{line.rstrip()}\n" for line in text.getvalue().splitlines())


RENDERED = {
    "monitor": lambda: render_monitor(made_view()),
    "monitor_column": lambda: render_monitored_column(made_view(), "fare"),
    "monitor_category": lambda: render_monitored_column(made_view(), "paid"),
}


@pytest.mark.parametrize("name", RENDERED)
def test_golden(name: str) -> None:
    text, path = shown(RENDERED[name]()), GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", RENDERED)
@pytest.mark.parametrize("width", [60, 72, 120, 200])
def test_nothing_is_wider_than_the_terminal(name: str, width: int) -> None:
    text = shown(RENDERED[name](), width)
    assert max(map(cell_len, text.splitlines())) <= width
    assert not any(ord(character) < 32 and character != "\n" for character in text)


def test_names_of_any_script_and_controls_do_not_break_it() -> None:
    view = made_view()
    name = "都道府県の名前と市区町村の名前\x1b[31m[bold]"
    series = tuple(msgspec.structs.replace(each, name=name) for each in view.series)
    columns = tuple(msgspec.structs.replace(each, name=name) for each in view.columns)
    text = shown(render_monitor(msgspec.structs.replace(view, series=series, columns=columns)))
    assert max(map(cell_len, text.splitlines())) <= 80
    assert "\x1b" not in text


def test_more_windows_than_characters_shows_the_last_of_them() -> None:
    view = made_view()
    times = 30
    series = tuple(
        msgspec.structs.replace(
            each, values=each.values * times, thresholds=each.thresholds * times, excesses=each.excesses * times,
            lows=each.lows * times, highs=each.highs * times,
        )
        for each in view.series
    )  # fmt: skip
    text = shown(render_monitor(msgspec.structs.replace(view, series=series, windows=view.windows * times)))
    assert max(map(cell_len, text.splitlines())) <= 80


def test_the_nearest_name_is_told() -> None:
    with pytest.raises(UsageError) as caught:
        render_monitored_column(made_view(), "fair")
    assert caught.value.faults[0].nearest == "fare"
