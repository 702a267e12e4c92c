"""`LogWorker`: what the log's thread does: records become rows, rows become files, files are kept in order."""

from __future__ import annotations

import contextlib
import functools
import logging
import threading
import time
import weakref
from collections.abc import Callable

from hagane.runtime.runtime_build import runtime_build
from hagane.serving.deployment import Deployment
from hagane.serving.request_log.arrival_writer import ArrivalWriter
from hagane.serving.request_log.arrivals import Arrivals
from hagane.serving.request_log.feedback import Feedback
from hagane.serving.request_log.feedback_rows import feedback_batch
from hagane.serving.request_log.file_metadata import MODEL_KEY, LoggedModel
from hagane.serving.request_log.hour_writer import HourWriter
from hagane.serving.request_log.log_counts import LogCounts, Reason
from hagane.serving.request_log.log_folder import LogFolder
from hagane.serving.request_log.log_options import LogOptions
from hagane.serving.request_log.log_rows import LogRows
from hagane.serving.request_log.maintain import maintain
from hagane.serving.request_log.model_file import write_model_file
from hagane.serving.request_log.pseudonyms import Pseudonyms
from hagane.serving.request_log.record import Record
from hagane.serving.request_log.ring import Ring
from hagane.serving.request_log.treatments import treatments
from hagane.serving.request_log.writer_presence import writer_presence

SLICE_REQUESTS = 256
SLICE_ROWS = 256
"""So much is made into rows in one go, about a millisecond: the event loop waits for the interpreter no longer."""
BREATH_SECONDS = 0.0002
"""Between two goes the event loop has the interpreter for itself."""
GATHER_SECONDS = 0.05
"""A request that comes alone is joined by those of this long: to wake a thread for each would cost more than it."""
GATHER_SHARE = 0.125
"""Of the buffer: what takes more does not wait for others."""
FILE_BYTES = 8 * 2**20
"""Of rows in memory: so much becomes a file before its time."""
FEEDBACK_SECONDS = 1.0
"""How long feedback lies in memory: it was answered, and must not be lost."""
MOST_FEEDBACK_ROWS = 100_000
"""In memory; more is refused, and the client told to come again."""
RETRY_SECONDS = 30.0
"""After a disk was full."""
MAINTAIN_SECONDS = 60.0

_LOG = logging.getLogger("hagane.serving")


class LogWorker:
    """The thread's side of a `RequestLog`; `run` is the thread."""

    def __init__(
        self, folder: LogFolder, options: LogOptions, pseudonyms: Pseudonyms, ring: Ring, arrivals: Arrivals
    ) -> None:
        self._folder = folder
        self._options = options
        self._pseudonyms = pseudonyms
        self._ring = ring
        self._requests = HourWriter(folder, "requests")
        self._feedback = HourWriter(folder, "feedback")
        self._rows: weakref.WeakKeyDictionary[Deployment, LogRows] = weakref.WeakKeyDictionary()
        self._arrivals = ArrivalWriter(folder, arrivals, self._logged)
        self._pending_requests = 0
        self._waiting_feedback: list[Feedback] = []
        self._feedback_lock = threading.Lock()
        self._num_feedback_rows = 0
        self._paused_until = 0.0
        self._next_maintenance = time.monotonic() + MAINTAIN_SECONDS
        self._is_over_limit = False
        self._is_miscounted = False
        self._is_stopping = False
        self._flushes_asked = 0
        self._flushes_done = 0
        self._flushed = threading.Condition()
        self.counts = LogCounts()

    def run(self) -> None:
        """Until `stop`: then all that is left is written."""
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(writer_presence(self._folder, self._options.flush_seconds))
            except OSError as error:
                self._tell_refused(error, self._requests)
            self._run()

    def _run(self) -> None:
        while True:
            asked, stopping = self._flushes_asked, self._is_stopping
            self._drain()
            self._take_in_feedback()
            self._take_in_arrivals()
            self._flush_due(everything=stopping or asked > self._flushes_done)
            with self._flushed:
                self._flushes_done = asked
                self._flushed.notify_all()
            if stopping:
                self._tell_what_is_lost()
                return
            self._maintain_due()
            if not self._is_asked():
                self._ring.wait(self._pause_seconds())
                if not self._is_asked():
                    time.sleep(GATHER_SECONDS)

    def stop(self) -> None:
        """Have the thread write what is left, and end."""
        self._is_stopping = True
        self._ring.wake()

    def flush(self, timeout_seconds: float) -> bool:
        """Wait until all is written that was there when this was called; False where that takes longer."""
        with self._flushed:
            self._flushes_asked += 1
            asked = self._flushes_asked
            self._ring.wake()
            return self._flushed.wait_for(lambda: self._flushes_done >= asked, timeout_seconds)

    def take_feedback(self, feedback: Feedback) -> bool:
        """Called from the server's threads; False where there is no room, or nothing can be written."""
        with self._feedback_lock:
            has_room = self._num_feedback_rows + feedback.num_rows <= MOST_FEEDBACK_ROWS
            if not has_room or time.monotonic() < self._paused_until:
                return False
            self._num_feedback_rows += feedback.num_rows
            self._waiting_feedback.append(feedback)
        return True

    def _is_asked(self) -> bool:
        return self._is_stopping or self._flushes_asked > self._flushes_done

    def _pause_seconds(self) -> float:
        waits = self._options.flush_seconds if self._requests.num_rows else MAINTAIN_SECONDS
        return min(waits, FEEDBACK_SECONDS)

    def _drain(self) -> None:
        """Make rows of all records that wait, slice by slice; what is less than one gathers, unless it is asked for."""
        while taken := self._ring.take(SLICE_REQUESTS, SLICE_ROWS):
            if time.monotonic() < self._paused_until:
                self._drop("disk", len(taken))
            elif self._is_over_limit:
                self._drop("limit", len(taken))
            else:
                self._guarded(functools.partial(self._convert, taken), len(taken))
            self._ring.free(taken)
            del taken
            self._flush_due(everything=False)
            time.sleep(BREATH_SECONDS)
            if self._may_gather() and not self._is_asked():
                return

    def _may_gather(self) -> bool:
        """Whether what waits is less than a slice, and small: few requests of many rows each soon fill the buffer."""
        few = len(self._ring) < SLICE_REQUESTS
        return few and self._ring.num_bytes < GATHER_SHARE * self._options.buffer_bytes

    def _convert(self, taken: list[Record]) -> None:
        rows = self._rows_of(taken[0].exchange.deployment)
        metadata = rows.schema.metadata[MODEL_KEY]
        for batch in rows.batches(taken, SLICE_ROWS):
            self._requests.add(taken[0].hour, batch, metadata)
            time.sleep(BREATH_SECONDS if batch.num_rows == SLICE_ROWS else 0)
        self._pending_requests += len(taken)
        self._counted(functools.partial(self._arrivals.look, taken))

    def _rows_of(self, deployment: Deployment) -> LogRows:
        rows = self._rows.get(deployment)
        if rows is None:
            model = self._logged(deployment)
            write_model_file(self._folder, model)
            rows = self._rows[deployment] = LogRows(deployment, model, self._pseudonyms, self._options.rate)
        return rows

    def _logged(self, deployment: Deployment) -> LoggedModel:
        signature = deployment.model.bundle.signature
        return LoggedModel(
            endpoint=self._folder.endpoint,
            deployed_model_id=deployment.id,
            model=deployment.model.bundle.name,
            version=deployment.model.version,
            signature=signature,
            sensitive=treatments(signature, self._options.sensitive),
            runtime=runtime_build(),
        )

    def _take_in_arrivals(self) -> None:
        self._counted(self._arrivals.take_in)

    def _counted(self, work: Callable[[], None]) -> None:
        """Counts that fail are told once, and harm no row."""
        try:
            work()
        except Exception:
            if not self._is_miscounted:
                _LOG.exception("what came to the server could not be counted; later failures are not told")
            self._is_miscounted = True

    def _take_in_feedback(self) -> None:
        with self._feedback_lock:
            waiting, self._waiting_feedback = self._waiting_feedback, []
        for feedback in waiting:
            self._guarded(functools.partial(self._keep_feedback, feedback), 0)

    def _keep_feedback(self, feedback: Feedback) -> None:
        batch = feedback_batch(feedback)
        self._feedback.add(feedback.hour, batch, bytes(batch.schema.serialize()))

    def _flush_due(self, *, everything: bool) -> None:
        self._guarded(functools.partial(self._flush, everything=everything), 0)

    def _flush(self, *, everything: bool) -> None:
        """Write what has waited long enough, is large enough, or all of it."""
        requests, feedback = self._requests, self._feedback
        is_due = requests.age_seconds >= self._options.flush_seconds or requests.num_bytes >= FILE_BYTES
        if requests.num_rows and (everything or is_due):
            self._write(requests)
        if feedback.num_rows and (everything or feedback.age_seconds >= FEEDBACK_SECONDS):
            self._write(feedback)
        if everything or self._arrivals.is_due():
            self._write_arrivals()

    def _write_arrivals(self) -> None:
        """Counts that cannot be written wait; where the log is as large as it may be, they wait as well."""
        if self._is_over_limit or time.monotonic() < self._paused_until:
            return
        try:
            written = self._arrivals.flush()
        except OSError as error:
            self._tell_refused(error, self._feedback)
            return
        self.counts.files += len(written)
        self.counts.bytes += sum(written)

    def _write(self, writer: HourWriter) -> None:
        num_rows, pending = writer.num_rows, self._pending_requests
        try:
            written = writer.flush()
        except OSError as error:
            self._tell_refused(error, writer)
            return
        self.counts.files += len(written)
        self.counts.bytes += sum(written)
        self._paused_until = 0.0
        if writer is self._feedback:
            self.counts.feedback_rows += num_rows
            self._free_feedback(num_rows)
        else:
            self.counts.rows += num_rows
            self.counts.requests += pending
            self._pending_requests = 0

    def _tell_refused(self, error: OSError, writer: HourWriter) -> None:
        """Nothing can be written: requests are dropped for a while; feedback was answered, and is kept to try again."""
        if not self._paused_until:
            where = self._folder.path
            _LOG.warning("the request log cannot be written in %s: %s; requests are answered, not logged", where, error)
        self._paused_until = time.monotonic() + RETRY_SECONDS
        if writer is self._requests:
            writer.discard()
            self._drop("disk", self._pending_requests)
            self._pending_requests = 0

    def _tell_what_is_lost(self) -> None:
        if self._feedback.num_rows:
            _LOG.error("%s rows of feedback could not be written, and are lost", self._feedback.num_rows)

    def _free_feedback(self, num_rows: int) -> None:
        with self._feedback_lock:
            self._num_feedback_rows -= num_rows

    def _maintain_due(self) -> None:
        if time.monotonic() < self._next_maintenance:
            return
        self._next_maintenance = time.monotonic() + MAINTAIN_SECONDS
        try:
            self._maintain()
        except Exception:  # of old files: what waits to be written has no part in it
            _LOG.exception("the request log of %s could not be kept in order", self._folder.endpoint)

    def _maintain(self) -> None:
        num_bytes = maintain(self._folder, self._options)
        limit = self._options.max_bytes
        was, self._is_over_limit = (
            self._is_over_limit,
            limit is not None and num_bytes is not None and num_bytes > limit,
        )
        if self._is_over_limit and not was:
            what = "the request log of %s takes more than its %s bytes in this hour alone; requests are not logged"
            _LOG.warning(what, self._folder.endpoint, limit)

    def _guarded(self, work: Callable[[], None], num_requests: int) -> None:
        """Whatever fails, the thread goes on: a log must not end because of one request."""
        try:
            work()
        except OSError as error:
            self._tell_refused(error, self._requests)
            self._drop("disk", num_requests)
        except Exception:
            if not self.counts.dropped["error"]:
                _LOG.exception("the request log failed; later failures are counted, not told")
            self._requests.discard()
            self._drop("error", max(1, num_requests, self._pending_requests))
            self._pending_requests = 0

    def _drop(self, reason: Reason, num_requests: int) -> None:
        self.counts.dropped[reason] += num_requests
