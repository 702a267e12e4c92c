"""The rows to be predicted against the schema that travels in the bundle."""

from __future__ import annotations

from hagane.anomalies.anomaly_report import AnomalyReport
from hagane.anomalies.check_table import check_table
from hagane.bundle.bundle import Bundle
from hagane.bundle.manifest import SCHEMA_NAME
from hagane.data.table import Table
from hagane.data.wanted import Wanted
from hagane.progress import SILENT, Progress
from hagane.spec.data_schema import DataSchema
from hagane.spec.read_data_schema import parse_data_schema
from hagane.workflow.evaluate import wanted_of
from hagane.workflow.read_documents import spec_of


def schema_of(bundle: Bundle) -> DataSchema | None:
    """The schema that the bundle carries; None where it was trained without."""
    if SCHEMA_NAME not in bundle.manifest.files:
        return None
    return parse_data_schema(bundle.document(SCHEMA_NAME).decode(), path=str(bundle.folder / SCHEMA_NAME))


def check_prediction(bundle: Bundle, table: Table, *, progress: Progress = SILENT) -> AnomalyReport | None:
    """Check the columns that the model reads; None where the bundle has no schema.

    Raises DataError with every finding where the spec refuses anomalies in prediction.
    """
    schema = schema_of(bundle)
    if schema is None:
        return None
    report = check_table(table, schema, columns=bundle.signature.names, progress=progress)
    anomalies = spec_of(bundle).anomalies
    if anomalies.on_prediction == "refuse":
        report.check(anomalies.max_fraction)
    return report


def refuses_anomalies(bundle: Bundle) -> bool:
    """Whether the bundle has a schema, and its spec refuses to predict rows that depart from it."""
    return SCHEMA_NAME in bundle.manifest.files and spec_of(bundle).anomalies.on_prediction == "refuse"


def wanted_in_prediction(bundle: Bundle) -> Wanted:
    """How text files are to be read: as the model wants its columns, and the schema the rest."""
    wanted, schema = wanted_of(bundle.signature), schema_of(bundle)
    return Wanted((schema.types if schema else {}) | dict(wanted.types), wanted.null_words)
