"""`ImportedGraph`: a bundle's graph that answers what a file's model answers, and its signature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import onnx

from hagane.bundle.output_column import OutputColumn
from hagane.bundle.signature import ROW_ERROR, Input, JsonScalar, JsonValue, Signature
from hagane.features.emit import Emitter
from hagane.models.family import EmittedOutputs
from hagane.types import Column, SqlType
from hagane.workflow.build_graph import emit_columns
from hagane.workflow.imports.raw_columns import RawColumns


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedGraph:
    """What `write_bundle` takes."""

    model: bytes
    signature: Signature
    about: dict[str, str]
    """What the file says of itself: who made it, which operators it is written in."""
    documents: Mapping[str, bytes] = field(default_factory=dict)
    """What else the bundle is to hold."""


def finish_graph(
    emitter: Emitter,
    raw: RawColumns,
    outputs: tuple[OutputColumn, ...],
    tensors: dict[str, str],
    *,
    opsets: dict[str, int] | None = None,
    ir_version: int = 0,
) -> bytes:
    """The graph with its outputs declared; `opsets` are those of a model that stands in it, over the emitter's own."""
    emit_columns(emitter, outputs, EmittedOutputs(scores="", columns=tensors))
    emitter.output(ROW_ERROR, raw.row_error(), np.bool_, ("n",))
    model = emitter.model()
    if opsets:
        del model.opset_import[:]
        model.opset_import.extend(onnx.helper.make_opsetid(domain, version) for domain, version in opsets.items())
    model.ir_version = max(model.ir_version, ir_version)
    serialized: bytes = model.SerializeToString(deterministic=True)
    return serialized


def imported_signature(
    kind: str,
    name: str,
    columns: tuple[Column, ...],
    outputs: tuple[OutputColumn, ...],
    widths: Mapping[str, int] | None = None,
) -> Signature:
    """Of a model without a label: it answers its outputs under their own names. `widths` are those of its arrays."""
    nothing: dict[SqlType, JsonScalar] = {SqlType.STRING: "", SqlType.FLOAT64: 0.0, SqlType.BOOL: False}
    example: dict[str, JsonValue] = {}
    for column in columns:
        element = column.type.element if column.type.is_array else column.type
        value = nothing.get(element, 0)
        example[column.name] = [value] * (widths or {}).get(column.name, 1) if column.type.is_array else value
    return Signature(
        inputs=tuple(Input(name=column.name, type=column.type) for column in columns),
        task="inference",
        model_type=kind,
        model_name=name,
        output_columns=outputs,
        num_features=len(columns),
        example=example,
    )
