"""`LogRows`: records of one deployed model become rows of the log."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from hagane.bundle.prediction_columns import prediction_columns
from hagane.bundle.predictions import Predictions
from hagane.serving.deployment import Deployment
from hagane.serving.request_log.arrow_column import arrow_column, hashed_column
from hagane.serving.request_log.file_metadata import LoggedModel
from hagane.serving.request_log.pseudonyms import Pseudonyms
from hagane.serving.request_log.record import Record
from hagane.serving.request_log.row_schema import prediction_fields, row_schema


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

    def batches(self, records: Sequence[Record], most_rows: int) -> Iterator[pa.RecordBatch]:
        """The rows of these records, in batches of at most so many; a generator, so that its reader may breathe."""
        if len(records) > 1 or len(records[0].predictions) <= most_rows:
            instances = [instance for record in records for instance in record.instances]
            yield self._batch(instances, Predictions.concatenate([r.predictions for r in records]), _own(records))
            return
        (record,) = records
        instances, own = record.instances, _own(records)
        for start in range(0, len(instances), most_rows):
            rows = slice(start, start + most_rows)
            part = own.slice(start, most_rows)
            yield self._batch(instances[rows], _sliced(record.predictions, rows), part)

    def _batch(self, instances: list[Any], predictions: Predictions, own: pa.RecordBatch) -> pa.RecordBatch:
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
        if self._kept:
            arrays["instance"] = self._instance(instances)
        arrays["prediction"] = self._predicted(predictions)
        return pa.RecordBatch.from_arrays([arrays[name] for name in self.schema.names], schema=self.schema)

    def _instance(self, instances: list[Any]) -> pa.Array[Any]:
        columns = self._decoder.decode(instances)
        arrays = []
        for column in self._kept:
            data, name = columns[column.name], column.name
            if self.model.sensitive.get(name) == "hash":
                arrays.append(hashed_column(data, column.type, functools.partial(self._pseudonyms.of, name)))
            else:
                arrays.append(arrow_column(data, column.type))
        return pa.StructArray.from_arrays(arrays, fields=list(self.schema.field("instance").type))

    def _predicted(self, predictions: Predictions) -> pa.Array[Any]:
        answered = prediction_columns(predictions)
        arrays = [answered[field.name].cast(field.type) for field in self._prediction]
        return pa.StructArray.from_arrays(arrays, fields=self._prediction)


def _own(records: Sequence[Record]) -> pa.RecordBatch:
    """What differs from request to request: a row for each of its rows."""
    counts = np.array([len(record.predictions) for record in records])
    total, ends = int(counts.sum()), np.cumsum(counts)
    which = np.repeat(np.arange(len(records)), counts)
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
    rows = (np.arange(total) - np.repeat(ends - counts, counts)).astype(np.int32)
    whole = each if total == len(records) and (counts == 1).all() else each.take(pa.array(which))
    return whole.append_column("row", pa.array(rows, pa.int32()))


def _sliced(predictions: Predictions, rows: slice) -> Predictions:
    parts = {field.name: getattr(predictions, field.name) for field in dataclasses.fields(predictions)}
    arrays: dict[str, Any] = {name: part[rows] for name, part in parts.items() if isinstance(part, np.ndarray)}
    return dataclasses.replace(predictions, **arrays)
