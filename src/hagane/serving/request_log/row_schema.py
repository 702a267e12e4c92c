"""The columns of the request log: one row for each row that was predicted."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from hagane.bundle.prediction_columns import output_type
from hagane.bundle.signature import LOWER_BOUND, UPPER_BOUND, Signature, Treatment
from hagane.data.arrow_types import ARROW_TYPES
from hagane.serving.request_log.file_metadata import LoggedModel, file_metadata
from hagane.types import SqlType

TYPE_KEY = b"hagane.type"
"""In the metadata of each field of `instance`: the column's SQL type, also where its values are hashed."""
OWN_FIELDS = (
    pa.field("request_id", pa.string(), nullable=False),
    pa.field("row", pa.int32(), nullable=False),
    pa.field("time", pa.timestamp("us", tz="UTC"), nullable=False),
    pa.field("endpoint", pa.string(), nullable=False),
    pa.field("deployed_model_id", pa.string(), nullable=False),
    pa.field("model", pa.string(), nullable=False),
    pa.field("version", pa.string(), nullable=False),
    pa.field("protocol", pa.string(), nullable=False),
    pa.field("mirror", pa.bool_(), nullable=False),
    pa.field("weight", pa.float64(), nullable=False),
    pa.field("latency_seconds", pa.float64(), nullable=False),
    pa.field("model_seconds", pa.float64(), nullable=False),
    pa.field("row_error", pa.bool_(), nullable=False),
)


def row_schema(model: LoggedModel) -> pa.Schema:
    """The log's own columns, then `instance` and `prediction`, with a field for each raw column and each answer."""
    instance = instance_fields(model.signature, model.sensitive)
    more = [pa.field("instance", pa.struct(instance))] if instance else []
    more.append(pa.field("prediction", pa.struct(prediction_fields(model.signature))))
    return pa.schema([*OWN_FIELDS, *more], metadata=file_metadata(model))


def instance_fields(signature: Signature, sensitive: dict[str, Treatment]) -> list[pa.Field[Any]]:
    """A field for each raw column that is not left out; a hashed one holds strings."""
    fields = []
    for column in signature.inputs:
        treatment = sensitive.get(column.name)
        if treatment != "leave_out":
            stored = _hashed_type(column.type) if treatment == "hash" else column.type
            fields.append(pa.field(column.name, ARROW_TYPES[stored], metadata={TYPE_KEY: column.type.value.encode()}))
    return fields


def prediction_fields(signature: Signature) -> list[pa.Field[Any]]:
    """As `prediction_columns` names them; their types follow from the signature, whatever a batch holds."""
    if signature.labels:
        return [field for one in signature.each for field in prediction_fields(one)]
    if signature.output_columns:
        return [pa.field(each.name, output_type(each)) for each in signature.output_columns]
    name = signature.prediction_name
    if signature.task == "regression":
        bounds = [LOWER_BOUND, UPPER_BOUND] if signature.interval_level is not None else []
        return [pa.field(each, pa.float64()) for each in (name, *bounds)]
    label = ARROW_TYPES[class_type(signature)]
    pairs = pa.list_(pa.struct([pa.field("label", label), pa.field("prob", pa.float64())]))
    return [pa.field(name, label), pa.field(f"{name}_probs", pairs)]


def class_type(signature: Signature) -> SqlType:
    """The type in which classes are answered: a label of any other type is answered as its classes are written."""
    kinds = {type(value) for value in signature.classes}
    if kinds == {bool}:
        return SqlType.BOOL
    return SqlType.INT64 if kinds == {int} else SqlType.STRING


def _hashed_type(type_: SqlType) -> SqlType:
    return SqlType.ARRAY_STRING if type_.is_array else SqlType.STRING
