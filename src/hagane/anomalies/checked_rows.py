"""`CheckedRows`: a table's rows as its schema sees them, to count and to show what breaks a rule."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace

from hagane.anomalies.anomaly_report import Example
from hagane.anomalies.row_rule import RowRule
from hagane.data.conversion import conversion_sql, misfit_sql
from hagane.data.engine import quote_name
from hagane.data.table import ROW, Table
from hagane.spec.data_schema import DataSchema, Value
from hagane.types import Column, Schema

NUM_EXAMPLES = 5
RULES_A_SCAN = 256
"""Aggregates of one scan; each costs a little memory a thread."""
MISFIT = "hagane_misfit_"
RAW = "hagane_raw_"


class CheckedRows:
    """The rows, each listed column with its schema's type; a value that has no equal there is NULL, and marked."""

    def __init__(self, table: Table, schema: DataSchema) -> None:
        self.table = table
        types = schema.types
        self.changed = {
            index: column
            for index, column in enumerate(table.schema)
            if column.name in types and types[column.name] is not column.type
        }
        """The columns of another type than the schema's, by their place in the table."""
        self.schema = Schema(tuple(Column(c.name, types.get(c.name, c.type)) for c in table.schema))
        """The columns as they are checked."""

    def count(self, conditions: Sequence[str]) -> list[int]:
        """How many rows fulfil each condition, by one scan for every 256 of them."""
        counts: list[int] = []
        for start in range(0, len(conditions), RULES_A_SCAN):
            chosen = conditions[start : start + RULES_A_SCAN]
            counted = ", ".join(f"count(CASE WHEN {condition} THEN 1 END)" for condition in chosen)
            found = self.table.query(f"SELECT {counted} FROM ({self._sql})")
            counts += [int(column[0].as_py()) for column in found.columns]
        return counts

    def but_lost(self, rule: RowRule) -> RowRule:
        """The rule without the rows whose value was lost for its type: those are told of once."""
        index = next((index for index, column in self.changed.items() if column.name == rule.column), None)
        if index is None or rule.key != "min_present_fraction":
            return rule
        return replace(rule, broken_sql=f"{rule.broken_sql} AND {MISFIT}{index} IS NOT TRUE")

    def first_examples(self, rules: Sequence[RowRule]) -> list[tuple[Example, ...]]:
        """The first rows that break each rule, by one scan for all."""
        if not rules:
            return []
        picked = ", ".join(
            f"min(CASE WHEN {rule.broken_sql} THEN {{'row': {ROW}, 'value': {rule.shown_sql}}} END, {NUM_EXAMPLES})"
            for rule in rules
        )
        found = self.table.query(f"SELECT {picked} FROM ({self._sql})", with_row=True)
        return [self._examples(column[0].as_py() or ()) for column in found.columns]

    def frequent_examples(self, rule: RowRule, domain: Sequence[Value]) -> tuple[Example, ...]:
        """The most frequent values that break a rule, each with the value of `domain` that is like it."""
        sql = (
            f"SELECT {rule.shown_sql} AS value, count(*) AS n, min({ROW}) AS row FROM ({self._sql}) "
            f"WHERE {rule.broken_sql} GROUP BY ALL ORDER BY n DESC, row LIMIT {NUM_EXAMPLES}"
        )
        found = self.table.query(sql, with_row=True).to_pylist()
        return tuple(
            Example(row["value"], self.table.place(row["row"]), row["n"], _like(row["value"], domain)) for row in found
        )

    def repeated(self, name: str) -> tuple[int, int, tuple[Example, ...]]:
        """Rows whose value of the column another row has too, how many such values, and the most frequent."""
        x = quote_name(name)
        sql = (
            f"WITH repeated AS (SELECT CAST({x} AS VARCHAR) AS value, count(*) AS n, min({ROW}) AS row "
            f"FROM ({self._sql}) WHERE {x} IS NOT NULL GROUP BY {x} HAVING count(*) > 1) "
            "SELECT coalesce(sum(n), 0)::BIGINT AS num_rows, count(*) AS num_values, "
            f"max({{'n': n, 'before': -row, 'value': value}}, {NUM_EXAMPLES}) AS examples FROM repeated"
        )
        found = self.table.query(sql, with_row=True).to_pylist()[0]
        examples = (Example(e["value"], self.table.place(-e["before"]), e["n"]) for e in found["examples"] or ())
        return found["num_rows"], found["num_values"], tuple(examples)

    @property
    def _sql(self) -> str:
        more = [*self._marks(), "*"]
        casts = [self._cast(index, column) for index, column in self.changed.items()]
        replaced = f" REPLACE ({', '.join(casts)})" if casts else ""
        return f"SELECT {', '.join(more)}{replaced} FROM data"

    def _marks(self) -> list[str]:
        return [
            text
            for index, column in self.changed.items()
            for text in (
                f"{misfit_sql(column, self.schema.columns[index].type)} AS {MISFIT}{index}",
                f"CAST({quote_name(column.name)} AS VARCHAR) AS {RAW}{index}",
            )
        ]

    def _cast(self, index: int, column: Column) -> str:
        name, wanted = quote_name(column.name), self.schema.columns[index].type
        converted = conversion_sql(name, column.type, wanted)
        return f"CASE WHEN {misfit_sql(column, wanted)} THEN NULL ELSE {converted} END AS {name}"

    def _examples(self, found: Sequence[dict[str, object]]) -> tuple[Example, ...]:
        rows = ((row["value"], row["row"]) for row in found)
        return tuple(Example(None if v is None else str(v), self.table.place(int(str(r)))) for v, r in rows)


def misfit_rule(index: int, column: Column, wanted: Column) -> RowRule:
    """The rule that a column of another type breaks where a value has no equal in the schema's."""
    return RowRule(column.name, "type", f"{MISFIT}{index}", f"{RAW}{index}", wanted.type.value)


def _like(value: str | None, domain: Sequence[Value]) -> str:
    """The value of the domain that a mistaken one stands for, or an empty string: a stricter test than for names."""
    texts = {str(each).strip().lower(): str(each) for each in domain if isinstance(each, str)}
    found = difflib.get_close_matches((value or "").strip().lower(), texts, n=1, cutoff=0.75)
    return texts[found[0]] if found else ""
