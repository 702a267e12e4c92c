"""`check_table`: every departure of a table from its schema, in a scan that counts and one that finds examples."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from hagane.anomalies.anomaly_report import AnomalyReport, Example, Finding
from hagane.anomalies.bind_conditions import bind_conditions
from hagane.anomalies.checked_rows import CheckedRows
from hagane.anomalies.judge import Broken, judge, rows_text
from hagane.anomalies.row_rule import RowRule
from hagane.anomalies.row_rules import row_rules
from hagane.counted import counted
from hagane.data.check_pages import check_pages
from hagane.data.engine import quote_name
from hagane.data.table import Table
from hagane.errors import nearest
from hagane.progress import SILENT, Progress
from hagane.spec.data_schema import DataSchema
from hagane.sql.expression import Expression, columns_of
from hagane.types import Column, Schema


def check_table(
    table: Table, schema: DataSchema, *, columns: Collection[str] | None = None, progress: Progress = SILENT
) -> AnomalyReport:
    """Compare every row of `table` with `schema`; with `columns`, only what the schema says of those.

    Two scans (the second where something was found), one more for each `unique` column and each domain that is left;
    memory is bounded as DuckDB's is. Raises ExpressionError for a rule that cannot be bound, DataError when the data
    cannot be read.

    >>> import pyarrow as pa
    >>> from hagane.data.open_table import open_table
    >>> from hagane.spec.data_schema import ColumnSchema
    >>> from hagane.types import SqlType
    >>> schema = DataSchema(columns={"age": ColumnSchema(type=SqlType.INT64, min=0)})
    >>> finding, = check_table(open_table(pa.table({"age": [31, -1]})), schema).findings
    >>> finding.what, finding.examples[0].render()
    ("'age' is less than 0 in 1 row (50 %)", "'-1' (row 2)")
    """
    if columns is not None:
        schema = _of_columns(schema, table, columns)
    check_pages(table.select([name for name in table.schema.names if name in schema.columns]), progress)
    rows = CheckedRows(table, schema)
    conditions = bind_rules(schema, rows.schema)
    findings = [*_missing(table, schema), *_extra(table, schema)]
    with progress.phase("check schema", total=table.num_rows) as phase:
        if table.num_rows < schema.min_rows:
            findings.append(_too_few(table.num_rows, schema))
        findings += _row_findings(rows, schema, conditions)
        findings += _repeated(rows, schema)
        phase.advance(table.num_rows)
    ordered = sorted(findings, key=lambda finding: finding.severity != "error")
    return AnomalyReport(num_rows=table.num_rows, findings=tuple(ordered))


def _of_columns(schema: DataSchema, table: Table, columns: Collection[str]) -> DataSchema:
    """What the schema says of these columns alone, with the rules that read one of them and none that is missing."""
    kept = {name: column for name, column in schema.columns.items() if name in columns}
    typed = tuple(Column(name, type_) for name, type_ in schema.types.items())
    more = tuple(column for column in table.schema if column.name not in schema.columns)
    bound = bind_conditions(schema.rules, Schema((*typed, *more)), where="rules") if schema.rules else {}
    rules = {
        name: schema.rules[name]
        for name, tree in bound.items()
        if any(column in columns for column in columns_of(tree)) and all(c in table.schema for c in columns_of(tree))
    }
    return msgspec.structs.replace(schema, columns=kept, rules=rules, extra_columns="allow", min_rows=0)


def bind_rules(schema: DataSchema, checked: Schema) -> dict[str, Expression]:
    """The schema's rules over the columns that are there, those that read a missing one left out.

    Raises ExpressionError where a rule reads a column that neither the schema nor the data have.
    """
    known = [Column(name, type_) for name, type_ in schema.types.items() if name not in checked]
    missing = {column.name for column in known}
    bound = bind_conditions(schema.rules, Schema((*checked.columns, *known)), where="rules")
    return {name: tree for name, tree in bound.items() if missing.isdisjoint(columns_of(tree))}


def _missing(table: Table, schema: DataSchema) -> Iterator[Finding]:
    unlisted = [name for name in table.schema.names if name not in schema.columns]
    for name, column in schema.columns.items():
        if column.required and name not in table.schema:
            yield Finding(
                column=name,
                rule="required",
                severity="error",
                what=f"the data have no column '{name}'",
                expected=f"a column of type {column.type.value}",
                nearest=nearest(name, unlisted),
            )


def _extra(table: Table, schema: DataSchema) -> Iterator[Finding]:
    if schema.extra_columns == "allow":
        return
    for column in table.schema:
        if column.name not in schema.columns:
            yield Finding(
                column=column.name,
                rule="extra_columns",
                severity="error" if schema.extra_columns == "refuse" else "warning",
                what=f"the schema has no column '{column.name}' ({column.type.value})",
                expected="the columns of the schema",
            )


def _too_few(num_rows: int, schema: DataSchema) -> Finding:
    what = f"the table has {counted(num_rows, 'row')}" if num_rows else "there are no rows"
    return Finding(column="", rule="min_rows", severity="error", what=what, expected=f"{schema.min_rows:,} or more")


def _row_findings(rows: CheckedRows, schema: DataSchema, conditions: Mapping[str, Expression]) -> Iterator[Finding]:
    """What rows show one by one: types, presence, domains, ranges, lengths, and the rules in SQL."""
    rules = row_rules(rows, schema, conditions)
    counts = dict(zip(rules, rows.count([rule.broken_sql for rule in rules]), strict=True))
    broken = [rule for rule in rules if counts[rule]]
    nulls = rows.count([f"{quote_name(rule.column)} IS NULL" for rule in broken if rule.key == "domain"])
    num_nulls = dict(zip((rule.column for rule in broken if rule.key == "domain"), nulls, strict=True))
    examples = _examples(rows, schema, broken)
    for rule in rules:
        if counts[rule] or rule.key == "type":
            column = schema.columns.get(rule.column)
            present = rows.table.num_rows - num_nulls.get(rule.column, 0)
            broke = Broken(counts[rule], rows.table.num_rows, present, examples.get(rule, ()))
            yield from judge(rule, broke, column, found=rows.table.schema)


def _examples(rows: CheckedRows, schema: DataSchema, broken: Sequence[RowRule]) -> dict[RowRule, tuple[Example, ...]]:
    """Of the rules whose columns have domains the most frequent values, of the others the first rows."""
    first = [rule for rule in broken if rule.key != "domain"]
    examples = dict(zip(first, rows.first_examples(first), strict=True))
    for rule in broken:
        if rule.key == "domain":
            examples[rule] = rows.frequent_examples(rule, schema.columns[rule.column].domain or ())
    return examples


def _repeated(rows: CheckedRows, schema: DataSchema) -> Iterator[Finding]:
    for name in rows.schema.names:
        if name not in schema.columns or not schema.columns[name].unique:
            continue
        num_rows, num_values, examples = rows.repeated(name)
        if num_rows:
            times = "1 value occurs" if num_values == 1 else f"{num_values:,} values occur"
            yield Finding(
                column=name,
                rule="unique",
                severity="error",
                what=f"'{name}' is not unique: {times} more than once, in {rows_text(num_rows, rows.table.num_rows)}",
                num_rows=num_rows,
                fraction=num_rows / rows.table.num_rows,
                expected="every value once",
                examples=examples,
            )
