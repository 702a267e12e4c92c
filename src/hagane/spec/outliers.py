"""`Outliers`: which training rows are set aside, declared."""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec

from hagane.errors import Fault


class IsolationScore(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows that an isolation forest cuts off early: odd in some combination of columns, each usual by itself."""

    contamination: float | None = None
    """The share of the rows taken for outliers: those of the highest scores. Either this or `threshold`."""
    threshold: float | None = None
    """The score, 0 to 1, above which a row is an outlier; usual rows score about 0.4, clear outliers 0.6 and more."""
    columns: tuple[str, ...] = ()
    """The columns looked at; without any, those that the features may read."""


class Outliers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What makes a training row an outlier; one reason is enough.

    >>> Outliers(z_score={"fare": 6}).max_fraction
    0.1
    """

    rules: dict[str, str] = {}
    """Name → SQL condition (the feature language) that is TRUE for an outlier."""
    z_score: dict[str, float] = {}
    """Column → how many deviations from the median are too many; the deviation is 1.4826 times the median one."""
    iqr: dict[str, float] = {}
    """Column → how many times the distance of the quartiles a value may lie beyond them."""
    isolation_score: IsolationScore | None = None
    max_fraction: float = 0.1
    """Training refuses to set more than this share of the training rows aside."""


def outlier_faults(outliers: Outliers) -> Iterator[Fault]:
    """What is wrong with a declaration, as far as can be seen without data."""
    if not (outliers.rules or outliers.z_score or outliers.iqr or outliers.isolation_score):
        yield Fault(
            what="nothing says what an outlier is",
            where="outliers",
            expected="rules, z_score, iqr or isolation_score",
            next_step="add one, or remove the key",
        )
    for name, sql in outliers.rules.items():
        if not sql.strip():
            yield Fault(
                what=f"the rule '{name}' has no condition", where=f"outliers.rules.{name}", expected="a SQL condition"
            )
    for key in ("z_score", "iqr"):
        for column, times in getattr(outliers, key).items():
            if not (times > 0 and math.isfinite(times)):
                yield _out_of_range(f"outliers.{key}.{column}", "more than 0", times)
    if not 0 < outliers.max_fraction <= 1:
        yield _out_of_range("outliers.max_fraction", "more than 0, 1 at most", outliers.max_fraction)
    if outliers.isolation_score is not None:
        yield from _score_faults(outliers.isolation_score)


def _score_faults(score: IsolationScore) -> Iterator[Fault]:
    where = "outliers.isolation_score"
    if (score.contamination is None) is (score.threshold is None):
        yield Fault(
            what="isolation_score needs either a contamination or a threshold",
            where=where,
            next_step="set one, such as contamination: 0.01",
        )
    if score.contamination is not None and not 0 < score.contamination < 0.5:
        yield _out_of_range(f"{where}.contamination", "between 0 and 0.5", score.contamination)
    if score.threshold is not None and not 0 < score.threshold < 1:
        yield _out_of_range(f"{where}.threshold", "between 0 and 1", score.threshold)


def _out_of_range(where: str, expected: str, received: float) -> Fault:
    return Fault(what=f"{where} is out of range", where=where, expected=expected, received=f"{received:g}")
