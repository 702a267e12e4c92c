"""`Series`: one thing that is watched, window after window, with its threshold."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from hagane.monitoring.finding import Finding
from hagane.monitoring.watched import Subject

FARTHEST = 99.0
"""An excess of more (a threshold of zero has no other) is told as this."""
_DIGITS = 4


class Series(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The figures of one thing in all windows that are shown: [num_windows] each, None where it was not looked at.

    >>> finding = Finding.of_distance("input", "fare", measure="L_INFTY", value=0.6, threshold=0.3, num_rows=500)
    >>> fare = Series.through([None, finding])
    >>> fare.title, fare.values, fare.latest, fare.excess, fare.is_anomaly
    ('fare', (None, 0.6), 1, 2.0, True)
    """

    place: str
    """What it is known by: of/name/slice/measure."""
    of: Subject
    name: str
    measure: str
    slice: str = ""
    values: tuple[float | None, ...]
    thresholds: tuple[float | None, ...]
    lows: tuple[float | None, ...] = ()
    """Of estimates: where their 95 % intervals begin; empty where there are none."""
    highs: tuple[float | None, ...] = ()
    excesses: tuple[float | None, ...]
    """How far each lies from its threshold: 1 at it, more where it is wrong (`Finding.excess`), at most 99."""
    anomalies: tuple[int, ...] = ()
    """Windows in which it is not as it should be, as indices."""
    unjudged: tuple[int, ...] = ()
    """Windows in which there were too few rows to say anything."""
    latest: int | None = None
    """The last window in which it was judged; None where it never was."""
    change: str = ""
    """What had changed most there, in words."""

    @property
    def title(self) -> str:
        """As people are told: `fare`, `prediction probability`, `quality accuracy where paid = 'cash'`."""
        of = "" if self.of == "input" else f"{self.of} "
        return f"{of}{self.name}" + (f" where {self.slice}" if self.slice else "")

    @property
    def excess(self) -> float:
        """In the latest window in which it was judged; 0 where it never was."""
        return (self.excesses[self.latest] or 0.0) if self.latest is not None else 0.0

    @property
    def value(self) -> float | None:
        """There."""
        return self.values[self.latest] if self.latest is not None else None

    @property
    def threshold(self) -> float | None:
        """There; else the last that there is."""
        if self.latest is not None:
            return self.thresholds[self.latest]
        return next((each for each in reversed(self.thresholds) if each is not None), None)

    @property
    def shown(self) -> int:
        """The window whose figure stands for it: the latest that was judged, else the last that has one."""
        known = (at for at, value in enumerate(self.values) if value is not None)
        return self.latest if self.latest is not None else max(known, default=len(self.values) - 1)

    @property
    def is_anomaly(self) -> bool:
        """Whether it is not as it should be there."""
        return self.latest is not None and self.latest in self.anomalies

    @staticmethod
    def through(findings: Sequence[Finding | None]) -> Series:
        """Of one thing in each window; at least one is there."""
        known = [(at, finding) for at, finding in enumerate(findings) if finding is not None]
        first = known[0][1]
        judged = [at for at, finding in known if finding.is_judged]
        shown = findings[judged[-1]] if judged else None
        has_interval = any(finding.low is not None or finding.high is not None for _, finding in known)
        return Series(
            place=first.place,
            of=first.of,
            name=first.name,
            measure=first.measure,
            slice=first.slice,
            values=tuple(_figure(each.value) if each else None for each in findings),
            thresholds=tuple(_figure(each.threshold) if each else None for each in findings),
            lows=tuple(_figure(each.low) if each else None for each in findings) if has_interval else (),
            highs=tuple(_figure(each.high) if each else None for each in findings) if has_interval else (),
            excesses=tuple(_figure(_excess(each), 3) if each else None for each in findings),
            anomalies=tuple(at for at, each in known if each.is_judged and each.is_anomaly),
            unjudged=tuple(at for at, each in known if not each.is_judged),
            latest=judged[-1] if judged else None,
            change=shown.change if shown else "",
        )


def _excess(finding: Finding) -> float:
    """As the finding's; nothing at all where nothing is allowed is as far from wrong as can be."""
    is_fine = finding.value == finding.threshold == 0 and not finding.is_anomaly
    return 0.0 if is_fine else min(finding.excess, FARTHEST)


def _figure(value: float | None, digits: int = _DIGITS) -> float | None:
    """In as many digits as are shown; None for what is no number."""
    if value is None:
        return None
    rounded = float(f"{value:.{digits}g}")
    return rounded if math.isfinite(rounded) else None
