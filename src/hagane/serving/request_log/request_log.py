"""`RequestLog`: the observer that keeps sampled requests, and never makes the server wait."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any, Self

import msgspec

from hagane.bundle.signature import Signature
from hagane.errors import Fault, HaganeError, MissingExtraError
from hagane.serving.exchange import Exchange
from hagane.serving.request_log.arrivals import Arrivals
from hagane.serving.request_log.log_counts import LogCounts
from hagane.serving.request_log.log_folder import LogFolder
from hagane.serving.request_log.log_options import LogOptions, check_log_options
from hagane.serving.request_log.pseudonyms import Pseudonyms
from hagane.serving.request_log.record import Record, held_bytes
from hagane.serving.request_log.ring import Ring
from hagane.serving.request_log.sampling import Sampling

if TYPE_CHECKING:
    from hagane.serving.request_log.feedback import Feedback
    from hagane.serving.request_log.log_worker import LogWorker

CLOSE_SECONDS = 10.0
"""How long the end of a server may wait for what is still to be written."""

_LOG = logging.getLogger("hagane.serving")


class RequestLog:
    """Of one endpoint, in one process; processes that share `folder` add to one log.

    On the event loop a request costs a look at its id and a reference in a bounded buffer; a thread makes rows of it
    and writes files. Where the buffer is full, the disk is full or the log is as large as it may be, requests are
    dropped and counted. `open` it, and `close` it at the end; the thread begins with the first request, so that a
    process that forks once all is loaded has none yet.
    """

    def __init__(self, folder: LogFolder, options: LogOptions) -> None:
        check_log_options(options)
        self.folder = folder
        self.options = options
        self._sampling = Sampling(options.rate)
        self._ring = Ring(options.buffer_bytes)
        self._arrivals = Arrivals()
        self._worker: LogWorker | None = None
        self._thread: threading.Thread | None = None
        self._beginning = threading.Lock()
        self._is_closed = False

    @property
    def samples(self) -> bool:
        """Whether it wants to observe at all: at a rate of 0 it is there for feedback alone."""
        return self.options.rate > 0

    @property
    def counts(self) -> LogCounts:
        """What became of the requests, as of now."""
        counts = LogCounts() if self._worker is None else self._worker.counts
        dropped = counts.dropped | {"buffer": self._ring.num_dropped}
        return msgspec.structs.replace(counts, dropped=dropped)

    @property
    def waiting_bytes(self) -> int:
        """About what the requests hold in memory that are not rows yet; never more than `buffer_bytes`."""
        return self._ring.num_bytes

    def open(self) -> Self:
        """Read the key, or make it, and load what rows are made with.

        Raises StorageError where the folder cannot be written, MissingExtraError without pyarrow.
        """
        try:
            from hagane.serving.request_log.log_worker import LogWorker
        except ImportError as error:
            fault = Fault(what=f"a request log needs pyarrow: {error}", next_step="pip install pyarrow")
            raise MissingExtraError(fault) from None
        pseudonyms = Pseudonyms.load(self.folder.key_path)
        self._worker = LogWorker(self.folder, self.options, pseudonyms, self._ring, self._arrivals)
        return self

    def observe(self, exchange: Exchange) -> None:
        """Count the request, and keep it if it is one of the sample and was answered with predictions."""
        if self._arrivals.observe(exchange) and self._thread is None:
            self._begin()
        self._keep(exchange, mirror=False)

    def observe_mirror(self, exchange: Exchange) -> None:
        """The same for a request that was shown to a shadow version, with what that answered."""
        self._keep(exchange, mirror=True)

    def _keep(self, exchange: Exchange, *, mirror: bool) -> None:
        try:
            predictions, response = exchange.predictions, exchange.response
            if predictions is None or (response is not None and response.status >= 300):
                return
            if self._sampling.keeps(exchange.request.id):
                now = time.time_ns() // 1_000 - int(exchange.seconds * 1e6)
                num_rows = len(predictions)
                size = held_bytes(exchange, num_rows, len(predictions.signature.inputs))
                self._ring.put(Record(exchange, now, mirror, num_rows, size))
                if self._thread is None:
                    self._begin()
        except Exception:
            _LOG.exception("the request log failed on request %s", exchange.request.id)

    def feedback(self, feedback: Feedback) -> bool:
        """Keep ground truth; False, and nothing is kept, where too much of it waits or the disk is full."""
        self._begin()
        return self._opened.take_feedback(feedback)

    def recorded(self, signature: Signature) -> list[dict[str, Any]]:
        """The latest rows that the log holds, for a version of this signature to be warmed with; [] where it cannot."""
        from hagane.serving.request_log.recorded_instances import recorded_instances

        try:
            return recorded_instances(self.folder, signature)
        except (HaganeError, OSError) as error:
            _LOG.warning("the request log cannot be read: %s", error)
            return []

    def flush(self, timeout_seconds: float = CLOSE_SECONDS) -> bool:
        """Have everything written that was observed before; whether it was, in that time."""
        self._begin()
        return self._opened.flush(timeout_seconds)

    def close(self) -> None:
        """Write what is left, and end the thread. Twice is as good as once."""
        with self._beginning:
            self._is_closed = True
            thread, self._thread = self._thread, None
        if thread is not None:
            self._opened.stop()
            thread.join(CLOSE_SECONDS)

    @property
    def _opened(self) -> LogWorker:
        assert self._worker is not None, "the request log was not opened"
        return self._worker

    def _begin(self) -> None:
        """Start the thread if there is none."""
        with self._beginning:
            if self._thread is None and not self._is_closed:
                run = self._opened.run
                self._thread = threading.Thread(target=run, name="hagane-request-log", daemon=True)
                self._thread.start()
