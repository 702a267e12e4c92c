"""The signature of a trained model: what its graph reads and answers."""

from __future__ import annotations

from typing import Literal

from hagane.bundle.output_column import OutputColumn
from hagane.bundle.signature import Input, OneLabel, Signature
from hagane.features.several_labels import Labels
from hagane.sql.origins import column_origins
from hagane.types import SqlType
from hagane.workflow.example_instance import example_instance
from hagane.workflow.prepare import Prepared


def sign(
    prepared: Prepared,
    *,
    calibration: Literal["none", "platt", "isotonic"],
    has_intervals: bool,
    interval_rows: int | None = None,
    has_masks: bool = False,
    outputs: tuple[OutputColumn, ...] = (),
) -> Signature:
    """List exactly the columns that the transform reads, where each came from, and an example of typical values.

    `outputs` are what a model without a label answers.
    """
    spec, transform, label = prepared.resolved.spec, prepared.transform, prepared.label
    origins = column_origins(spec.data) if isinstance(spec.data, str) and spec.dialect == "duckdb" else {}
    return Signature(
        inputs=tuple(
            Input(
                name=c.name,
                type=c.type,
                origin=origins.get(c.name, ""),
                sensitive=spec.serving.sensitive.get(c.name),
            )
            for c in transform.columns
        ),
        task=label.task,
        label=label.column,
        label_type=label.each[0].type if label.each else SqlType.FLOAT64,
        output_columns=outputs,
        labels=_several(label),
        label_columns=dict(prepared.labelled.label_columns),
        model_type=prepared.resolved.family.name,
        model_name=spec.name or "",
        classes=label.classes,
        threshold=spec.evaluation.threshold if label.num_classes == 2 else None,
        calibration=calibration,
        interval_rows=interval_rows,
        interval_level=spec.intervals.level if has_intervals and spec.intervals else None,
        on_error=spec.serving.on_error or "null",
        null_words=prepared.table.origin.null_words,
        num_features=len(transform.features),
        masked_features=tuple(feature.name for feature in transform.features) if has_masks else (),
        example=example_instance(transform.columns, prepared.statistics),
    )


def _several(label: Labels) -> tuple[OneLabel, ...]:
    """What is predicted at once; nothing where it is one label."""
    each = label.each if len(label.each) > 1 else ()
    return tuple(OneLabel(name=one.column, type=one.type, classes=one.classes) for one in each)
