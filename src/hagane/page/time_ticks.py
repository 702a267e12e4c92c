"""`time_ticks`: round moments within a range, as an axis shows them."""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

MAX_TICKS = 4
"""A date is wide."""
MINUTE, HOUR, DAY = 60, 3600, 86_400
SECONDS = (
    *(1, 2, 5, 10, 15, 30),
    *(MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE),
    *(HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR),
    *(DAY, 2 * DAY, 5 * DAY, 10 * DAY),
)
MONTHS = (1, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400, 6000, 12_000, 24_000)
"""Steps, from which the first is taken that gives few enough."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def time_ticks(low: float, high: float) -> list[tuple[float, str]]:
    """(seconds since 1970, what to write there); empty where the calendar's years end, or within a second.

    >>> time_ticks(1356998400, 1388534400)
    [(1356998400, '2013-01'), (1372636800, '2013-07'), (1388534400, '2014-01')]
    >>> [text for _, text in time_ticks(1356998400, 1357084800)], [text for _, text in time_ticks(0, 5e9)]
    (['01-01 00:00', '01-01 12:00', '01-02 00:00'], ['2000', '2050', '2100'])
    """
    try:
        first, last = EPOCH + timedelta(seconds=low), EPOCH + timedelta(seconds=high)
    except OverflowError:
        return []
    step = next((step for step in SECONDS if (high - low) / step < MAX_TICKS), None)
    if step is not None:
        start = math.ceil(low / step) * step
        return [(at, _time_text(at, step)) for at in range(start, math.floor(high) + 1, step)]
    for months in MONTHS:
        found = list(itertools.islice(_months(first, last, months), MAX_TICKS + 1))
        if len(found) <= MAX_TICKS:
            return [(int((at - EPOCH).total_seconds()), f"{at:%Y-%m}" if months < 12 else str(at.year)) for at in found]
    return []


def _time_text(at: int, step: int) -> str:
    moment = EPOCH + timedelta(seconds=at)
    forms = ("%H:%M:%S", "%m-%d %H:%M", "%Y-%m-%d")
    return moment.strftime(forms[bisect.bisect_right((MINUTE, DAY), step)])


def _months(first: datetime, last: datetime, step: int) -> Iterator[datetime]:
    """The firsts of the months within the range whose number since the year 0 the step divides."""
    number = first.year * 12 + first.month - 1
    for each in itertools.count(-(-number // step) * step, step):
        if each // 12 > 9999 or each < 12:
            return
        moment = datetime(each // 12, each % 12 + 1, 1, tzinfo=UTC)
        if moment > last:
            return
        if moment >= first:
            yield moment
