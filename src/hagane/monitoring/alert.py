"""`Alert`: what is not as it should be, from when to when, and how it is told."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import msgspec

from hagane.monitoring.finding import Finding
from hagane.monitoring.slice_effect import SliceEffect
from hagane.monitoring.watched import Watched
from hagane.monitoring.window_findings import WindowFindings


class Alert(Watched, frozen=True, kw_only=True):
    """One stretch of windows in which one thing of one deployed model lay on the wrong side of its threshold."""

    endpoint: str
    deployed_model_id: str
    model: str
    """`late@3`."""
    threshold: float
    since: int
    """The start of the first window on the wrong side, µs since 1970 UTC."""
    opened: int
    """The start of the window with which there had been enough of them."""
    until: int | None = None
    """The end of the last of the windows that were back; None: it is not over."""
    is_gone: bool = False
    """It is over since its model answers no more."""
    value: float
    """In the last window on the wrong side."""
    change: str
    """What had changed most there."""
    num_windows: int
    """Windows on the wrong side."""
    traffic: float
    """Rows of the traffic in them."""
    share: float | None = None
    """Of all that came to the endpoint from the first of them on, 0 to 1."""
    excess: float = 1.0
    """How far the value lies from its threshold, for an order (`Finding.excess`)."""
    last: int | None = None
    """The start of the last window on the wrong side."""
    explained_by: SliceEffect | None = None
    """The rows that explain most of it, where some do clearly."""

    @property
    def key(self) -> str:
        """What it is known by: the same in every later run."""
        return f"{self.deployed_model_id}/{self.place}/{self.since}"


def alerts_of(
    windows: Iterable[WindowFindings], *, endpoint: str, after: int = 2, back: int = 2, is_calendar: bool = True
) -> tuple[Alert, ...]:
    """The alerts of a history, the earliest first: a function of the windows alone, so that every run finds the same.

    One opens with the `after`-th judged window in a row on the wrong side of the threshold, and is over with the
    `back`-th in a row that is back (`Finding.is_back`): what swings around the threshold opens one alert, and not one a
    window. Windows in which it is not judged say nothing, neither way. It is over, too, when its model has had no row
    in `back` windows in a row in which others had: it was rolled back, or replaced. Windows without any traffic,
    and those that are cut by their rows (`is_calendar` is false, each model's own), tell nothing of that.
    """
    history = sorted(windows, key=lambda window: window.summary.window.start)
    states: dict[tuple[str, str], _State] = {}
    found: dict[str, Alert] = {}
    absent: dict[str, int] = {}
    for _, group in itertools.groupby(history, key=lambda window: window.summary.window.start):
        together = list(group)
        if not all(window.summary.is_silent for window in together):
            absent = {model: count + 1 for model, count in absent.items()}
        absent |= {window.summary.deployed_model_id: 0 for window in together}
        told = [_see(states, window, endpoint, after, back) for window in together]
        end = max(window.summary.window.end for window in together)
        gone = [state.leave(end) for (model, _), state in states.items() if is_calendar and absent[model] == back]
        found |= {alert.key: alert for alert in (*itertools.chain(*told), *gone) if alert is not None}
    shared = (_with_share(alert, history) for alert in found.values())
    return tuple(sorted(shared, key=lambda alert: (alert.opened, alert.key)))


def _see(
    states: dict[tuple[str, str], _State], window: WindowFindings, endpoint: str, after: int, back: int
) -> Iterator[Alert | None]:
    """Each judged finding of a window, told to its state."""
    for finding in window.findings:
        if finding.is_judged:
            place = (window.summary.deployed_model_id, finding.place)
            yield states.setdefault(place, _State(endpoint, after, back)).see(window, finding)


def _with_share(alert: Alert, history: list[WindowFindings]) -> Alert:
    """With how much of the endpoint's traffic lay in its windows, since it began and until it was over."""
    summaries = (window.summary for window in history)
    total = sum(
        each.traffic
        for each in summaries
        if alert.since <= each.window.start and (alert.until is None or each.window.start < alert.until)
    )
    return msgspec.structs.replace(alert, share=alert.traffic / total if alert.traffic else None)


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
        return self._end(window.summary.window.end) if self.num_back >= self.back else self._alert(None)

    def leave(self, end: int) -> Alert | None:
        """The alert that is over since its model answers no more, if there is one."""
        return self._end(end, is_gone=True) if self.opened is not None else None

    def _end(self, until: int, *, is_gone: bool = False) -> Alert:
        alert = self._alert(until, is_gone=is_gone)
        self.above, self.opened, self.num_back = [], None, 0
        return alert

    def _alert(self, until: int | None, *, is_gone: bool = False) -> Alert:
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
            is_gone=is_gone,
            value=finding.value,
            change=finding.change,
            num_windows=len(self.above),
            traffic=sum(window.summary.traffic for window, _ in self.above),
            excess=finding.excess,
            last=last.summary.window.start,
        )
