"""`RowRule`: a rule of the schema as a condition that DuckDB counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hagane.counted import counted
from hagane.data.engine import quote_name, quote_text
from hagane.spec.data_schema import ColumnSchema, Value
from hagane.sql.duckdb_literals import string_sql
from hagane.sql.expression import Expression, columns_of
from hagane.sql.to_duckdb import row_error, to_duckdb
from hagane.types import SqlType


@dataclass(frozen=True, slots=True)
class RowRule:
    """One rule, and the rows that break it."""

    column: str
    """Empty for a rule over several columns."""
    key: str
    broken_sql: str
    """Condition over the checked rows: TRUE where the rule is broken."""
    shown_sql: str
    """The value to show, as text."""
    expected: str
    """The rule in words."""


def column_rules(name: str, column: ColumnSchema) -> Iterator[RowRule]:
    """The rules of one column that look at a row alone: all but `type` and `unique`."""
    x = quote_name(name)
    text = f"CAST({x} AS VARCHAR)"
    if column.min_present_fraction:
        expected = f"a value in {share_text(column.min_present_fraction)} of the rows or more"
        yield RowRule(name, "min_present_fraction", f"{x} IS NULL", "NULL", expected)
    if column.domain is not None:
        listed = ", ".join(literal(value, column.type) for value in column.domain)
        yield RowRule(name, "domain", f"{x} NOT IN ({listed})", text, domain_text(column.domain))
    if column.finite:
        yield RowRule(name, "finite", f"isinf({x})", text, "a finite number")
    within = f" AND NOT isinf({x})" if column.finite else ""
    if column.min is not None:
        yield RowRule(name, "min", f"{x} < {literal(column.min, column.type)}{within}", text, f"{column.min} or more")
    if column.max is not None:
        yield RowRule(name, "max", f"{x} > {literal(column.max, column.type)}{within}", text, f"{column.max} or less")
    if column.min_length is not None:
        broken = f"length({x}) < {column.min_length}"
        yield RowRule(name, "min_length", broken, text, f"{counted(column.min_length, 'character')} or more")
    if column.max_length is not None:
        broken = f"length({x}) > {column.max_length}"
        yield RowRule(name, "max_length", broken, text, f"{counted(column.max_length, 'character')} or fewer")


def condition_rule(name: str, sql: str, condition: Expression) -> RowRule:
    """A rule in SQL: broken where it is FALSE or errs. NULL breaks none, as in SQL's CHECK."""
    broken = f"({row_error(condition)} OR NOT ({to_duckdb(condition)}))"
    values = (
        f"{quote_text(f'{c} = ')} || coalesce(CAST({quote_name(c)} AS VARCHAR), 'NULL')" for c in columns_of(condition)
    )
    return RowRule("", f"rules.{name}", broken, f"concat_ws(', ', {', '.join(values)})", sql)


def literal(value: Value, type_: SqlType) -> str:
    """A value of the schema as DuckDB's constant of the column's type.

    >>> literal("it's", SqlType.STRING), literal(1e6, SqlType.INT64), literal("2013-01-31", SqlType.DATE)
    ("'it''s'", "CAST('1000000' AS BIGINT)", "DATE '2013-01-31'")
    """
    match type_:
        case SqlType.STRING:
            return string_sql(str(value))
        case SqlType.BOOL:
            return "TRUE" if value else "FALSE"
        case SqlType.INT64:
            return f"CAST('{int(value)}' AS BIGINT)"
        case SqlType.DATE:
            return f"DATE {quote_text(str(value))}"
        case SqlType.TIMESTAMP:
            return f"TIMESTAMPTZ {quote_text(str(value))}"
        case _:
            return f"CAST('{float(value)!r}' AS DOUBLE)"


def share_text(share: float) -> str:
    """A share in per cent, as exact as it was written.

    >>> share_text(0.98), share_text(1.0), share_text(0.0125)
    ('98 %', '100 %', '1.25 %')
    """
    return f"{100 * share:.6g} %"


def domain_text(domain: tuple[Value, ...], most: int = 8) -> str:
    """The first values of a domain.

    >>> domain_text(("Cash", "Pcard"))
    'one of Cash, Pcard'
    """
    rest = len(domain) - most
    return "one of " + ", ".join(map(str, domain[:most])) + (f" and {rest} more" if rest > 0 else "")
