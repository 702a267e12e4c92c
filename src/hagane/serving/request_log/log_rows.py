"""`LogRows`: records of one deployed model become rows of the log."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np
import pyarrow as pa

from hagane.bundle.prediction_columns import prediction_columns
from hagane.bundle.predictions import Predictions
from hagane.bundle.typed_rows import TypedInstances
from hagane.serving.deployment import Deployment
from hagane.serving.request_log.arrow_column import arrow_column, arrow_values, hashed_column, hashed_values
from hagane.serving.request_log.file_metadata import LoggedModel
from hagane.serving.request_log.pseudonyms import Pseudonyms
from hagane.serving.request_log.record import Record
from hagane.serving.request_log.row_schema import prediction_fields, row_schema
from hagane.types import SqlType


class LogRows:
    """Makes Arrow record batches of `model`'s schema. `rate` is the share of the requests that are logged."""

    def __init__(self, deployment: Deployment, model: LoggedModel, pseudonyms: Pseudonyms, rate: float) -> None:
        self.model = model
        self.schema: pa.Schema = row_schema(model)
        self._decoder = deployment.model.decoder or deployment.model.bundle.decoder()
        self._pseudonyms = pseudonyms
        self._weight = 1 / rate
        self._kept = [column for column in model.signature.inputs if model.sensitive.get(column.name) != "leave_out"]
        self._prediction = prediction_fields(model.signature)
        self._instance_fields = list(self.schema.field("instance").type) if self._kept else []

    def batches(self, records: Sequence[Record], most_rows: int) -> Iterator[pa.RecordBatch]:
        """The rows of these records, in batches of at most so many; a generator, so that its reader may breathe."""
        if len(records) > 1 or records[0].num_rows <= most_rows:
            predictions = Predictions.concatenate([record.predictions for record in records])
            yield self._batch(self._instance(records), predictions, _own(records))
            return
        (record,) = records
        instances, own = record.instances, _own(records)
        for start in range(0, len(instances), most_rows):
            rows = slice(start, start + most_rows)
            part = own.slice(start, most_rows)
            yield self._batch(self._decoded(instances[rows]), _sliced(record.predictions, rows), part)

    def _batch(self, instance: pa.Array[Any] | None, predictions: Predictions, own: pa.RecordBatch) -> pa.RecordBatch:
        num_rows = len(predictions)
        model = self.model
        arrays = {name: own.column(name) for name in own.schema.names} | {
            name: pa.repeat(pa.scalar(value), num_rows)
            for name, value in (
                ("endpoint", model.endpoint),
                ("deployed_model_id", model.deployed_model_id),
                ("model", model.model),
                ("version", model.version),
                ("weight", self._weight),
            )
        }
        arrays["row_error"] = pa.array(predictions.row_errors)
        if instance is not None:
            arrays["instance"] = instance
        arrays["prediction"] = self._predicted(predictions)
        return pa.RecordBatch.from_arrays([arrays[name] for name in self.schema.names], schema=self.schema)

    def _instance(self, records: Sequence[Record]) -> pa.Array[Any] | None:
        """The rows of all records: of their values as they were fed to the graph where these are at hand."""
        typed = [record.exchange.instances for record in records]
        if all(isinstance(instances, TypedInstances) for instances in typed):
            with contextlib.suppress(pa.ArrowInvalid, OverflowError):  # an integer that no double is
                return self._fed(cast("list[TypedInstances]", typed))
        return self._decoded([instance for record in records for instance in record.instances])

    def _fed(self, typed: list[TypedInstances]) -> pa.Array[Any] | None:
        if not self._kept:
            return None
        columns = zip(*(values for instances in typed for values in instances.values), strict=True)
        return self._struct(dict(zip(typed[0].names, columns, strict=True)), arrow_values, hashed_values)

    def _decoded(self, instances: list[Any]) -> pa.Array[Any] | None:
        if not self._kept:
            return None
        return self._struct(self._decoder.decode(instances), arrow_column, hashed_column)

    def _struct(
        self,
        columns: Mapping[str, Any],
        plain: Callable[[Any, SqlType], pa.Array[Any]],
        hashed: Callable[[Any, SqlType, Callable[[str], str]], pa.Array[Any]],
    ) -> pa.Array[Any]:
        """The raw columns that are kept, each as its treatment says."""
        arrays = []
        for column in self._kept:
            values, name = columns[column.name], column.name
            if self.model.sensitive.get(name) == "hash":
                arrays.append(hashed(values, column.type, functools.partial(self._pseudonyms.of, name)))
            else:
                arrays.append(plain(values, column.type))
        return pa.StructArray.from_arrays(arrays, fields=self._instance_fields)

    def _predicted(self, predictions: Predictions) -> pa.Array[Any]:
        answered = prediction_columns(predictions)
        arrays = [answered[field.name].cast(field.type) for field in self._prediction]
        return pa.StructArray.from_arrays(arrays, fields=self._prediction)


def _own(records: Sequence[Record]) -> pa.RecordBatch:
    """What differs from request to request: a row for each of its rows."""
    exchanges = [record.exchange for record in records]
    each = pa.record_batch(
        {
            "request_id": pa.array([exchange.request.id for exchange in exchanges], pa.string()),
            "time": pa.array([record.time for record in records], pa.int64()).view(pa.timestamp("us", tz="UTC")),
            "protocol": pa.array([exchange.protocol for exchange in exchanges], pa.string()),
            "mirror": pa.array([record.mirror for record in records], pa.bool_()),
            "latency_seconds": pa.array([exchange.seconds for exchange in exchanges], pa.float64()),
            "model_seconds": pa.array([exchange.model_seconds for exchange in exchanges], pa.float64()),
        }
    )
    counts = np.array([record.num_rows for record in records])
    if (counts == 1).all():
        return each.append_column("row", pa.array(np.zeros(len(records), np.int32)))
    total, ends = int(counts.sum()), np.cumsum(counts)
    rows = (np.arange(total) - np.repeat(ends - counts, counts)).astype(np.int32)
    which = pa.array(np.repeat(np.arange(len(records)), counts))
    return each.take(which).append_column("row", pa.array(rows))


def _sliced(predictions: Predictions, rows: slice) -> Predictions:
    parts = {field.name: getattr(predictions, field.name) for field in dataclasses.fields(predictions)}
    arrays: dict[str, Any] = {name: part[rows] for name, part in parts.items() if isinstance(part, np.ndarray)}
    if predictions.columns is not None:
        arrays["columns"] = tuple(each[rows] for each in predictions.columns)
    return dataclasses.replace(predictions, **arrays)
