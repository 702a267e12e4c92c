"""`Fence`: the range outside of which a number is an outlier, learned robustly from a sample of the rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

import msgspec

from hagane.data.engine import quote_name
from hagane.data.table import ROW, Table
from hagane.spec.outliers import Outliers

SAMPLE_ROWS = 262_144
"""Medians and quartiles need values in memory: those of at most about as many rows, chosen by hash of their number."""
MAD_TO_STDDEV = 1.4826
"""Of a normal distribution, stddev / median absolute deviation."""
MEAN_AD_TO_STDDEV = 1.2533
"""Of a normal distribution, stddev / mean absolute deviation."""


class Fence(msgspec.Struct, frozen=True):
    """A value below `low` or above `high` is an outlier by `rule` (`z_score.fare`)."""

    rule: str
    column: str
    low: float
    high: float

    @property
    def sql(self) -> str:
        """Condition on a row: TRUE for an outlier."""
        x = quote_name(self.column)
        return f"({x} < {self.low!r}::DOUBLE OR {x} > {self.high!r}::DOUBLE)"


class Fences(NamedTuple):
    """The fences, and why some could not be drawn."""

    fences: tuple[Fence, ...]
    notes: tuple[str, ...]


def learn_fences(table: Table, outliers: Outliers) -> Fences:
    """Draw the fences of `z_score` and `iqr` around the finite values of their columns.

    A z-score is |x - median| / (1.4826 · median |x - median|), with 1.2533 · mean |x - median| in its place where most
    values are the median. Source: Iglewicz and Hoaglin, How to Detect and Handle Outliers (1993). The fences of the
    quartiles are Tukey's: Exploratory Data Analysis (1977).

    >>> import pyarrow as pa
    >>> from hagane.data.open_table import open_table
    >>> table = open_table(pa.table({"x": [1.0, 2.0, 3.0, 4.0, 5.0]}))
    >>> learn_fences(table, Outliers(iqr={"x": 1.5})).fences[0]
    Fence(rule='iqr.x', column='x', low=-1.0, high=7.0)
    """
    asked: list[tuple[Literal["z_score", "iqr"], str, float]] = []
    asked += [("z_score", name, times) for name, times in outliers.z_score.items()]
    asked += [("iqr", name, times) for name, times in outliers.iqr.items()]
    measured = _measure(table, list(dict.fromkeys(name for _, name, _ in asked)))
    fences, notes = [], []
    for rule, column, times in asked:
        fence = _fence(rule, column, times, measured[column])
        if fence is not None:
            fences.append(fence)
        else:
            notes.append(f"{rule}.{column} draws no fence: too many rows have one value")
    return Fences(tuple(fences), tuple(notes))


def _fence(rule: str, column: str, times: float, found: Mapping[str, float | None]) -> Fence | None:
    if rule == "iqr":
        lower, upper = found["lower"], found["upper"]
        if lower is None or upper is None or lower == upper:
            return None
        reach = times * (upper - lower)
        return Fence(f"iqr.{column}", column, lower - reach, upper + reach)
    median = found["median"]
    scale = MAD_TO_STDDEV * (found["mad"] or 0.0) or MEAN_AD_TO_STDDEV * (found["mean_ad"] or 0.0)
    if median is None or not scale:
        return None
    return Fence(f"z_score.{column}", column, median - times * scale, median + times * scale)


def _measure(table: Table, names: list[str]) -> dict[str, dict[str, float | None]]:
    """Quartiles, median and deviations from it of each column, over the sample."""
    if not names:
        return {}
    values = ", ".join(f"{finite(name)} AS x{i}" for i, name in enumerate(names))
    sample = f"SELECT {values} FROM data WHERE {sampled_sql(table, SAMPLE_ROWS)}"
    first = ", ".join(f"quantile_cont(x{i}, [0.25, 0.5, 0.75]) AS q{i}" for i in range(len(names)))
    quartiles = table.query(f"SELECT {first} FROM ({sample})", with_row=True).to_pylist()[0]
    found: dict[str, dict[str, float | None]] = {}
    for i, name in enumerate(names):
        lower, median, upper = quartiles[f"q{i}"] or (None, None, None)
        found[name] = {"lower": lower, "median": median, "upper": upper, "mad": None, "mean_ad": None}
    known = [i for i, name in enumerate(names) if found[name]["median"] is not None]
    distances = {i: f"abs(x{i} - {found[names[i]]['median']!r}::DOUBLE)" for i in known}
    second = ", ".join(f"median({sql}) AS m{i}, favg({sql}) AS a{i}" for i, sql in distances.items())
    deviations = table.query(f"SELECT {second} FROM ({sample})", with_row=True).to_pylist()[0] if second else {}
    for i in known:
        found[names[i]] |= {"mad": deviations[f"m{i}"], "mean_ad": deviations[f"a{i}"]}
    return found


def finite(name: str) -> str:
    """SQL: the column's finite values as FLOAT64, NULL for the rest."""
    x = f"CAST({quote_name(name)} AS DOUBLE)"
    return f"CASE WHEN isfinite({x}) THEN {x} END"


def sampled_sql(table: Table, num_rows: int) -> str:
    """SQL: whether a row (of a view with `ROW`) is in the sample of about `num_rows`: the same rows every time."""
    if table.num_rows <= num_rows:
        return "true"
    return f"hash({ROW}) < {int(num_rows / table.num_rows * 2**64)}"
