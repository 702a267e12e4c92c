"""`judge`: from how many rows break a rule to what is said of it, and how severely."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from hagane.anomalies.anomaly_report import Example, Finding
from hagane.anomalies.row_rule import RowRule, share_text
from hagane.counted import counted
from hagane.spec.data_schema import ColumnSchema
from hagane.types import Schema

CHANCE = 0.001
"""An excess over an allowed share that luck alone would give as rarely, in rows of exactly that share, is no luck."""


@dataclass(frozen=True, slots=True)
class Broken:
    """The rows that break a rule."""

    count: int
    num_rows: int
    """All rows."""
    num_present: int
    """The rows with a value."""
    examples: tuple[Example, ...]


def judge(rule: RowRule, broken: Broken, column: ColumnSchema | None, *, found: Schema) -> Iterator[Finding]:
    """The finding, none where as many rows as broke the rule may do so. `found` are the columns as they came."""
    severity = _severity(rule, broken, column)
    if severity is None:
        return
    yield Finding(
        column=rule.column,
        rule=rule.key,
        severity=severity,
        what=_what(rule, broken, found),
        num_rows=broken.count,
        fraction=broken.count / broken.num_rows if broken.num_rows else 0.0,
        expected=_expected(rule, column),
        examples=broken.examples,
    )


def rows_text(count: int, num_rows: int) -> str:
    """A number of rows and its share.

    >>> rows_text(1, 2), rows_text(12, 30000)
    ('1 row (50 %)', '12 rows (0.04 %)')
    """
    share = share_text(float(f"{count / num_rows:.2g}")) if num_rows else "0 %"
    return f"{counted(count, 'row')} ({share})"


def exceeds(count: int, num_rows: int, share: float) -> Literal["no", "perhaps", "yes"]:
    """Whether `count` of `num_rows` are more than the share allows; perhaps where luck alone may have brought them.

    The chance of as many is the upper tail of the binomial distribution; shares of 0 and 1 leave nothing to luck.

    >>> exceeds(3, 10, 0.1), exceeds(300, 1000, 0.1), exceeds(1, 1000, 0.0)
    ('perhaps', 'yes', 'yes')
    """
    if count <= share * num_rows + 1e-9 * num_rows:  # 1 - 0.9 is a little less than 0.1
        return "no"
    if not share:
        return "yes"
    from scipy.special import bdtrc

    return "perhaps" if bdtrc(count - 1, num_rows, share) > CHANCE else "yes"


def _severity(rule: RowRule, broken: Broken, column: ColumnSchema | None) -> Literal["error", "warning"] | None:
    match rule.key:
        case "type":
            return "error" if broken.count else "warning"
        case "min_present_fraction":
            assert column is not None
            excess = exceeds(broken.count, broken.num_rows, 1 - column.min_present_fraction)
            return {"no": None, "perhaps": "warning", "yes": "error"}[excess]
        case "domain":
            assert column is not None
            excess = exceeds(broken.count, broken.num_present, column.max_unseen_fraction)
            return "error" if excess == "yes" else "warning"
    return "error"


def _what(rule: RowRule, broken: Broken, found: Schema) -> str:
    rows = rows_text(broken.count, broken.num_rows)
    match rule.key:
        case "type":
            is_ = f"'{rule.column}' is {found[rule.column].type.value}, not {rule.expected}"
            return f"{is_}: a value would be lost in {rows}" if broken.count else f"{is_}; every value converts"
        case "min_present_fraction":
            return f"'{rule.column}' has no value in {rows}"
        case "domain":
            return f"'{rule.column}' has values outside of its domain in {rows}"
        case "finite":
            return f"'{rule.column}' is infinite in {rows}"
        case "min" | "max":
            than = "less" if rule.key == "min" else "greater"
            return f"'{rule.column}' is {than} than {rule.expected.rsplit(' or ', 1)[0]} in {rows}"
        case "min_length" | "max_length":
            length = "shorter" if rule.key == "min_length" else "longer"
            return f"'{rule.column}' is {length} than {rule.expected.split(' or ', 1)[0]} in {rows}"
    return f"{rule.key.removeprefix('rules.')} does not hold in {rows}"


def _expected(rule: RowRule, column: ColumnSchema | None) -> str:
    if rule.key == "domain" and column is not None and column.max_unseen_fraction:
        return f"{rule.expected}; at most {share_text(column.max_unseen_fraction)} others"
    return rule.expected
