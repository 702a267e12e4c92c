"""`place_ids`: which part of the page shows a series."""

from __future__ import annotations

from hagane.monitoring.view.expected_series import EXPECTED
from hagane.monitoring.view.monitor_view import MonitorView


def place_ids(view: MonitorView) -> dict[str, str]:
    """Place of a series → the id of the card that it is drawn on: one for all measures of one thing.

    `expected_accuracy` is drawn with `accuracy`, where that is known.
    """
    known = {(each.of, each.name, each.slice) for each in view.series}
    ids: dict[tuple[str, str, str], str] = {}
    found = {}
    for each in view.series:
        truth = (each.of, each.name.removeprefix(EXPECTED), each.slice)
        key = truth if truth in known else (each.of, each.name, each.slice)
        found[each.place] = ids.setdefault(key, f"thing-{len(ids)}")
    return found
