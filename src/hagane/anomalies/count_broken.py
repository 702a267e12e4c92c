"""`count_broken`: how many rows break each rule of a schema, and no more than that: counts that can be added up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hagane.anomalies.bind_conditions import bind_conditions
from hagane.anomalies.checked_rows import CheckedRows
from hagane.anomalies.row_rule import RowRule
from hagane.anomalies.row_rules import row_rules
from hagane.data.engine import quote_name
from hagane.data.table import Table
from hagane.errors import ExpressionError
from hagane.spec.data_schema import DataSchema
from hagane.sql.expression import Expression
from hagane.types import Schema


class BrokenCount(NamedTuple):
    """A rule, and the rows that break it."""

    rule: RowRule
    num_broken: int
    num_rows: int
    """Of so many: all rows, for `domain` those with a value."""
    allowed: float
    """The share of them that the schema lets break it."""


def count_broken(table: Table, schema: DataSchema) -> list[BrokenCount]:
    """Every rule that looks at a row alone and at nothing that `table` does not have, by one scan for 256 of them.

    Raises DataError when the data cannot be read.

    >>> import pyarrow as pa
    >>> from hagane.data.open_table import open_table
    >>> from hagane.spec.data_schema import ColumnSchema
    >>> from hagane.types import SqlType
    >>> schema = DataSchema(columns={"age": ColumnSchema(type=SqlType.INT64, min=0)}, rules={"paid": "fare > 0"})
    >>> [(each.rule.key, each.num_broken, each.num_rows) for each in
    ...  count_broken(open_table(pa.table({"age": [31, -1]})), schema)]
    [('min', 1, 2)]
    """
    rows = CheckedRows(table, schema)
    rules = row_rules(rows, schema, dict(_bound(schema, rows.schema)))
    if not rules:
        return []
    of_values = [rule.column for rule in rules if rule.key == "domain"]
    present = [f"{quote_name(name)} IS NOT NULL" for name in of_values]
    num_rows, *counts = rows.count(["TRUE", *(rule.broken_sql for rule in rules), *present])
    num_present = dict(zip(of_values, counts[len(rules) :], strict=True))
    return [
        BrokenCount(rule, count, num_present[rule.column] if rule.key == "domain" else num_rows, _allowed(rule, schema))
        for rule, count in zip(rules, counts, strict=False)
    ]


def _bound(schema: DataSchema, checked: Schema) -> Iterator[tuple[str, Expression]]:
    """The rules over columns that are there: the others cannot be bound."""
    for name, sql in schema.rules.items():
        try:
            yield from bind_conditions({name: sql}, checked, where="rules").items()
        except ExpressionError:
            continue


def _allowed(rule: RowRule, schema: DataSchema) -> float:
    match rule.key:
        case "min_present_fraction":
            return 1 - schema.columns[rule.column].min_present_fraction
        case "domain":
            return schema.columns[rule.column].max_unseen_fraction
    return 0.0
