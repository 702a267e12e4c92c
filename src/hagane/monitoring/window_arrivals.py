"""`WindowArrivals`: what came to a deployed model in a window: answered or refused, and with which fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

ANSWERED, REFUSED = "answered", "refused"
OF_FORM = ("row", "unknown", "type", "range", "body", "row_error")
"""Why requests are refused for what they hold; `overload` and `failure` are the server's own."""
MOST_NAMES = 100
"""Of unknown fields: those of many windows together would have no end."""
Count = tuple[str, str, str, int]
"""What is counted, of which name, for which reason, how often: a row of the log's files."""


class RowForms(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one outcome."""

    num_rows: int = 0
    num_looked: int = 0
    """Those whose fields were looked at: all of a quiet server's, some of a busy one's."""
    absent: dict[str, int] = {}
    """Column → rows that did not name it: NULL to the model, and yet no null."""
    unknown: dict[str, int] = {}
    """Field that the model does not know → rows; "" are those with any."""
    nan: dict[str, int] = {}
    """Column → rows that hold NaN, which the log has as NULL."""

    def merge(self, other: RowForms) -> RowForms:
        """Of both windows' rows."""
        return RowForms(
            num_rows=self.num_rows + other.num_rows,
            num_looked=self.num_looked + other.num_looked,
            absent=_added(self.absent, other.absent),
            unknown=_most(_added(self.unknown, other.unknown)),
            nan=_added(self.nan, other.nan),
        )


class WindowArrivals(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of the server, of every request and not of the logged ones alone; mergeable.

    >>> requests = [("request", "", "answered", 9), ("request", "", "type", 1)]
    >>> rows = [("row", "", "answered", 9), ("row", "", "refused", 1), ("fault", "fare", "type", 1)]
    >>> came = WindowArrivals.of(requests + rows)
    >>> came.num_rows, came.num_refused_requests, came.fault_share("fare", "type")
    (10, 1, 0.1)
    """

    requests: dict[str, int] = {}
    """`answered`, or why not → requests."""
    answered: RowForms = RowForms()
    refused: RowForms = RowForms()
    faults: dict[str, dict[str, int]] = {}
    """Column → `type`, `range` → refused rows that it is to blame for."""

    @staticmethod
    def of(counts: Iterable[Count]) -> WindowArrivals:
        """Of what the log's files hold; what is there twice (of several processes) adds up."""
        found: dict[tuple[str, str], dict[str, int]] = {}
        for of, name, reason, count in counts:
            by_name = found.setdefault((of, reason), {})
            by_name[name] = by_name.get(name, 0) + count
        faults: dict[str, dict[str, int]] = {}
        for (of, reason), by_name in found.items():
            for name, count in by_name.items() if of == "fault" else ():
                faults.setdefault(name, {})[reason] = count
        requests = {reason: by_name[""] for (of, reason), by_name in found.items() if of == "request"}
        return WindowArrivals(requests=requests, answered=_forms(found, ANSWERED), refused=_forms(found, REFUSED),
                              faults=faults)  # fmt: skip

    @property
    def num_rows(self) -> int:
        """Rows that came, as far as they could be counted: a request that could not be read is one."""
        return self.answered.num_rows + self.refused.num_rows

    @property
    def num_looked(self) -> int:
        """Rows whose fields were looked at."""
        return self.answered.num_looked + self.refused.num_looked

    @property
    def num_refused_requests(self) -> int:
        """Those that were refused for what they hold."""
        return sum(self.requests.get(reason, 0) for reason in OF_FORM) + self.requests.get("unlooked", 0)

    @property
    def refused_share(self) -> float:
        """The share of the requests that were answered or refused for what they hold."""
        whole = self.num_refused_requests + self.requests.get(ANSWERED, 0)
        return self.num_refused_requests / whole if whole else 0.0

    def share(self, what: Literal["absent", "unknown", "nan"], name: str = "") -> float:
        """The share of the rows: of each outcome what was looked at stands for all of it."""
        parts = [(form, getattr(form, what).get(name, 0)) for form in (self.answered, self.refused) if form.num_looked]
        num_rows = sum(form.num_rows for form, _ in parts)
        return sum(form.num_rows * count / form.num_looked for form, count in parts) / num_rows if num_rows else 0.0

    def fault_share(self, column: str, reason: str) -> float:
        """The share of all rows that were refused, and for which the column is to blame."""
        return self.faults.get(column, {}).get(reason, 0) / self.num_rows if self.num_rows else 0.0

    def merge(self, other: WindowArrivals) -> WindowArrivals:
        """Of both windows together."""
        faults = {name: _added(self.faults.get(name, {}), other.faults.get(name, {}))
                  for name in (*self.faults, *other.faults)}  # fmt: skip
        return WindowArrivals(requests=_added(self.requests, other.requests), faults=faults,
                              answered=self.answered.merge(other.answered),
                              refused=self.refused.merge(other.refused))  # fmt: skip


def _forms(found: Mapping[tuple[str, str], dict[str, int]], outcome: str) -> RowForms:
    def of(what: str) -> dict[str, int]:
        return found.get((what, outcome), {})

    return RowForms(num_rows=of("row").get("", 0), num_looked=of("looked").get("", 0), absent=of("absent"),
                    unknown=of("unknown"), nan=of("nan"))  # fmt: skip


def _added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in (*one, *other)}


def _most(counts: dict[str, int]) -> dict[str, int]:
    """The most frequent names, ties in their order."""
    ordered = sorted(counts.items(), key=lambda pair: (pair[0] != "", -pair[1], pair[0]))
    return dict(ordered[: MOST_NAMES + 1])
