"""Too few and too many rows are found, by the time of the week; weekends and nights are no alarm."""

from __future__ import annotations

import numpy as np
import pytest

from hagane.monitoring.judges.volume import judge_volume
from hagane.monitoring.reference import Reference, Volume
from hagane.monitoring.usual_volume import usual_volume
from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.windows import Window, Windows
from hagane.spec.monitoring import Monitoring
from hagane.statistics.statistics import Statistics

HOUR = 3_600_000_000
DAY = 24 * HOUR
MONDAY = 4 * DAY
NOTHING = Statistics(num_rows=0, columns=())
SUMMARY = WindowSummary(window=Window(0, 1), deployed_model_id="d", model="m", version="1", num_rows=0, traffic=0.0,
                        num_errors=0, inputs=NOTHING, predictions=NOTHING)  # fmt: skip


def is_wrong(history: dict[int, float], start: int, num_rows: float, every: str) -> bool | None:
    """None where it is not judged."""
    usual = usual_volume(history, start, Windows(every))
    if usual is None:
        return None
    volume = Volume(num_rows=num_rows, low=usual.low, high=usual.high, fraction=usual.fraction(num_rows))
    (found,) = judge_volume(SUMMARY, Reference(baseline="training", volume=volume), Monitoring())
    assert not (found.is_anomaly and found.is_back)
    return found.is_anomaly if found.is_judged else None


def traffic(start: int, random: np.random.Generator) -> float:
    """Nights have a twentieth of days, weekends a tenth of weeks."""
    day, hour = (start - MONDAY) // DAY % 7, start // HOUR % 24
    return float(random.poisson(1_000 * (0.1 if day >= 5 else 1.0) * (0.05 if hour < 6 else 1.0)))


@pytest.mark.parametrize(("every", "step", "num_windows"), [("hour", HOUR, 24 * 35), ("day", DAY, 70)])
def test_weekends_and_nights_raise_no_alarm_and_an_outage_does(every: str, step: int, num_windows: int) -> None:
    random = np.random.default_rng(0)
    history: dict[int, float] = {}
    told = []
    for start in range(MONDAY, MONDAY + num_windows * step, step):
        rows = traffic(start + (12 * HOUR if every == "day" else 0), random)
        told.append(is_wrong(history, start, rows, every))
        history[start] = rows
    assert True not in told
    assert told.count(False) > num_windows / 2
    start = MONDAY + num_windows * step
    start += 12 * HOUR if every == "hour" else 0
    usual = traffic(start + (12 * HOUR if every == "day" else 0), random)
    assert is_wrong(history, start, usual * 0.1, every)
    assert is_wrong(history, start, usual * 10, every)
    assert is_wrong(history, start, usual * 0.5, every) is False


def test_without_history_nothing_is_judged() -> None:
    assert is_wrong({}, DAY, 5.0, "day") is None
    assert is_wrong({day * DAY: 100.0 for day in range(6)}, 6 * DAY, 5.0, "day") is None
    assert is_wrong({day * DAY: 100.0 for day in range(7)}, 7 * DAY, 5.0, "day")
    assert is_wrong({day * DAY: 100.0 for day in range(3)}, 31 * DAY, 5.0, "month"), "months have no time of the week"
    assert not list(judge_volume(SUMMARY, Reference(baseline="training"), Monitoring()))
