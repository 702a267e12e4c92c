"""`BundleModelHandler`: a bundle in Apache Beam's RunInference, on any runner.

>>> rows = pipeline | beam.Create([{"age": 40, "job": "pilot"}])             # doctest: +SKIP
>>> rows | RunInference(BundleModelHandler("gs://models/late/3"))            # doctest: +SKIP
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec
import numpy as np
from apache_beam.io.filesystems import FileSystems
from apache_beam.ml.inference.base import ModelHandler, PredictionResult
from apache_beam.pvalue import Row

from hagane.bundle.bundle import Bundle
from hagane.bundle.manifest import MANIFEST_NAME, Manifest
from hagane.errors import BundleError, Fault, RequestError
from hagane.types import SqlType

MAX_BATCH_SIZE = 4_096
"""The most rows of a batch by default: what a bundle runs at once."""

Example: TypeAlias = Any
"""A dict, a `beam.Row`, a named tuple, a list."""


class BadRow(msgspec.Struct, frozen=True):
    """What is inferred of a row that the model refuses, with `bad_rows="return"`."""

    faults: tuple[str, ...]
    """A line each: the column, what was expected, what came."""


class BundleModelHandler(ModelHandler[Example, PredictionResult, Bundle]):  # type: ignore[misc]
    """Loads a bundle on each worker, and predicts batches of rows.

    A row is a dict, a `beam.Row`, a named tuple, or a list in the signature's order, by the rules of `Bundle.predict`;
    an inference is a dict as ML.PREDICT names it; `model_id` is the model's name and bundle: `late@512e58278ddfe052`.
    What is pickled is the path alone.

    `model_uri` is a bundle's folder: a path that every worker has, or any that Beam's file systems know (`gs://`,
    `s3://`, `hdfs://`). `extra="ignore"` lets rows have columns that the model does not read; `on_error` overrides what
    the model does where an expression errs. With `bad_rows="raise"` a row that does not fit fails its batch
    (`RunInference.with_exception_handling()` sets such batches aside); with "return" it alone gets a `BadRow`. Batch
    sizes and the other options are Beam's.

    Raises BundleError on the worker for what is no whole bundle, RequestError for bad rows.
    """

    def __init__(
        self,
        model_uri: str,
        *,
        extra: Literal["refuse", "ignore"] = "refuse",
        on_error: Literal["null", "refuse"] | None = None,
        bad_rows: Literal["raise", "return"] = "raise",
        min_batch_size: int | None = None,
        max_batch_size: int | None = MAX_BATCH_SIZE,
        **options: Any,
    ) -> None:
        super().__init__(min_batch_size=min_batch_size, max_batch_size=max_batch_size, **options)
        self._model_uri = model_uri
        self._extra = extra
        self._on_error = on_error
        self._bad_rows = bad_rows

    def load_model(self) -> Bundle:
        """The bundle, verified; fetched first where it is not on this machine."""
        return load_bundle(self._model_uri)

    def run_inference(
        self, batch: Sequence[Example], model: Bundle, inference_args: dict[str, Any] | None = None
    ) -> Iterator[PredictionResult]:
        """The predictions of a batch, in its order."""
        model_id = f"{model.name}@{model.bundle_id}"
        rows = [as_row(example) for example in batch]
        for example, inference in zip(batch, self._predict(rows, model), strict=True):
            yield PredictionResult(example, inference, model_id)

    def _predict(self, rows: list[Any], model: Bundle) -> list[Any]:
        try:
            return self._rows(rows, model)
        except RequestError:
            if self._bad_rows == "raise":
                raise
        return [self._one(row, model) for row in rows]

    def _one(self, row: Any, model: Bundle) -> Any:
        try:
            return self._rows([row], model)[0]
        except RequestError as error:
            return BadRow(tuple(_line(fault) for fault in error.faults))

    def _rows(self, rows: list[Any], model: Bundle) -> list[Any]:
        return model.predict(rows, extra=self._extra, on_error=self._on_error).rows()

    def get_num_bytes(self, batch: Sequence[Example]) -> int:
        """Of the rows as JSON, which is about what they take on the wire."""
        return len(msgspec.json.encode([as_row(example) for example in batch], enc_hook=str))

    def get_metrics_namespace(self) -> str:
        """Beside Beam's own: `BeamML_Onnx`, `BeamML_Sklearn`, …"""
        return "BeamML_Hagane"

    def validate_inference_args(self, inference_args: dict[str, Any] | None) -> None:
        """Raise ValueError: a bundle takes none."""
        if inference_args:
            raise ValueError(f"a bundle takes no inference arguments; received {sorted(inference_args)}")

    def update_model_path(self, model_path: str | None = None) -> None:
        """Go on with the bundle at `model_path`, as RunInference's `model_metadata_pcoll` tells it."""
        self._model_uri = model_path or self._model_uri


class ArrowBundleModelHandler(BundleModelHandler):
    """The same for whole `pyarrow.RecordBatch`es, each an element: many rows at the cost of few.

    An inference is a RecordBatch with the predicted columns, row by row those of the example. Columns that the model
    does not read are left alone; one that is missing, or of another type, fails its element.
    """

    def __init__(self, model_uri: str, **options: Any) -> None:
        super().__init__(model_uri, **{"max_batch_size": 1, **options})

    def run_inference(
        self, batch: Sequence[Any], model: Bundle, inference_args: dict[str, Any] | None = None
    ) -> Iterator[PredictionResult]:
        """The predictions of each record batch."""
        import pyarrow as pa

        from hagane.bundle.prediction_columns import prediction_columns

        for example in batch:
            predictions = model.predict_columns(_columns(model, example))
            if (self._on_error or model.signature.on_error) == "refuse" and predictions.row_errors.any():
                raise RequestError(_erring(np.flatnonzero(predictions.row_errors)))
            answers = pa.record_batch(prediction_columns(predictions))
            yield PredictionResult(example, answers, f"{model.name}@{model.bundle_id}")

    def get_num_bytes(self, batch: Iterable[Any]) -> int:
        """Of the batches in memory."""
        return sum(example.nbytes for example in batch)


def load_bundle(uri: str) -> Bundle:
    """The bundle in the folder `uri`, by any of Beam's file systems. Raises BundleError."""
    if (Path(uri) / MANIFEST_NAME).is_file():
        return Bundle.load(uri)
    folder = Path(tempfile.mkdtemp(prefix="hagane-bundle-"))
    try:
        bundle = Bundle.load(_fetch(uri, folder / (FileSystems.split(uri.rstrip("/"))[1] or "model")))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    weakref.finalize(bundle, shutil.rmtree, folder, ignore_errors=True)
    return bundle


def _fetch(uri: str, folder: Path) -> Path:
    """Copy what the manifest names; a name that is no plain one is left for `Bundle.load` to refuse."""
    folder.mkdir()
    try:
        manifest = _read(uri, MANIFEST_NAME)
        (folder / MANIFEST_NAME).write_bytes(manifest)
        for name in msgspec.json.decode(manifest, type=Manifest).files:
            if Path(name).name == name:
                (folder / name).write_bytes(_read(uri, name))
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise BundleError(
            Fault(what=f"no bundle can be read there: {error}", where=uri, expected="the folder of a bundle")
        ) from error
    return folder


def _read(uri: str, name: str) -> bytes:
    with FileSystems.open(FileSystems.join(uri, name), compression_type="uncompressed") as stream:
        content: bytes = stream.read()
    return content


def as_row(example: Example) -> Any:
    """A dict, or a list, of a row in any of its forms.

    >>> as_row(Row(age=40)), as_row({"age": 40}), as_row([40])
    ({'age': 40}, {'age': 40}, [40])
    """
    if isinstance(example, Row):
        return example.as_dict()
    if hasattr(example, "_asdict"):
        return example._asdict()
    return example


def _columns(model: Bundle, batch: Any) -> dict[str, Any]:
    """The columns that the model reads. Raises RequestError for those of another type."""
    from hagane.data.column_data import column_data

    columns, faults = {}, []
    for wanted in model.signature.inputs:
        if wanted.name not in batch.schema.names:
            continue  # which the bundle tells, all of them at once
        array = batch.column(wanted.name)
        if _fits(array.type, wanted.type):
            columns[wanted.name] = column_data(_in_microseconds(array), wanted.type)
        else:
            what = f"column {wanted.name} is no {wanted.type.value}"
            faults.append(Fault(what=what, expected=wanted.type.value, received=str(array.type)))
    if faults:
        raise RequestError(*faults)
    return columns


def _fits(type: Any, wanted: SqlType) -> bool:
    """Whether every value of this Arrow type is one of the column's."""
    import pyarrow.types as of

    if wanted.is_array:
        return bool(of.is_list(type)) and _fits(type.value_type, wanted.element)
    if of.is_dictionary(type):
        return wanted is SqlType.STRING and bool(of.is_string(type.value_type))
    kinds = {
        SqlType.FLOAT64: (of.is_floating, of.is_integer),
        SqlType.INT64: (of.is_signed_integer, of.is_uint8, of.is_uint16, of.is_uint32),
        SqlType.STRING: (of.is_string, of.is_large_string),
        SqlType.BOOL: (of.is_boolean,),
        SqlType.TIMESTAMP: (of.is_timestamp,),
        SqlType.DATE: (of.is_date32,),
    }
    return bool(of.is_null(type)) or any(is_kind(type) for is_kind in kinds[wanted])


def _in_microseconds(array: Any) -> Any:
    import pyarrow as pa

    return array.cast(pa.timestamp("us", "UTC")) if pa.types.is_timestamp(array.type) else array


def _erring(rows: Any) -> Fault:
    shown = ", ".join(map(str, rows[:5])) + (" …" if len(rows) > 5 else "")
    return Fault(what="an expression errs on rows, and the model refuses such", where=f"rows {shown}",
                 next_step='on_error="null" answers them with NULL')  # fmt: skip


def _line(fault: Fault) -> str:
    parts = (
        fault.what,
        fault.expected and f"expected {fault.expected}",
        fault.received and f"received {fault.received}",
    )
    told = "; ".join(filter(None, parts))
    return f"{fault.where.removeprefix('instances[0].')}: {told}" if fault.where else told
