"""`measure_quantiles`: exact quantiles of many numbers, in memory that does not grow with the rows.

DuckDB's `quantile_disc` keeps every value. Of many rows a sample tells where each quantile about lies (Floyd and
Rivest, Expected Time Bounds for Selection, 1975); one scan counts the values below that window, a second fetches the
few inside. What comes out does not depend on the sample: a window that misses is replaced by a sort, which DuckDB
spills.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from hagane.data.table import ROW

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_IN_MEMORY = 1_000_000
"""Of so many rows all values are kept."""
SAMPLED_ROWS = 200_000
LARGEST_WINDOW_SHARE = 0.1
"""Where the windows would hold more of the rows, one sort is cheaper than they are."""
_DEVIATIONS = 6.0
"""Half the width of a window, in standard deviations of a sample's rank: about one in a billion misses."""

Value = int | float


class Query(Protocol):
    """Runs DuckDB SQL over the table `data`; with `with_row` it has the column `ROW`."""

    def __call__(self, sql: str, *, with_row: bool = False) -> pa.Table:
        """The result."""


class _Window(NamedTuple):
    """Values in [low, high); None where it has no end on that side."""

    low: Value | None
    high: Value | None

    def contains(self, x: str) -> str:
        """The SQL condition."""
        tests = [f"{x} >= {number_literal(self.low)}"] if self.low is not None else []
        tests += [f"{x} < {number_literal(self.high)}"] if self.high is not None else []
        return f"({' AND '.join(tests) or 'TRUE'})"


def measure_quantiles(
    query: Query, wanted: Mapping[str, Sequence[float]], num_rows: int
) -> dict[str, list[Value] | None]:
    """For each SQL argument (a number without NaN, or NULL) its quantiles at these fractions, by nearest rank.

    As `quantile_disc` gives them: the value of rank ⌈n·q⌉ among n; None where there is no value. Zero is 0.0, since
    which of 0.0 and -0.0 comes first is nobody's to say.

    >>> import pyarrow as pa
    >>> from hagane.data.open_table import open_table
    >>> table = open_table(pa.table({"n": [5, 1, 3, 2, None]}))
    >>> measure_quantiles(table.query, {"n": [0.5, 0.75]}, table.num_rows)
    {'n': [2, 3]}
    """
    if not wanted:
        return {}
    found = _in_memory(query, wanted) if num_rows <= ROWS_IN_MEMORY else _selected(query, wanted, num_rows)
    return {argument: values and [positive_zero(value) for value in values] for argument, values in found.items()}


def _selected(query: Query, wanted: Mapping[str, Sequence[float]], num_rows: int) -> dict[str, list[Value] | None]:
    arguments = list(wanted)
    windows = dict(zip(arguments, _windows(query, wanted, num_rows), strict=True))
    selected = [argument for argument in arguments if windows[argument]]
    below = _counts_below(query, {argument: windows[argument] or [] for argument in selected})
    found: dict[str, list[Value] | None] = {}
    for argument in arguments:
        window = windows[argument]
        ranks = [rank(fraction, below[argument].num_values) for fraction in wanted[argument]] if window else []
        values = _select(query, argument, ranks, window, below[argument].ranks) if window else None
        found[argument] = _by_sorting(query, argument, wanted[argument]) if values is None else values or None
    return found


def rank(fraction: float, count: int) -> int:
    """The rank, from 1, of a quantile among `count` values: ⌈n·q⌉ with q as it is written, not as binary rounds it.

    >>> rank(0.5, 4), rank(0.5, 5), rank(0.0, 5), rank(1.0, 5)
    (2, 3, 1, 5)
    """
    return max(1, math.ceil(count * Fraction(repr(fraction))))


def positive_zero(value: Value) -> Value:
    """0.0 for -0.0.

    >>> positive_zero(-0.0), positive_zero(7)
    (0.0, 7)
    """
    return value if value else abs(value)


def number_literal(value: Value) -> str:
    """A BIGINT or DOUBLE literal, exact.

    >>> number_literal(7), number_literal(-0.1)
    ('7', "CAST('-0.1' AS DOUBLE)")
    """
    return str(value) if isinstance(value, int) else f"CAST('{value!r}' AS DOUBLE)"


def _in_memory(query: Query, wanted: Mapping[str, Sequence[float]]) -> dict[str, list[Value] | None]:
    inner = ", ".join(f"{argument} AS a{index}" for index, argument in enumerate(wanted))
    listed = ([format(Decimal(repr(fraction)), "f") for fraction in fractions] for fractions in wanted.values())
    outer = ", ".join(f"quantile_disc(a{i}, [{', '.join(fractions)}]) AS q{i}" for i, fractions in enumerate(listed))
    row = query(f"SELECT {outer} FROM (SELECT {inner} FROM data)").to_pylist()[0]
    return {argument: row[f"q{index}"] for index, argument in enumerate(wanted)}


def _windows(query: Query, wanted: Mapping[str, Sequence[float]], num_rows: int) -> list[list[_Window] | None]:
    """Where the quantiles of each argument lie almost surely: disjoint windows, ascending. None: sort instead."""
    listed = ", ".join(f"{argument} AS a{index}" for index, argument in enumerate(wanted))
    limit = int(SAMPLED_ROWS / num_rows * 2**64)
    sample = query(f"SELECT {listed} FROM data WHERE hash({ROW}) < {limit}", with_row=True)
    return [
        _windows_of(np.sort(column.drop_null().to_numpy()), fractions)
        for column, fractions in zip(sample.columns, wanted.values(), strict=True)
    ]


def _windows_of(ordered: npt.NDArray[Any], fractions: Sequence[float]) -> list[_Window] | None:
    size = len(ordered)
    if size < 1_000:
        return None
    places: list[tuple[int, int]] = []
    for fraction in sorted(fractions):
        half = _DEVIATIONS * math.sqrt(size * fraction * (1 - fraction)) + _DEVIATIONS**2
        low, high = math.floor(fraction * size - half), math.ceil(fraction * size + half)
        if places and low <= places[-1][1]:
            low = places.pop()[0]
        places.append((low, high))
    if sum(min(high, size) - max(low, 0) for low, high in places) > LARGEST_WINDOW_SHARE * size:
        return None
    ends = [_Window(_at(ordered, low), _at(ordered, high, after=True)) for low, high in places]
    return _disjoint(ends)


def _at(ordered: npt.NDArray[Any], place: int, *, after: bool = False) -> Value | None:
    """The value at a place of the sample; `after`: the least value above it, so that a window holds its own end."""
    if not 0 <= place < len(ordered):
        return None
    value: Value = ordered[place].item()
    if not after:
        return value
    return math.nextafter(value, math.inf) if isinstance(value, float) else value + 1


def _disjoint(windows: Sequence[_Window]) -> list[_Window]:
    """Neighbours that touch become one."""
    joined = [windows[0]]
    for window in windows[1:]:
        last = joined[-1]
        if last.high is None:
            continue
        if window.low is None or window.low < last.high:
            joined[-1] = _Window(last.low, window.high)
        else:
            joined.append(window)
    return joined


class _Below(NamedTuple):
    """How many values there are, and how many lie below each window."""

    num_values: int
    ranks: list[int]


def _counts_below(query: Query, windows: Mapping[str, Sequence[_Window]]) -> dict[str, _Below]:
    """Of each argument."""
    if not windows:
        return {}
    inner, outer = [], []
    for index, (argument, mine) in enumerate(windows.items()):
        inner.append(f"{argument} AS a{index}")
        lows = [window.low for window in mine]
        counted = [f"a{index} < {number_literal(low)}" if low is not None else "FALSE" for low in lows]
        below = ", ".join(f"count(CASE WHEN {condition} THEN 1 END)" for condition in counted)
        outer += [f"count(a{index}) AS n{index}", f"[{below}] AS b{index}"]
    row = query(f"SELECT {', '.join(outer)} FROM (SELECT {', '.join(inner)} FROM data)").to_pylist()[0]
    return {argument: _Below(row[f"n{index}"], row[f"b{index}"]) for index, argument in enumerate(windows)}


def _select(
    query: Query, argument: str, ranks: Sequence[int], windows: Sequence[_Window], below: Sequence[int]
) -> list[Value] | None:
    """The values of these ranks, from those in the windows; None where one lies in none of them."""
    condition = " OR ".join(window.contains("x") for window in windows)
    found = query(
        f"SELECT x, count(*) AS n FROM (SELECT {argument} AS x FROM data) WHERE {condition} GROUP BY x ORDER BY x"
    )
    values, counts = found["x"].to_numpy(), found["n"].to_numpy()
    starts = [0 if w.low is None else int(np.searchsorted(values, w.low)) for w in windows] + [len(values)]
    ends = [below[i] + np.cumsum(counts[starts[i] : starts[i + 1]]) for i in range(len(windows))]
    answers: list[Value] = []
    for wanted in ranks:
        index = max(0, bisect_left(below, wanted) - 1)
        place = int(np.searchsorted(ends[index], wanted))
        if wanted <= below[index] or place == len(ends[index]):
            return None
        answers.append(values[starts[index] + place].item())
    return answers


def _by_sorting(query: Query, argument: str, fractions: Sequence[float]) -> list[Value] | None:
    """By a sort of all values, which DuckDB does on disk where it must."""
    count = int(query(f"SELECT count({argument}) AS n FROM data")["n"][0].as_py())
    if not count:
        return None
    ranks = [rank(fraction, count) for fraction in fractions]
    numbered = f"SELECT x, row_number() OVER (ORDER BY x) AS place FROM (SELECT {argument} AS x FROM data)"
    found = query(
        f"SELECT place, x FROM ({numbered} WHERE x IS NOT NULL) WHERE place IN ({', '.join(map(str, set(ranks)))})"
    )
    by_rank = dict(zip(found["place"].to_pylist(), found["x"].to_pylist(), strict=True))
    return [by_rank[each] for each in ranks]
