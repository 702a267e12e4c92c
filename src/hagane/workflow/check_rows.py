"""The data of a training against the schema that its spec names, before anything is learned from them."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from hagane.anomalies.anomaly_report import AnomalyReport
from hagane.anomalies.check_table import check_table
from hagane.data.retype import retype
from hagane.data.table import Table
from hagane.progress import Progress
from hagane.spec.check_data_schema import check_data_schema
from hagane.spec.data_schema import DataSchema
from hagane.spec.read_data_schema import read_data_schema
from hagane.spec.spec import Spec
from hagane.types import Column, Schema


class CheckedTable(NamedTuple):
    """A table whose columns have the schema's types, and what was found in it."""

    table: Table
    anomalies: AnomalyReport | None
    """None where the spec names no schema."""


def with_schema(spec: Spec) -> tuple[Spec, DataSchema | None]:
    """The spec with its schema written out, and that schema. Raises SpecError, or NotFoundError for its file."""
    if spec.schema is None:
        return spec, None
    schema = read_data_schema(spec.schema) if isinstance(spec.schema, str) else spec.schema
    check_data_schema(schema)
    return msgspec.structs.replace(spec, schema=schema), schema


def expected_columns(table: Table, schema: DataSchema | None) -> Schema:
    """The table's columns, with the types that the data schema gives them."""
    types = schema.types if schema else {}
    return Schema(tuple(Column(column.name, types.get(column.name, column.type)) for column in table.schema))


def check_rows(table: Table, schema: DataSchema | None, spec: Spec, progress: Progress) -> CheckedTable:
    """Check every row. Raises DataError with every finding where the spec refuses anomalies.

    Where a column holds values that its type in the schema cannot, and that is only reported, it keeps its own type.
    """
    if schema is None:
        return CheckedTable(table, None)
    report = check_table(table, schema, progress=progress)
    if spec.anomalies.on_training == "refuse":
        report.check(spec.anomalies.max_fraction)
    lost = {finding.column for finding in report.errors if finding.rule == "type"}
    types = {name: type_ for name, type_ in schema.types.items() if name not in lost}
    return CheckedTable(retype(table, types), report)
