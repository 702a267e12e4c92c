"""`timeline_chart`: which trial ran when, and beside which others."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from hagane.page.frame import Axis
from hagane.page.markup import Markup, element
from hagane.tuning.report.shown_study import ShownStudy
from hagane.tuning.states_text import STATES
from hagane.tuning.trial import Trial

WIDTH, LEFT, RIGHT, LANE, BELOW = 660.0, 8.0, 12.0, 22.0, 40.0
BREAK_SHARE = 0.03
"""What a pause takes of the picture's width, however long it was."""
LEAST_PAUSE = 0.1
"""A time in which no trial ran is a pause where it is longer than this share of the time in which some did."""


@dataclass(frozen=True)
class _Bar:
    trial: Trial
    begin: float
    end: float
    lane: int


def timeline_chart(study: ShownStudy) -> Markup | None:
    """A bar a trial, as many lanes as ran at once; times in which none ran are cut out. None where nothing is timed."""
    bars = _bars(study.record.trials)
    if not bars:
        return None
    busy = _busy(bars)
    scale = _Scale(busy)
    lanes = 1 + max(bar.lane for bar in bars)
    height = 8 + lanes * LANE + BELOW
    marks = [_rect(bar, scale, study) for bar in bars]
    marks += [_pause(scale, before, after, height) for before, after in itertools.pairwise(busy)]
    return element(
        "svg",
        element("title", "Timeline"),
        element("desc", f"{len(bars)} trials, {lanes} at once at most, over {scale.total:.0f} s."),
        *_ticks(scale, height),
        *marks,
        viewBox=f"0 0 {WIDTH:g} {height:g}",
        role="img",
        aria_label="Timeline of trials",
        class_="timeline",
    )


def _bars(trials: Sequence[Trial]) -> list[_Bar]:
    """The trials that ran, each in the first lane that is free."""
    timed = [(trial.started, trial.ended, trial) for trial in trials if trial.started and trial.ended]
    if not timed:
        return []
    timed.sort(key=lambda each: (each[0], each[2].id))
    first, free, bars = timed[0][0], list[datetime.datetime](), []
    for started, ended, trial in timed:
        lane = next((at for at, until in enumerate(free) if until <= started), len(free))
        free[lane : lane + 1] = [ended]
        begin = (started - first).total_seconds()
        bars.append(_Bar(trial, begin, max(begin, (ended - first).total_seconds()), lane))
    return bars


def _busy(bars: Sequence[_Bar]) -> list[tuple[float, float]]:
    """The spans in which trials ran, short times between them included."""
    spans: list[tuple[float, float]] = []
    least = LEAST_PAUSE * sum(bar.end - bar.begin for bar in bars) / (1 + max(bar.lane for bar in bars))
    for bar in sorted(bars, key=lambda each: each.begin):
        if spans and bar.begin <= spans[-1][1] + least:
            spans[-1] = (spans[-1][0], max(spans[-1][1], bar.end))
        else:
            spans.append((bar.begin, bar.end))
    return spans


class _Scale:
    """From seconds since the first trial to a place on the picture."""

    def __init__(self, busy: Sequence[tuple[float, float]]) -> None:
        self.busy = busy
        self.total = sum(end - begin for begin, end in busy) or 1.0
        room = WIDTH - LEFT - RIGHT
        self.gap = min(BREAK_SHARE, 0.5 / len(busy)) * room
        self.unit = (room - self.gap * (len(busy) - 1)) / self.total

    def across(self, seconds: float) -> float:
        """Of a moment within a span."""
        place = LEFT
        for begin, end in self.busy:
            if seconds <= end:
                return place + max(0.0, seconds - begin) * self.unit
            place += (end - begin) * self.unit + self.gap
        return place - self.gap

    def moment(self, busy_seconds: float) -> float:
        """The moment at which trials had run for so long."""
        for begin, end in self.busy:
            if busy_seconds <= end - begin + 1e-9:
                return begin + busy_seconds
            busy_seconds -= end - begin
        return self.busy[-1][1]


def _rect(bar: _Bar, scale: _Scale, study: ShownStudy) -> Markup:
    x, end = scale.across(bar.begin), scale.across(bar.end)
    seconds = f", {bar.end - bar.begin:.1f} s"
    return element(
        "rect",
        element("title", study.told(bar.trial) + seconds),
        x=f"{x:.1f}",
        y=f"{8 + bar.lane * LANE:g}",
        width=f"{max(1.5, end - x - 1):.1f}",
        height=LANE - 6,
        rx=3,
        class_=f"ran {STATES[bar.trial.state].split()[0]}",
        data_trial=bar.trial.id,
    )


def _pause(scale: _Scale, before: tuple[float, float], after: tuple[float, float], height: float) -> Markup:
    x = (scale.across(before[1]) + scale.across(after[0])) / 2
    title = element("title", f"no trial ran for {after[0] - before[1]:.0f} s")
    return element("line", title, x1=f"{x:.1f}", x2=f"{x:.1f}", y1=4, y2=height - BELOW + 4, class_="pause")


def _ticks(scale: _Scale, height: float) -> list[Markup]:
    """Seconds, minutes or hours in which trials ran."""
    size, unit = next((each for each in ((3600.0, "h"), (60.0, "min")) if scale.total >= 2 * each[0]), (1.0, "s"))
    axis = Axis("", 0.0, scale.total / size)
    marks, bottom = [], height - BELOW
    for value, text in axis.marks:
        x = f"{scale.across(scale.moment(value * size)):.1f}"
        anchor = "tick" if value == 0 else "tick end" if value > 0.97 * axis.high else "tick middle"
        marks.append(element("line", x1=x, x2=x, y1=4, y2=f"{bottom:g}", class_="grid"))
        marks.append(element("text", text, x=x, y=f"{bottom + 14:g}", class_=anchor))
    label = f"Time in which trials ran ({unit})"
    marks.append(element("text", label, x=WIDTH / 2, y=f"{height - 6:g}", class_="axis middle"))
    return marks
