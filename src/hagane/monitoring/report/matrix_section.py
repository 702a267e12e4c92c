"""`matrix_section`: all that is watched by window, at a glance; the same table has the figures."""

from __future__ import annotations

from hagane.counted import counted
from hagane.monitoring.report.place_ids import place_ids
from hagane.monitoring.view.measure_text import measure_text
from hagane.monitoring.view.monitor_view import MonitorView
from hagane.monitoring.view.series import Series
from hagane.number_text import tiny_text
from hagane.page.markup import Markup, element, joined
from hagane.page.pieces import card

MOST_ROWS = 60
LEVELS = ((0.25, "a"), (0.5, "b"), (0.8, "c"))
"""Up to which part of the threshold a cell has which shade."""
KEY = (("a", "far below"), ("c", "near"), ("e", "beyond the threshold"), ("f", "by twice"), ("u", "too few rows"))


def matrix_section(view: MonitorView) -> Markup:
    """A row a thing, a column a window, a shade by how far each lies from its threshold."""
    shown = view.series[:MOST_ROWS]
    rest = len(view.series) - len(shown) + view.num_left_out
    note = "Each thing that is watched by window: the shade says how near it lies to its threshold."
    if rest:
        note += f" The {MOST_ROWS} that are farthest off; {counted(rest, 'other')} below or in the JSON."
    ids = place_ids(view)
    head = element("thead", element("tr", element("th", "what", scope="col"),
                                    *(element("th", window.name, scope="col") for window in view.windows)))  # fmt: skip
    rows = [_row(at, each, ids) for at, each in enumerate(shown)]
    table = element("table", head, element("tbody", _counts(view), *rows), class_="heat",
                    aria_label="What is watched, by window")  # fmt: skip
    inner = element("div", table, class_="scroll tall", tabindex=0, role="region", aria_label="Overview")
    label = element("label", element("input", type="checkbox", id="figures"), " figures")
    ends = element("div", element("span", view.windows[0].name), element("span", view.windows[-1].name),
                   class_="ends heat-ends")  # fmt: skip
    return card("Overview", label, inner, ends, _key(), note=note, span="wide")


def _counts(view: MonitorView) -> Markup:
    cells = (element("td", tiny_text(window.num_rows)) for window in view.windows)
    return element("tr", element("th", "logged rows", scope="row"), *cells, class_="counts")


def _row(at: int, series: Series, ids: dict[str, str]) -> Markup:
    measure = element("small", measure_text(series.measure, is_short=True))
    head = element("th", element("a", series.title, href=f"#{ids[series.place]}"), " ", measure, scope="row")
    cells = "".join(
        f'<td class="{_level(series, index)}">{tiny_text(value)}</td>' if value is not None else "<td></td>"
        for index, value in enumerate(series.values)
    )
    return element("tr", head, Markup(cells), data_series=at)


def _level(series: Series, at: int) -> str:
    excess = series.excesses[at]
    if at in series.unjudged:
        return "u"
    if at in series.anomalies:
        return "f" if (excess or 0.0) >= 2 else "e"
    if excess is None:
        return "n"
    return next((name for most, name in LEVELS if excess < most), "d")


def _key() -> Markup:
    spans = [joined(element("span", element("i", class_=f"swatch {class_}"), text)) for class_, text in KEY]
    return element("div", *spans, class_="key")
