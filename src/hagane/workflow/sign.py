"""The signature of a trained model: what its graph reads and answers."""

from __future__ import annotations

from hagane.bundle.signature import Input, Signature
from hagane.data.table import Table
from hagane.features.label import LabelEncoding
from hagane.features.transform import Transform
from hagane.sql.origins import column_origins
from hagane.statistics.statistics import Statistics
from hagane.workflow.example_instance import example_instance
from hagane.workflow.resolve import Resolved


def sign(
    resolved: Resolved, table: Table, transform: Transform, label: LabelEncoding, statistics: Statistics
) -> Signature:
    """List exactly the columns that the transform reads, where each came from, and an example of typical values."""
    spec = resolved.spec
    origins = column_origins(spec.data) if isinstance(spec.data, str) else {}
    return Signature(
        inputs=tuple(Input(name=c.name, type=c.type, origin=origins.get(c.name, "")) for c in transform.columns),
        task=label.task,
        label=spec.label,
        label_type=label.type,
        model_type=resolved.family.name,
        model_name=spec.name or "",
        classes=label.classes,
        threshold=spec.evaluation.threshold if len(label.classes) == 2 else None,
        on_error=spec.serving.on_error or "null",
        null_words=table.origin.null_words,
        num_features=len(transform.features),
        example=example_instance(transform.columns, statistics),
    )
