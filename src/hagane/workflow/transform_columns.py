"""`TransformGraph`: a model's TRANSFORM clause alone, over rows: what ML.TRANSFORM answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from hagane.bundle.bundle import CHUNK_ROWS, Bundle
from hagane.bundle.prediction_columns import prediction_columns
from hagane.bundle.predictions import Predictions
from hagane.bundle.signature import ROW_ERROR, Input, Signature
from hagane.data.column_data import columns_data
from hagane.errors import BundleError, Fault
from hagane.features.emit import Emitter
from hagane.features.transform import Transform
from hagane.models.emit_transform_columns import emit_transform_columns
from hagane.models.family import EmittedOutputs
from hagane.runtime.session import Session
from hagane.sql.bind import bind_all
from hagane.types import Schema
from hagane.workflow.batch_scorer import TRANSFORM_NAME
from hagane.workflow.build_graph import emit_columns
from hagane.workflow.write_report import lineage_of


class TransformGraph:
    """The fitted features of a bundle as columns of their SQL types. Threads may share one.

    They are those that the spec asked for, before implicit steps were written out: a text that is a feature stays a
    text. Where the spec asked for none, they are what automatic preprocessing made.
    """

    def __init__(self, transform: Transform, expressions: Mapping[str, str]) -> None:
        self._layout = transform.layout
        self._schema = Schema(transform.columns)
        emitter = Emitter()
        emitted = emit_transform_columns(emitter, bind_all(expressions, self._schema), transform.fitted, self._layout)
        emit_columns(emitter, emitted.columns, EmittedOutputs("", emitted.tensors))
        emitter.output(ROW_ERROR, emitted.row_error, bool, ("n",))
        self.signature = Signature(
            inputs=tuple(Input(name=column.name, type=column.type) for column in transform.columns),
            task="preprocessing",
            output_columns=emitted.columns,
            model_type="transform_only",
            on_error="null",
        )
        self._session = Session(emitter.model().SerializeToString(deterministic=True))

    @classmethod
    def of(cls, bundle: Bundle) -> TransformGraph:
        """Raises BundleError for a bundle without a transform."""
        if TRANSFORM_NAME not in bundle.manifest.files:
            what, step = "the model has no features of its own", "ask a model that was trained here"
            raise BundleError(Fault(what=what, where=bundle.name, received=bundle.signature.model_type, next_step=step))
        transform = Transform.from_json(bundle.document(TRANSFORM_NAME))
        return cls(transform, lineage_of(bundle).declared_transform or transform.expressions)

    def transform(self, batch: pa.RecordBatch) -> tuple[dict[str, pa.Array[Any]], int]:
        """The columns for the rows of a batch that has those that are read, and in how many rows one erred."""
        columns = columns_data(batch, self._schema)
        runs = self._session.runs(columns, batch.num_rows, CHUNK_ROWS) or [slice(0, 0)]
        outputs = self.signature.outputs
        parts = [
            Predictions.from_outputs(
                self.signature,
                self._session.run(
                    self._layout.feed({name: each.slice(rows.start, rows.stop) for name, each in columns.items()}),
                    outputs,
                ),
            )
            for rows in runs
        ]
        answers = Predictions.concatenate(parts)
        return prediction_columns(answers), int(answers.row_errors.sum())
