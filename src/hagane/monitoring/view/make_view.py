"""`make_view`: what people see of an endpoint's windows, out of what was found in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hagane.monitoring.alert import Alert
from hagane.monitoring.quality.expected_quality import ASSUMPTIONS, LABELLED, method_of
from hagane.monitoring.reference import Baseline, Reference
from hagane.monitoring.view.all_series import all_series
from hagane.monitoring.view.expected_series import EXPECTED, expected_series
from hagane.monitoring.view.monitor_view import MonitorView
from hagane.monitoring.view.series import Series
from hagane.monitoring.view.shown_alert import ShownAlert
from hagane.monitoring.view.shown_window import ShownWindow
from hagane.monitoring.view.then_and_now import ThenAndNow, then_and_now
from hagane.monitoring.view.verdict import verdict
from hagane.monitoring.watched import Subject
from hagane.monitoring.window_findings import WindowFindings
from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.windows import Windows
from hagane.spec.monitoring import Monitoring
from hagane.statistics.statistics import Statistics

MOST_SERIES, MOST_COLUMNS = 400, 250
BY_COLUMN: tuple[Subject, ...] = ("input", "feature", "attribution", "schema")
"""Subjects of which there are as many things as columns."""
AGAINST: dict[Baseline, str] = {"training": "the rows of training", "previous": "the window before"}


def make_view(
    endpoint: str,
    windows: Sequence[WindowFindings],
    references: Sequence[Reference],
    alerts: Sequence[Alert],
    monitoring: Monitoring,
    *,
    against: str = "",
    names: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> MonitorView:
    """Of windows in order of time, each with what it was held against, and their alerts.

    `against` and `names` are what is held against and the windows in words, where they are none of the calendar's.
    At most 400 series and 250 columns: some hundred kilobytes, however wide the table and whatever was measured.
    """
    named = Windows(monitoring.every, monitoring.time_zone)
    called = names or [named.text(window.summary.window) for window in windows]
    shown = [ShownWindow.of(window, name) for window, name in zip(windows, called, strict=True)]
    series = all_series(windows)
    if not any(each.of == "quality" and each.name.startswith(EXPECTED) for each in series):
        series += expected_series(windows)
    told = sorted((ShownAlert.of(alert, shown, named) for alert in alerts), key=_open_and_farthest)
    latest = _latest(shown)
    kept = _kept(series, told)
    columns = [] if latest is None else list(_columns(windows[latest].summary, references[latest], kept))
    held = against or AGAINST[references[-1].baseline if references else "training"]
    return MonitorView(
        endpoint=endpoint,
        against=held,
        then=_then(references[latest], held) if latest is not None else {},
        every=monitoring.every,
        time_zone=monitoring.time_zone,
        min_rows=monitoring.min_rows,
        verdict=verdict(shown, series, told),
        windows=tuple(shown),
        latest=latest,
        series=tuple(kept),
        columns=tuple(columns[:MOST_COLUMNS]),
        alerts=tuple(told),
        notes=tuple(notes),
        assumptions=_assumptions(windows),
        num_left_out=len(series) - len(kept),
    )


def _assumptions(windows: Sequence[WindowFindings]) -> tuple[str, ...]:
    """Of whatever was estimated, each once."""
    estimated = [window.summary.expected for window in windows if window.summary.expected]
    found = {ASSUMPTIONS[method_of(each)]: None for each in estimated}
    if any(window.summary.quality and window.summary.quality.num_labelled for window in windows):
        found[LABELLED] = None
    return tuple(found)


def _then(reference: Reference, against: str) -> dict[Subject, str]:
    """Subject → what its columns are drawn beside."""
    then = AGAINST["training"] if reference.baseline == "training" else against
    answers = then if reference.predictions is not None else AGAINST["previous"]
    return {"input": then, "prediction": answers, "feature": then, "attribution": then}


def _open_and_farthest(shown: ShownAlert) -> tuple[bool, float, int, str]:
    """Of what is over the latest first."""
    is_over = shown.until is not None
    return is_over, 0.0 if is_over else -shown.alert.excess, -shown.alert.opened, shown.place


def _latest(windows: Sequence[ShownWindow]) -> int | None:
    """Of windows that begin at the same time (a canary's) the one with the most traffic."""
    if not windows:
        return None
    judged = [at for at, window in enumerate(windows) if window.is_judged] or list(range(len(windows)))
    start = windows[judged[-1]].start
    return max((at for at in judged if windows[at].start == start), key=lambda at: windows[at].traffic)


def _kept(series: Sequence[Series], alerts: Sequence[ShownAlert]) -> list[Series]:
    """All, or of so many those with alerts, those of the endpoint as a whole, and the first of the others."""
    alerted = {alert.place for alert in alerts}
    ranked = sorted(series, key=lambda each: (each.place not in alerted, each.of in BY_COLUMN))
    kept = {each.place for each in ranked[:MOST_SERIES]}
    return [each for each in series if each.place in kept]


def _columns(summary: WindowSummary, reference: Reference, series: Sequence[Series]) -> Iterator[ThenAndNow]:
    """Those that were looked at, in the order of their series; then raw columns and answers that nobody judges."""
    found: dict[tuple[Subject, str], ThenAndNow] = {}
    for of, now, then in _sides(summary, reference):
        hashed = summary.hashed if of == "input" and reference.baseline == "training" else ()
        for column in now:
            base = then[column.name] if then is not None and column.name in then else None
            both = then_and_now(of, base, column) if column.name not in hashed else None
            if both is not None:
                found[of, column.name] = both
    order = dict.fromkeys((each.of, each.name) for each in series if (each.of, each.name) in found)
    seen = {key: None for key in found if key[0] in ("input", "prediction")}
    yield from (found[key] for key in {**order, **seen})


def _sides(summary: WindowSummary, reference: Reference) -> Iterator[tuple[Subject, Statistics, Statistics | None]]:
    """What was summed up, and what it was held against."""
    before = reference.before.predictions if reference.before is not None else None
    yield "input", summary.inputs, reference.inputs
    yield "prediction", summary.predictions, reference.predictions or before
    if summary.features is not None:
        yield "feature", summary.features, reference.features
    if summary.attributions is not None:
        yield "attribution", summary.attributions, reference.attributions
