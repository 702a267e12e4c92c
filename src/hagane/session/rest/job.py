"""`Job`: something that runs on a thread of its own while clients ask how it goes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from hagane.errors import HaganeError
from hagane.session.rest.api_error import ApiError
from hagane.session.rest.result_rows import ResultRows

LOCATION = "local"
INSIST_SECONDS = 0.05


class Job:
    """A query, a load or a copy: waits, runs, is done. Made and kept by `Jobs`."""

    def __init__(self, project: str, job_id: str, kind: str, configuration: dict[str, Any]) -> None:
        self.project, self.job_id = project, job_id
        self.kind = kind
        """`query`, `load` or `copy`: the key of the configuration."""
        self.configuration = configuration
        self.parent = ""
        """The job of the script of which this one is a statement."""
        self.statistics: dict[str, Any] = {}
        """Of this kind of job: the part that is called as the kind."""
        self.details: dict[str, Any] = {}
        """Further statistics of any job (`numChildJobs`)."""
        self.rows: ResultRows | None = None
        self.error: ApiError | None = None
        self.done = threading.Event()
        self.cancelled = threading.Event()
        self.on_cancel: Callable[[], object] = lambda: None
        """Ends what is running."""
        self._created = _milliseconds()
        self._started = self._ended = 0

    @property
    def state(self) -> str:
        """As the API names it."""
        return "DONE" if self.done.is_set() else "RUNNING" if self._started else "PENDING"

    def run(self, work: Callable[[Job], None]) -> None:
        """Do the work on this thread; whatever it raises is the job's error."""
        self.begin()
        try:
            if self.cancelled.is_set():
                raise ApiError("stopped", "Job execution was cancelled: User requested cancellation")
            work(self)
        except ApiError as error:
            self.error = error
        except HaganeError as error:
            self.error = ApiError.of(error)
        except KeyboardInterrupt:
            self.error = ApiError("stopped", "Job execution was cancelled")
        except Exception as error:  # it would end the thread, and the client would wait for ever
            self.error = ApiError("invalid", f"this is a fault of Hagane's own: {type(error).__name__}: {error}")
        if self.error is not None and self.cancelled.is_set():
            self.error = ApiError("stopped", "Job execution was cancelled: User requested cancellation")
        self.end()

    def begin(self) -> None:
        """It runs now."""
        self._started = self._started or _milliseconds()

    def end(self) -> None:
        """It has ended."""
        self._ended = _milliseconds()
        self.done.set()
        self.on_cancel = lambda: None  # what it held, a session and its database, is not needed any more

    def cancel(self) -> None:
        """End it as soon as it can be ended: what runs is told again until it has ended."""
        if not self.cancelled.is_set():
            self.cancelled.set()
            threading.Thread(target=self._insist, name="hagane-cancel", daemon=True).start()

    def _insist(self) -> None:
        while not self.done.wait(INSIST_SECONDS):
            self.on_cancel()

    def reference(self) -> dict[str, str]:
        """A `JobReference`."""
        return {"projectId": self.project, "jobId": self.job_id, "location": LOCATION}

    def resource(self) -> dict[str, Any]:
        """A `Job`."""
        status: dict[str, Any] = {"state": self.state}
        if self.error is not None and self.done.is_set():
            status |= {"errorResult": self.error.proto(), "errors": [self.error.proto()]}
        statistics: dict[str, Any] = {"creationTime": str(self._created), "totalBytesProcessed": "0"}
        if self._started:
            statistics["startTime"] = str(self._started)
        if self._ended:
            statistics["endTime"] = str(self._ended)
        if self.parent:
            statistics["parentJobId"] = self.parent
        return {
            "kind": "bigquery#job",
            "id": f"{self.project}:{LOCATION}.{self.job_id}",
            "jobReference": self.reference(),
            "configuration": {"jobType": self.kind.upper(), **self.configuration},
            "status": status,
            "statistics": {**statistics, **self.details, self.kind: self.statistics},
            "user_email": "local",
        }


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000
