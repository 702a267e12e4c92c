"""`row_rules`: everything that a schema asks of a row by itself."""

from __future__ import annotations

from collections.abc import Mapping

from hagane.anomalies.checked_rows import CheckedRows, misfit_rule
from hagane.anomalies.row_rule import RowRule, column_rules, condition_rule
from hagane.spec.data_schema import DataSchema
from hagane.sql.expression import Expression


def row_rules(rows: CheckedRows, schema: DataSchema, conditions: Mapping[str, Expression]) -> list[RowRule]:
    """Types, presence, domains, ranges, lengths, and the rules in SQL, bound as `conditions`."""
    rules = [misfit_rule(index, column, rows.schema.columns[index]) for index, column in rows.changed.items()]
    listed = [name for name in rows.schema.names if name in schema.columns]
    rules += [rows.but_lost(rule) for name in listed for rule in column_rules(name, schema.columns[name])]
    return [*rules, *(condition_rule(name, schema.rules[name], tree) for name, tree in conditions.items())]
