"""`Jobs`: all jobs of a server: a few run at once, the others wait; what they answered is kept for a while."""

from __future__ import annotations

import shutil
import tempfile
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from hagane.session.rest.api_error import ApiError
from hagane.session.rest.job import LOCATION, Job
from hagane.session.rest.result_rows import ResultRows

MOST_AT_ONCE = 4
KEPT_JOBS = 1_000
"""Jobs whose answers can still be read; older ones are forgotten."""


class Jobs:
    """Made for a server, and closed with it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="hagane-bigquery-"))
        """Results and uploads: files that nobody reads after this process."""
        self.anonymous = f"_anonymous_{uuid.uuid4().hex[:12]}"
        """The dataset in which clients find the rows of queries, and put what they need for a while."""
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(MOST_AT_ONCE, "hagane-job")

    def start(self, job: Job, work: Callable[[Job], None]) -> None:
        """Let it run when there is room. Raises ApiError 409 where its name is taken."""
        self.add(job)
        self._threads.submit(job.run, work)

    def add(self, job: Job) -> None:
        """Know it. Raises ApiError 409."""
        with self._lock:
            if job.job_id in self._jobs:
                message = f"Already Exists: Job {job.project}:{LOCATION}.{job.job_id}"
                raise ApiError("duplicate", message)
            self._jobs[job.job_id] = job
            ended = [each for each in self._jobs.values() if each.done.is_set()]
            forgotten = ended[: max(0, len(self._jobs) - KEPT_JOBS)]
            for each in forgotten:
                del self._jobs[each.job_id]
        for each in forgotten:
            _remove_rows(each)

    def get(self, job_id: str) -> Job:
        """The job of this name. Raises ApiError 404."""
        found = self._jobs.get(job_id)
        if found is None:
            raise ApiError("notFound", f"Not found: Job {job_id}")
        return found

    def answer(self, dataset: str, table: str) -> ResultRows | None:
        """The rows of the query whose client was told that they are in this table; None for any other name."""
        if dataset != self.anonymous:
            return None
        with self._lock:
            return next((job.rows for job in self._jobs.values() if anonymous_table(job.job_id) == table), None)

    def list(self, *, parent: str = "", states: set[str] | None = None) -> list[Job]:
        """The jobs that are known, the last first; those of a script where its job is named."""
        with self._lock:
            jobs = [job for job in reversed(self._jobs.values()) if job.parent == parent]
        return [job for job in jobs if not states or job.state in states]

    def forget(self, job_id: str) -> None:
        """Forget it, and what it answered. Raises ApiError 404."""
        job = self.get(job_id)
        with self._lock:
            self._jobs.pop(job_id, None)
        _remove_rows(job)

    def new_path(self) -> Path:
        """A file's path that nothing has."""
        return self.folder / f"rows-{uuid.uuid4().hex}.arrow"

    def close(self) -> None:
        """End what runs, wait for it, and remove all files."""
        for job in list(self._jobs.values()):
            if not job.done.is_set():
                job.cancel()
        self._threads.shutdown(wait=True, cancel_futures=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def new_job_id() -> str:
    """A name that no job has.

    >>> new_job_id().startswith("job_")
    True
    """
    return f"job_{uuid.uuid4().hex}"


def anonymous_table(job_id: str) -> str:
    """The table of that dataset in which a job's rows are.

    >>> anonymous_table("job-1")
    'anonjob_1'
    """
    return "anon" + job_id.replace("-", "_")


def _remove_rows(job: Job) -> None:
    rows: ResultRows | None = job.rows
    job.rows = None
    if rows is not None:
        rows.remove()


def job_configuration(body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """What kind of job a configuration asks for. Raises ApiError for another than query, load and copy."""
    configuration = body.get("configuration") or {}
    for kind in ("query", "load", "copy"):
        if isinstance(configuration.get(kind), dict):
            return kind, configuration
    if "extract" in configuration:
        step = "write files by EXPORT MODEL, or read the rows and write them (hagane sql … -o FILE)"
        raise ApiError("notImplemented", f"extract jobs do not run here: {step}")
    raise ApiError("invalid", "the job asks for nothing: configuration.query, .load or .copy")
