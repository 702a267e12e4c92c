"""`things_sections`: each thing that is watched by itself: then and now, and window after window."""

from __future__ import annotations

from collections.abc import Iterator

from hagane.counted import counted
from hagane.monitoring.report.estimate_of import estimate_of
from hagane.monitoring.report.place_ids import place_ids
from hagane.monitoring.report.then_and_now_chart import then_and_now_chart
from hagane.monitoring.report.timeline_chart import timeline_chart
from hagane.monitoring.view.expected_series import EXPECTED
from hagane.monitoring.view.measure_text import measure_text
from hagane.monitoring.view.monitor_view import MonitorView
from hagane.monitoring.view.series import Series
from hagane.monitoring.view.then_and_now import ThenAndNow
from hagane.monitoring.watched import Subject
from hagane.number_text import brief_text
from hagane.page.markup import Markup, element, joined
from hagane.page.pieces import badge

SUBJECTS: dict[Subject, tuple[str, str]] = {
    "quality": (
        "How good the answers were",
        "With 95 % intervals where there are any. Dotted: expected, before labels came.",
    ),
    "input": ("Columns", ""),
    "prediction": ("Answers", ""),
    "feature": ("Encoded features", ""),
    "attribution": ("Why answers were given", ""),
    "volume": ("How much came", ""),
    "schema": ("The form of what came", ""),
    "replay": ("Whether answers can be had again", ""),
}
QUIET: dict[Subject, int] = {"schema": 3}
MOST_QUIET = 9
"""Things of a subject that are shown at once though nothing was ever wrong with them; the others are folded."""
Thing = list[tuple[int, Series]]
"""Its series in all measures, each with its number in the view."""


def filter_bar(view: MonitorView) -> Markup:
    """Searches by name; there where the script runs."""
    field = element("input", type="search", id="search", placeholder="Search by name", aria_label="Search by name")
    only = element(
        "label", element("input", type="checkbox", id="only-off"), " only what was ever beyond its threshold"
    )
    told = element("span", id="found", role="status", class_="soft")
    return element("div", field, only, told, class_="card wide filter")


def things_sections(view: MonitorView) -> Iterator[Markup]:
    """A section a subject, what is wrong now first: what was ever off, then others; the rest opens when asked."""
    ids = place_ids(view)
    things = _things(view, ids)
    columns = {(each.of, each.name): each for each in view.columns}
    wrong = {thing[0][1].of for thing in things if any(series.is_anomaly for _, series in thing)}
    for subject in sorted(SUBJECTS, key=lambda each: each not in ("quality", *wrong)):
        title, note = SUBJECTS[subject]
        of_it = [thing for thing in things if thing[0][1].of == subject]
        if not of_it:
            continue
        off = [thing for thing in of_it if any(series.anomalies for _, series in thing)]
        shown = of_it[: max(len(off), QUIET.get(subject, MOST_QUIET))]
        cards = [_card(view, thing, columns, ids) for thing in of_it]
        rest = cards[len(shown) :]
        legend = _legend(view, subject) if any((each[0][1].of, each[0][1].name) in columns for each in of_it) else ""
        yield element(
            "section",
            element("h2", title, _counted(len(of_it), len(off))),
            element("p", note, class_="note") if note else "",
            legend,
            element("div", *cards[: len(shown)], class_="things"),
            element("details", element("summary", f"{counted(len(rest), 'other')} within their thresholds"),
                    element("div", *rest, class_="things")) if rest else "",
            class_="wide part",
            aria_label=title,
        )  # fmt: skip


def _counted(num_things: int, num_off: int) -> Markup | str:
    if num_things == 1:
        return ""
    told = f"{num_off:,} of {num_things:,} beyond their thresholds at some time" if num_off else f"{num_things:,}"
    return joined(" ", element("small", told))


def _legend(view: MonitorView, subject: Subject) -> Markup:
    if view.latest is None:
        return joined()
    then = f"then: {view.then.get(subject, view.against)}"
    return element("div", element("span", element("i", class_="swatch then"), then),
                   element("span", element("i", class_="swatch now"), f"now: {view.windows[view.latest].name}"),
                   class_="key left")  # fmt: skip


def _things(view: MonitorView, ids: dict[str, str]) -> list[Thing]:
    """Series of one thing together; an estimate is drawn with its truth, where that is known."""
    found: dict[str, Thing] = {}
    for at, each in enumerate(view.series):
        found.setdefault(ids[each.place], []).append((at, each))
    return [_without_estimates(thing) for thing in found.values()]


def _without_estimates(thing: Thing) -> Thing:
    names = {each.name for _, each in thing}
    return [(at, each) for at, each in thing if each.name.removeprefix(EXPECTED) not in names - {each.name}]


def _card(
    view: MonitorView, thing: Thing, columns: dict[tuple[Subject, str], ThenAndNow], ids: dict[str, str]
) -> Markup:
    first = thing[0][1]
    is_latest = first.shown == view.latest  # else it may be another model's, of another type
    both = columns.get((first.of, first.name)) if is_latest and not first.slice else None
    is_off, was_off = any(each.is_anomaly for _, each in thing), any(each.anomalies for _, each in thing)
    mark = badge("beyond its threshold", "few") if is_off else badge("was beyond it", "suggested") if was_off else ""
    title = first.name.replace("_", " ") if first.of == "quality" else first.name
    charts = [joined(_figure_line(each), _course(view, each, at)) for at, each in thing]
    return element(
        "article",
        element("h3", title + (f" where {first.slice}" if first.slice else ""), mark),
        element("p", first.change, class_="change") if first.change else "",
        then_and_now_chart(both) if both is not None else "",
        *charts,
        class_="card thing" + (" off" if is_off else ""),
        id=ids[first.place],
        data_name=first.title.lower(),
        data_off="1" if was_off else None,
    )


def _course(view: MonitorView, series: Series, at: int) -> Markup | str:
    """Nothing of what was zero in every window: the line above it says so."""
    return timeline_chart(view, series, at, estimate_of(view, series)) if any(series.values) else ""


def _figure_line(series: Series) -> Markup:
    """The measure, its last figure, its threshold."""
    at = series.shown
    value = element("b", brief_text(series.values[at]), class_="off" if series.is_anomaly else None)
    interval = ""
    if series.lows and series.lows[at] is not None and series.highs[at] is not None:
        interval = f" ({brief_text(series.lows[at])} to {brief_text(series.highs[at])})"
    limit = "" if series.threshold is None else f", threshold {brief_text(series.threshold)}"
    always = "" if any(series.values) else " in every window"
    told = f"{always}{interval}{limit}"
    return element("p", f"{measure_text(series.measure)} ", value, told, class_="figure-line")
