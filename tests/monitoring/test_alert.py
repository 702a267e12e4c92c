"""When alerts open and when they are over: by hand, and over random histories."""

from __future__ import annotations

import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hagane.monitoring.alert import alerts_of
from hagane.monitoring.finding import Finding
from hagane.monitoring.model_context import ModelContext
from hagane.monitoring.notification import Notification
from hagane.monitoring.slice_effect import SliceEffect
from hagane.monitoring.window_findings import WindowFindings
from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.windows import Window, Windows
from hagane.statistics.statistics import Statistics

NOTHING = Statistics(num_rows=0, columns=())
DAY = 86_400_000_000


def history(values: list[float | None]) -> list[WindowFindings]:
    """One column, a window a value; None: too few rows."""
    return [
        WindowFindings(
            summary=WindowSummary(
                window=Window(number * DAY, (number + 1) * DAY), deployed_model_id="t", model="late", version="3",
                num_rows=10, traffic=100.0, num_errors=0, inputs=NOTHING, predictions=NOTHING,
            ),
            is_judged=value is not None,
            findings=(
                Finding.of_distance(
                    "input", "fare", measure="L_INFTY", value=value or 0.0, threshold=0.3, num_rows=10,
                    is_judged=value is not None, change="'card' 20 % → 60 %",
                ),
            ),
        )
        for number, value in enumerate(values)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "stretches"),
    [
        ([0.1, 0.5, 0.1, 0.5, 0.1], []),
        ([0.1, 0.5, 0.5], [(1, 2, None)]),
        ([0.5, 0.5, 0.25, 0.25, 0.25], [(0, 1, None)]),
        ([0.5, 0.5, 0.1, 0.25, 0.1, 0.1, 0.1], [(0, 1, 5)]),
        ([0.5, None, 0.5, None, 0.1, None, 0.1], [(0, 2, 6)]),
        ([0.5, 0.5, 0.1, 0.1, 0.5, 0.5], [(0, 1, 3), (4, 5, None)]),
    ],
)
def test_what_swings_around_the_threshold_is_one_alert(
    values: list[float | None], stretches: list[tuple[int, int, int | None]]
) -> None:
    found = alerts_of(history(values), endpoint="e")
    told = [(alert.since // DAY, alert.opened // DAY, alert.until and alert.until // DAY - 1) for alert in found]
    assert told == stretches


@given(st.lists(st.none() | st.sampled_from([0.1, 0.27, 0.5]), max_size=30), st.integers(1, 3), st.integers(1, 3))
def test_alerts_of_one_column_do_not_overlap_and_more_history_changes_no_end(
    values: list[float | None], after: int, back: int
) -> None:
    found = alerts_of(history(values), endpoint="e", after=after, back=back)
    for before, then in itertools.pairwise(found):
        assert before.until is not None
        assert before.until <= then.since
    for alert in found:
        assert alert.num_windows >= after
        assert alert.since <= alert.opened
    for shorter in range(len(values)):
        earlier = alerts_of(history(values[:shorter]), endpoint="e", after=after, back=back)
        assert [alert for alert in earlier if alert.until is not None] == [
            alert for alert in found if alert.until is not None and alert.until <= shorter * DAY]  # fmt: skip


def test_a_message_says_what_changed_since_when_and_what_to_look_at() -> None:
    (alert,) = alerts_of(history([0.1, 0.5, 0.5]), endpoint="late")
    effect = SliceEffect(slice="company = 'X'", share=0.12, value=0.5, without=0.08)
    message = Notification(
        endpoint="late",
        baseline="training",
        windows=Windows("day"),
        opened=(msgspec.structs.replace(alert, explained_by=effect),),
        models=(ModelContext(deployed_model_id="t", model="late@3", trained=-9 * DAY, last=2 * DAY, also=("hour",),
                             form=("schema zone",)),),
    )  # fmt: skip
    expected = """late: 1 new alert

late@3, inputs
- fare: 'card' 20 % → 60 %
  L-infinity 0.5, threshold 0.3
  since 1970-01-02 (2 windows), 200 rows of the traffic, 100 % of what came since
  without the rows of company = 'X' (12 % of them) it is 0.08, not 0.5

look at: hagane monitor late --window day --baseline training
late@3 was trained 11 days before its last window
also too far there: hour
the traffic's form: schema zone"""
    assert message.text == expected


def test_a_message_of_hundreds_is_short_and_says_the_farthest_first() -> None:
    (alert,) = alerts_of(history([0.1, 0.5, 0.5]), endpoint="late")
    many = tuple(
        msgspec.structs.replace(alert, name=f"c{number}", excess=float(number % 300), measure=measure)
        for number in range(300)
        for measure in ("L_INFTY", "CHI_SQUARED")
    )
    over = msgspec.structs.replace(alert, until=9 * DAY, is_gone=True)
    message = Notification(endpoint="late", baseline="previous", windows=Windows(), opened=many, resolved=(over,) * 30)
    entries = [line for line in message.text.splitlines() if line.startswith("- c")]
    assert [line.split(":")[0] for line in entries] == [f"- c{299 - place}" for place in range(10)]
    assert "\nand 290 more\n" in message.text, "columns, not measures"
    assert "- fare (late@3): lasted 8 days, from 1970-01-02 to 1970-01-09; the model answers no more" in message.text
    assert "and 20 more" in message.text
    assert message.subject == "late: 600 new alerts, 30 alerts over"
    assert len(message.text) < 4000


def test_an_alert_is_over_when_its_model_answers_no_more() -> None:
    first = history([0.1, 0.5, 0.5])
    later = [
        msgspec.structs.replace(
            window, summary=msgspec.structs.replace(window.summary, deployed_model_id="u"), findings=()
        )
        for window in history([0.1] * 6)[2:]
    ]
    (alert,) = alerts_of([*first, *later[:2]], endpoint="e")
    assert alert.until is None
    assert alert.share == pytest.approx(200 / 400), "of the 400 rows since, 200 were the other model's"
    (alert,) = alerts_of([*first, *later[:3]], endpoint="e")
    assert (alert.until, alert.is_gone) == (5 * DAY, True)
    assert alerts_of([*first, *later], endpoint="e")[0].until == 5 * DAY
    (alert,) = alerts_of([*first, *later], endpoint="e", is_calendar=False)
    assert alert.until is None, "windows of rows begin when they do"
