"""`Alert`: a column that has moved too far, from when to when, and how it is told."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from hagane.monitoring.window_drift import ColumnDrift, WindowDrift


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One stretch of windows in which one column of one deployed model lay too far from the baseline."""

    endpoint: str
    deployed_model_id: str
    model: str
    """`late@3`."""
    input: str
    metric: str
    threshold: float
    since: int
    """The start of the first window above the threshold, µs since 1970 UTC."""
    opened: int
    """The start of the window with which there had been enough of them."""
    until: int | None = None
    """The end of the last of the windows that were back; None: it is not over."""
    value: float
    """In the last window above the threshold."""
    change: str
    """What had changed most there."""
    num_windows: int
    """Windows above the threshold."""
    traffic: float
    """Rows of the traffic in them."""

    @property
    def key(self) -> str:
        """What it is known by: the same in every later run."""
        return f"{self.deployed_model_id}/{self.input}/{self.since}"


def alerts_of(
    windows: Iterable[WindowDrift], *, endpoint: str, after: int = 2, back: int = 2, margin: float = 0.8
) -> tuple[Alert, ...]:
    """The alerts of a history, the earliest first: a function of the windows alone, so that every run finds the same.

    One opens with the `after`-th judged window in a row above the threshold, and is over with the `back`-th in a row
    below `margin` of it: what swings around the threshold opens one alert, and not one a window. Windows that are not
    judged say nothing, neither way.
    """
    states: dict[tuple[str, str], _State] = {}
    found: dict[str, Alert] = {}
    for window in windows:
        if not window.is_judged:
            continue
        for column in window.columns:
            place = (window.summary.deployed_model_id, column.drift.input)
            state = states.setdefault(place, _State(endpoint, after, back, margin))
            alert = state.see(window, column)
            if alert is not None:
                found[alert.key] = alert
    return tuple(sorted(found.values(), key=lambda alert: (alert.opened, alert.key)))


class _State:
    """One column of one deployed model, window after window."""

    def __init__(self, endpoint: str, after: int, back: int, margin: float) -> None:
        self.endpoint, self.after, self.back, self.margin = endpoint, after, back, margin
        self.above: list[tuple[WindowDrift, ColumnDrift]] = []
        self.opened: int | None = None
        self.num_back = 0

    def see(self, window: WindowDrift, column: ColumnDrift) -> Alert | None:
        """The alert as it stands after this window, if there is one."""
        drift = column.drift
        if drift.is_anomaly:
            self.above.append((window, column))
            self.num_back = 0
            if self.opened is None and len(self.above) >= self.after:
                self.opened = window.summary.window.start
        elif self.opened is None:
            self.above = []
        else:
            self.num_back = self.num_back + 1 if drift.value < self.margin * drift.threshold else 0
        if self.opened is None:
            return None
        is_over = self.num_back >= self.back
        alert = self._alert(window.summary.window.end if is_over else None)
        if is_over:
            self.above, self.opened, self.num_back = [], None, 0
        return alert

    def _alert(self, until: int | None) -> Alert:
        assert self.opened is not None
        first, (last, column) = self.above[0][0], self.above[-1]
        return Alert(
            endpoint=self.endpoint,
            deployed_model_id=last.summary.deployed_model_id,
            model=f"{last.summary.model}@{last.summary.version}",
            input=column.drift.input,
            metric=column.drift.metric,
            threshold=column.drift.threshold,
            since=first.summary.window.start,
            opened=self.opened,
            until=until,
            value=column.drift.value,
            change=column.change,
            num_windows=len(self.above),
            traffic=sum(window.summary.traffic for window, _ in self.above),
        )
