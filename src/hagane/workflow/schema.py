"""`infer_schema` and `check_schema`: what data are expected to be, and where new ones depart from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hagane.anomalies.anomaly_report import AnomalyReport
from hagane.anomalies.check_table import check_table
from hagane.anomalies.infer_data_schema import MIN_ROWS, infer_data_schema, schema_suggestions
from hagane.counted import counted
from hagane.data.open_table import open_table
from hagane.data.wanted import Wanted
from hagane.progress import SILENT, Progress
from hagane.spec.check_data_schema import check_data_schema
from hagane.spec.data_schema import DataSchema
from hagane.spec.read_data_schema import read_data_schema
from hagane.spec.write_data_schema import write_data_schema
from hagane.statistics.measure import measure_statistics
from hagane.statistics.statistics import Statistics
from hagane.workflow.init import column_remark


@dataclass(frozen=True, slots=True)
class InferredSchema:
    """A schema, and its YAML with what was seen in each column as comments."""

    schema: DataSchema
    yaml: str


def infer_schema(
    data: object, *, tables: Mapping[str, str] | None = None, progress: Progress = SILENT
) -> InferredSchema:
    """Measure `data` (whatever `open_table` takes) and write down what more of their kind may be expected to be."""
    table = open_table(data, tables=tables or {}, progress=progress)
    statistics = measure_statistics(table, progress=progress)
    schema = infer_data_schema(statistics, null_words=table.origin.null_words)
    text = write_data_schema(
        schema,
        header=_header(statistics),
        remarks={column.name: column_remark(column) for column in statistics},
        suggestions=schema_suggestions(statistics),
    )
    return InferredSchema(schema, text)


def check_schema(
    data: object,
    schema: DataSchema | str | Path,
    *,
    tables: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> AnomalyReport:
    """Every departure of `data` from a schema, or from the one in the YAML file at a path.

    Raises SpecError for a schema that is none, DataError for data that cannot be read.
    """
    declared = read_data_schema(schema) if isinstance(schema, str | Path) else schema
    check_data_schema(declared)
    table = open_table(data, tables=tables or {}, wanted=wanted_by(declared), progress=progress)
    return check_table(table, declared, progress=progress)


def wanted_by(schema: DataSchema | None) -> Wanted:
    """How text files are to be read so that they can be what the schema says; as they look where there is none."""
    return Wanted(schema.types, schema.null_words) if schema else Wanted()


def _header(statistics: Statistics) -> str:
    lines = [
        f"Inferred from {counted(statistics.num_rows, 'row')}; edit as you know better. Every rule: docs/schema.md",
        "Check new data with: hagane schema check DATA THIS_FILE",
    ]
    if statistics.num_rows < MIN_ROWS:
        lines.append(f"From fewer than {MIN_ROWS} rows nothing but types is inferred.")
    return "\n".join(lines)
