"""`ArrivalWriter`: what came to the server, looked at on the log's thread, counted by the hour, written as files."""

from __future__ import annotations

import time
import weakref
from collections import Counter
from collections.abc import Callable, Sequence

import pyarrow as pa

from hagane.bundle.typed_rows import TypedInstances
from hagane.serving.deployment import Deployment
from hagane.serving.exchange import Exchange
from hagane.serving.request_log.arrivals import Arrivals, Place
from hagane.serving.request_log.file_metadata import MODEL_KEY, LoggedModel, file_metadata
from hagane.serving.request_log.hour_writer import HourWriter
from hagane.serving.request_log.log_folder import HOUR_MICROSECONDS, LogFolder
from hagane.serving.request_log.model_file import write_model_file
from hagane.serving.request_log.raw_rows import RawRows
from hagane.serving.request_log.record import Record
from hagane.serving.request_log.row_form import Counted, RowForm

ARRIVAL_SECONDS = 60.0
"""How long counts lie in memory: what a killed process can lose. Those of an hour that is over are written at once."""
MOST_LOOKED_REQUESTS = 8
"""Answered requests of a slice whose fields are looked at: of many, a few tell the shares."""
MOST_LOOKED_ROWS = 256
"""Of one request."""
MOST_NAMES = 100
"""Fields that the model does not know, of which each is counted by name; others are counted together."""
SCHEMA = pa.schema([("of", pa.string()), ("name", pa.string()), ("reason", pa.string()), ("count", pa.int64())])


class ArrivalWriter:
    """One process's counts of one endpoint. `model_of` tells what the log knows of a deployment.

    No deployment is held: counts may wait long for room on the disk, and its model must not wait with them.
    """

    def __init__(self, folder: LogFolder, arrivals: Arrivals, model_of: Callable[[Deployment], LoggedModel]) -> None:
        self._arrivals = arrivals
        self._model_of = model_of
        self._folder = folder
        self._writer = HourWriter(folder, "arrivals")
        self._counts: dict[tuple[int, bytes], Counter[Counted]] = {}
        self._models: weakref.WeakKeyDictionary[Deployment, bytes] = weakref.WeakKeyDictionary()
        self._untold: dict[bytes, LoggedModel] = {}
        self._readers: weakref.WeakKeyDictionary[Deployment, tuple[RowForm, RawRows]] = weakref.WeakKeyDictionary()
        self._oldest = 0.0

    def take_in(self) -> None:
        """Count what was observed since the last time; refused requests are looked at."""
        arrived = self._arrivals.take()
        for place, (requests, rows) in arrived.answered.items():
            self._add(place, Counter({Counted("request", reason="answered"): requests,
                                      Counted("row", reason="answered"): rows}))  # fmt: skip
        for (place, reason), count in arrived.refused.items():
            self._add(
                place, Counter({Counted("request", reason=reason): count, Counted("row", reason="refused"): count})
            )
        for place, exchange in arrived.waiting:
            self._add(place, self._refused(place.deployment, exchange))

    def look(self, records: Sequence[Record]) -> None:
        """Count the fields of the first of some answered requests of one deployment and hour."""
        for record in records[:MOST_LOOKED_REQUESTS]:
            if not record.mirror:
                deployment = record.exchange.deployment
                found = self._answered(deployment, record.exchange)
                self._add(Place(deployment, record.hour), found)

    def is_due(self) -> bool:
        """Whether something waits that ought to be written."""
        hour = time.time_ns() // (1_000 * HOUR_MICROSECONDS)
        is_old = time.monotonic() - self._oldest >= ARRIVAL_SECONDS
        return bool(self._counts) and (is_old or any(counted < hour for counted, _ in self._counts))

    def flush(self) -> list[int]:
        """Write what was counted; the bytes of each file. Raises OSError: what was not written is still there."""
        for metadata, model in list(self._untold.items()):
            write_model_file(self._folder, model)
            del self._untold[metadata]
        written = []
        for (hour, metadata), counts in list(self._counts.items()):
            self._writer.add(hour, _batch(counts, metadata), metadata)
            try:
                written += self._writer.flush()
            finally:
                self._writer.discard()
            del self._counts[hour, metadata]
        return written

    def _answered(self, deployment: Deployment, exchange: Exchange) -> Counter[Counted]:
        form, raw = self._reader(deployment)
        instances = exchange.instances
        if isinstance(instances, TypedInstances) and not any(None in values for values in instances.values):
            return Counter({Counted("looked", reason="answered"): len(instances)})  # a field that is not there is None
        rows = raw.of(exchange)
        return Counter() if rows is None else form.look(rows[:MOST_LOOKED_ROWS], "answered")

    def _refused(self, deployment: Deployment, exchange: Exchange) -> Counter[Counted]:
        form, raw = self._reader(deployment)
        model = deployment.model
        rows = raw.of(exchange)
        if rows is None:
            return Counter({Counted("request", reason="body"): 1, Counted("row", reason="refused"): 1})
        looked = rows[:MOST_LOOKED_ROWS]
        reason, found = form.faults(looked, model.decoder or model.bundle.decoder())
        reason = reason or ("row_error" if model.bundle.signature.on_error == "refuse" else "body")
        found.update(form.look(looked, "refused"))
        found.update({Counted("request", reason=reason): 1, Counted("row", reason="refused"): max(1, len(rows))})
        return found

    def _reader(self, deployment: Deployment) -> tuple[RowForm, RawRows]:
        found = self._readers.get(deployment)
        if found is None:
            found = RowForm(deployment.model.bundle.signature), RawRows(deployment)
            self._readers[deployment] = found
        return found

    def _add(self, place: Place, more: Counter[Counted]) -> None:
        if not self._counts:
            self._oldest = time.monotonic()
        key = place.hour, self._metadata_of(place.deployment)
        _add_within(self._counts.setdefault(key, Counter()), more)

    def _metadata_of(self, deployment: Deployment) -> bytes:
        metadata = self._models.get(deployment)
        if metadata is None:
            model = self._model_of(deployment)
            metadata = self._models[deployment] = file_metadata(model)[MODEL_KEY]
            self._untold[metadata] = model
        return metadata


def _add_within(total: Counter[Counted], more: Counter[Counted]) -> None:
    """Add up; of unknown fields no more names than `MOST_NAMES` are kept."""
    num_names = sum(each.of == "unknown" for each in total)
    for counted, count in more.items():
        if counted.of == "unknown" and counted not in total:
            if num_names > MOST_NAMES:
                continue
            num_names += 1
        total[counted] += count


def _batch(counts: Counter[Counted], metadata: bytes) -> pa.RecordBatch:
    rows = sorted((counted, count) for counted, count in counts.items() if count)
    columns = [[counted[place] for counted, _ in rows] for place in range(3)]
    arrays = [
        *(pa.array(column, pa.string()) for column in columns),
        pa.array([count for _, count in rows], pa.int64()),
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA.with_metadata({MODEL_KEY: metadata}))
