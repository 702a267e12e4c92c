"""`Alert`: what is not as it should be, from when to when, and how it is told."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from hagane.monitoring.finding import Finding, Subject
from hagane.monitoring.window_findings import WindowFindings


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One stretch of windows in which one thing of one deployed model lay on the wrong side of its threshold."""

    endpoint: str
    deployed_model_id: str
    model: str
    """`late@3`."""
    of: Subject
    name: str
    """The column, the feature, or the metric."""
    measure: str
    slice: str = ""
    """Of which rows alone; all of them where it is empty."""
    threshold: float
    since: int
    """The start of the first window on the wrong side, µs since 1970 UTC."""
    opened: int
    """The start of the window with which there had been enough of them."""
    until: int | None = None
    """The end of the last of the windows that were back; None: it is not over."""
    value: float
    """In the last window on the wrong side."""
    change: str
    """What had changed most there."""
    num_windows: int
    """Windows on the wrong side."""
    traffic: float
    """Rows of the traffic in them."""

    @property
    def title(self) -> str:
        """As people are told: `fare`, `prediction probability`, `quality accuracy where paid = 'cash'`."""
        of = "" if self.of == "input" else f"{self.of} "
        return f"{of}{self.name}" + (f" where {self.slice}" if self.slice else "")

    @property
    def place(self) -> str:
        """What it is about: the same in every later stretch."""
        return "/".join(part for part in (self.of, self.name, self.slice, self.measure) if part)

    @property
    def key(self) -> str:
        """What it is known by: the same in every later run."""
        return f"{self.deployed_model_id}/{self.place}/{self.since}"


def alerts_of(windows: Iterable[WindowFindings], *, endpoint: str, after: int = 2, back: int = 2) -> tuple[Alert, ...]:
    """The alerts of a history, the earliest first: a function of the windows alone, so that every run finds the same.

    One opens with the `after`-th judged window in a row on the wrong side of the threshold, and is over with the
    `back`-th in a row that is back (`Finding.is_back`): what swings around the threshold opens one alert, and not one a
    window. Windows in which it is not judged say nothing, neither way.
    """
    states: dict[tuple[str, str], _State] = {}
    found: dict[str, Alert] = {}
    for window in windows:
        for finding in window.findings:
            if not finding.is_judged:
                continue
            place = (window.summary.deployed_model_id, finding.place)
            state = states.setdefault(place, _State(endpoint, after, back))
            alert = state.see(window, finding)
            if alert is not None:
                found[alert.key] = alert
    return tuple(sorted(found.values(), key=lambda alert: (alert.opened, alert.key)))


class _State:
    """One thing of one deployed model, window after window."""

    def __init__(self, endpoint: str, after: int, back: int) -> None:
        self.endpoint, self.after, self.back = endpoint, after, back
        self.above: list[tuple[WindowFindings, Finding]] = []
        self.opened: int | None = None
        self.num_back = 0

    def see(self, window: WindowFindings, finding: Finding) -> Alert | None:
        """The alert as it stands after this window, if there is one."""
        if finding.is_anomaly:
            self.above.append((window, finding))
            self.num_back = 0
            if self.opened is None and len(self.above) >= self.after:
                self.opened = window.summary.window.start
        elif self.opened is None:
            self.above = []
        else:
            self.num_back = self.num_back + 1 if finding.is_back else 0
        if self.opened is None:
            return None
        is_over = self.num_back >= self.back
        alert = self._alert(window.summary.window.end if is_over else None)
        if is_over:
            self.above, self.opened, self.num_back = [], None, 0
        return alert

    def _alert(self, until: int | None) -> Alert:
        assert self.opened is not None
        first, (last, finding) = self.above[0][0], self.above[-1]
        return Alert(
            endpoint=self.endpoint,
            deployed_model_id=last.summary.deployed_model_id,
            model=f"{last.summary.model}@{last.summary.version}",
            of=finding.of,
            name=finding.name,
            measure=finding.measure,
            slice=finding.slice,
            threshold=finding.threshold,
            since=first.summary.window.start,
            opened=self.opened,
            until=until,
            value=finding.value,
            change=finding.change,
            num_windows=len(self.above),
            traffic=sum(window.summary.traffic for window, _ in self.above),
        )
