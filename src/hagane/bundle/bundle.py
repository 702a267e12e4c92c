"""`Bundle`: a trained model as a folder, loaded to predict. numpy, ONNX Runtime and msgspec suffice."""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np

from hagane.bundle.check_graph import check_graph
from hagane.bundle.instances import InstanceDecoder
from hagane.bundle.large_tensors import outline_of
from hagane.bundle.manifest import MODEL_NAME, SIGNATURE_NAME, Manifest, map_verified, read_verified
from hagane.bundle.mapped_file import MappedFile
from hagane.bundle.packed_rows import Feed
from hagane.bundle.predictions import Predictions
from hagane.bundle.row_errors import row_error_faults
from hagane.bundle.signature import SCORES, UNCALIBRATED, Signature
from hagane.bundle.signed_manifest import require_signed
from hagane.bundle.typed_rows import TypedInstances, TypedRows, Values
from hagane.errors import BundleError, Fault, RequestError
from hagane.runtime.layout import ColumnData
from hagane.types import SqlType

if TYPE_CHECKING:
    from hagane.runtime.session import Session

FEATURE_MASKS = "feature_masks"
CHUNK_ROWS = 4_096
"""Rows that `predict_columns` runs at once."""
PADDING_VERSION = 1
"""The padding rule that this runtime follows."""


class Bundle:
    """A model that predicts from raw rows. Threads may share one: nothing is kept between calls.

    Made by `Bundle.load`.
    """

    def __init__(self, folder: Path, manifest: Manifest, signature: Signature, session: Session) -> None:
        self.folder = folder
        self.manifest = manifest
        self.signature = signature
        self.bundle_id = manifest.bundle_id
        """16 hexadecimal digits that tell this bundle's content from any other's."""
        self.name = signature.model_name or folder.resolve().name
        """The model's name."""
        self.load_seconds = 0.0
        """How long it took to read, verify and load it."""
        self._session = session
        self._layout = signature.layout
        self._outputs = signature.outputs
        self._decoder = InstanceDecoder(signature)

    @classmethod
    def load(cls, folder: str | Path, *, num_threads: int = 1, trusted_keys: Path | None = None) -> Bundle:
        """Read and verify the bundle in `folder`, and load its graph. No code but the graph is run.

        Large tensors are used where they lie in the file, which all processes share: it must not be written into while
        the bundle is in use. To put another bundle in its place is well (`write_bundle`).

        Raises BundleError with every fault: a folder that is no bundle, a format newer than this Hagane, a file that is
        damaged, missing or extra, a graph that reaches outside its file or does not fit the signature. With
        `trusted_keys` (a file of public keys) also for a bundle that none of them signed.
        """
        began = time.perf_counter()
        folder = Path(folder)
        manifest, files = map_verified(folder, keep=(MODEL_NAME, SIGNATURE_NAME))
        if trusted_keys is not None:
            require_signed(folder, manifest, trusted_keys)
        signature = _signature(bytes(files[SIGNATURE_NAME].content), folder)
        check_graph(files[MODEL_NAME].content)
        session = _session(files[MODEL_NAME], folder, num_threads)
        _check_fit(signature, session, folder)
        bundle = cls(folder, manifest, signature, session)
        bundle.load_seconds = time.perf_counter() - began
        return bundle

    def document(self, name: str) -> bytes:
        """One of the bundle's files (`evaluation.json`), verified again. Raises BundleError when it has none such."""
        if name not in self.manifest.files:
            raise BundleError(
                Fault(
                    what=f"the bundle holds no {name}",
                    where=str(self.folder),
                    expected=", ".join(sorted(self.manifest.files)),
                )
            )
        return read_verified(self.folder, keep=(name,))[1][name]

    def decoder(
        self, *, extra: Literal["refuse", "ignore"] = "refuse", numeric_strings: bool = False
    ) -> InstanceDecoder:
        """A decoder of instances for this model, with other rules than the default's."""
        return InstanceDecoder(self.signature, extra=extra, numeric_strings=numeric_strings)

    @functools.cached_property
    def typed_rows(self) -> TypedRows | None:
        """The shortest way from JSON to the graph's inputs; None where a column is an array."""
        return TypedRows(self.signature) if TypedRows.can_hold(self.signature) else None

    def predict_values(self, values: Sequence[Values]) -> Predictions:
        """Answer the rows of one or of several `TypedInstances`; rows that err are answered, and marked."""
        assert self.typed_rows is not None
        feed = self.typed_rows.feed(self.typed_rows.padded(values, self._session.batch_multiple))
        return self._run(feed, num_rows=len(values))

    def predict_typed(self, instances: TypedInstances) -> Predictions:
        """Answer rows as `predict` does its own. Raises RequestError for rows that err, where these are refused."""
        predictions = self.predict_values(instances.values)
        if self.signature.on_error == "refuse" and predictions.row_errors.any():
            return self.predict(list(instances))
        return predictions

    def predict(
        self,
        instances: Sequence[Mapping[str, Any] | Sequence[Any]],
        *,
        extra: Literal["refuse", "ignore"] = "refuse",
        on_error: Literal["null", "refuse"] | None = None,
        decoder: InstanceDecoder | None = None,
    ) -> Predictions:
        """Answer rows as JSON has them: dicts by column name, or lists in the signature's order.

        `on_error` overrides the signature's; a `decoder` (made by `Bundle.decoder`) overrides `extra`. Raises
        RequestError with every value that does not fit, and, where rows on which an expression errs are refused, with
        every such row and the columns to blame.
        """
        if decoder is None:
            decoder = self._decoder if extra == "refuse" else self.decoder(extra=extra)
        feed = decoder.pack(instances)
        predictions = self._run(feed) if feed is not None else self.predict_columns(decoder.decode(instances))
        if (on_error or self.signature.on_error) == "refuse" and predictions.row_errors.any():
            columns = decoder.decode(instances)
            raise RequestError(*row_error_faults(self._erring, self.signature, columns, predictions.row_errors))
        return predictions

    def predict_columns(
        self, columns: Mapping[str, ColumnData], *, chunk_rows: int = CHUNK_ROWS, uncalibrated: bool = False
    ) -> Predictions:
        """Answer n rows given as columns, at most `chunk_rows` at a time. Rows that err are answered, and marked.

        Columns that the model does not read are left alone. With `uncalibrated` a calibrated model also answers what
        its family itself says, a model without a label the scores behind its columns. Raises RequestError for columns
        that are missing.
        """
        missing = [name for name in self.signature.names if name not in columns]
        if missing:
            raise RequestError(
                *(Fault(what=f"no column {name}", expected=", ".join(self.signature.names)) for name in missing)
            )
        read, runs = self._runs(columns, chunk_rows)
        more = [name for name in (UNCALIBRATED, SCORES) if uncalibrated and name in self._session.outputs]
        return Predictions.concatenate([self._run(self._layout.feed(_slice(read, rows)), more) for rows in runs])

    def feature_masks(self, columns: Mapping[str, ColumnData]) -> Any:
        """[n, f] float64: how much of what the model looked at in each row each feature is; rows of sum 1, or of 0.

        The features are `signature.masked_features`. Raises BundleError where the model makes no masks (`tabnet_*` do).
        """
        if not self.signature.masked_features:
            what, expected = (
                f"{self.signature.model_type} makes no feature masks",
                "tabnet_classifier, tabnet_regressor",
            )
            raise BundleError(Fault(what=what, where=str(self.folder), expected=expected))
        read, runs = self._runs(columns, CHUNK_ROWS)
        parts = [self._session.run(self._layout.feed(_slice(read, rows)), (FEATURE_MASKS,)) for rows in runs]
        return np.concatenate([part[FEATURE_MASKS] for part in parts])

    def features(self, columns: Mapping[str, ColumnData]) -> dict[str, Any]:
        """The tensors of features that the model sees for these rows: `dense`, `ids`, `sparse.*`. For verification."""
        names = [name for name in self._session.outputs if name in ("dense", "ids") or name.startswith("sparse.")]
        read, runs = self._runs(columns, CHUNK_ROWS)
        parts = [self._session.run(self._layout.feed(_slice(read, rows)), names) for rows in runs]
        for rows, part in zip(runs, parts, strict=True):
            part |= {name: part[name] + rows.start for name in names if name.endswith(".rows")}
        return {name: np.concatenate([part[name] for part in parts]) for name in names}

    def _runs(self, columns: Mapping[str, ColumnData], most: int) -> tuple[dict[str, ColumnData], list[slice]]:
        """The columns that the graph reads, and how their rows are parted."""
        read = {name: columns[name] for name in self.signature.names}
        num_rows = read[self.signature.names[0]].num_rows
        return read, self._session.runs(read, num_rows, most) or [slice(0, 0)]

    def _run(self, feed: Feed, more: Sequence[str] = (), num_rows: int | None = None) -> Predictions:
        """The answers to all rows of `feed`, or to the first `num_rows`."""
        outputs = self._session.run(feed, (*self._outputs, *more))
        if num_rows is not None:
            outputs = {name: array[:num_rows] for name, array in outputs.items()}
        return Predictions.from_outputs(self.signature, outputs)

    def _erring(self, columns: Mapping[str, ColumnData]) -> Any:
        return self.predict_columns(columns).row_errors


def _slice(columns: Mapping[str, ColumnData], rows: slice) -> dict[str, ColumnData]:
    return {name: column.slice(rows.start, rows.stop) for name, column in columns.items()}


def _signature(content: bytes, folder: Path) -> Signature:
    try:
        signature = msgspec.json.decode(content, type=Signature)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(Fault(what=f"{SIGNATURE_NAME} cannot be read: {error}", where=str(folder))) from None
    if signature.padding_version != PADDING_VERSION:
        raise BundleError(
            Fault(
                what="the bundle's answers were verified with another padding of batches",
                where=str(folder / SIGNATURE_NAME),
                expected=f"padding version {PADDING_VERSION}",
                received=f"padding version {signature.padding_version}",
                next_step="load it with the Hagane that wrote it, or train again",
            )
        )
    return signature


def _session(model: MappedFile, folder: Path, num_threads: int) -> Session:
    from hagane.runtime.session import Session  # brings ONNX Runtime, which not every user of this package needs

    path = folder / MODEL_NAME
    try:
        outline = outline_of(model.content, MODEL_NAME)
        tensors = None if outline is None else folder
        session = Session(outline or bytes(model.content), num_threads=num_threads, tensors=tensors)
    except Exception as error:
        what = f"ONNX Runtime refuses the graph: {str(error).splitlines()[0][:300]}"
        raise BundleError(Fault(what=what, where=str(path), next_step="train again")) from error
    if not model.is_at(path):
        raise BundleError(
            Fault(what="the bundle changed while it was loaded", where=str(path), next_step="load it again")
        )
    return session


def _check_fit(signature: Signature, session: Session, folder: Path) -> None:
    """The graph must take what the signature's layout feeds, and answer what it promises."""
    faults = [] if signature.inputs else [Fault(what="the signature has no inputs", where=str(folder / SIGNATURE_NAME))]
    empty = {column.name: _empty(column.type) for column in signature.inputs}
    fed = set(signature.layout.feed(empty)) if signature.inputs else set()
    faults += [_misfit(f"input {name}", folder) for name in sorted(fed ^ set(session.inputs))]
    promised = (*signature.outputs, *((FEATURE_MASKS,) if signature.masked_features else ()))
    faults += [_misfit(f"output {name}", folder) for name in promised if name not in session.outputs]
    if faults:
        raise BundleError(*faults)


def _empty(type_: SqlType) -> ColumnData:
    """A column of no rows."""
    return ColumnData(np.empty(0, object), offsets=np.zeros(1, np.int64) if type_.is_array else None)


def _misfit(what: str, folder: Path) -> Fault:
    return Fault(what=f"the signature and the graph differ in {what}", where=str(folder), next_step="train again")
