"""Runs jobs in a folder of the test's own."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.jobs.programs import Ran, Run, job_of

from hagane.jobs.events import Event
from hagane.jobs.job import Job
from hagane.jobs.launch_options import LaunchOptions
from hagane.jobs.run_job import run_job


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def go(job: Job | str, *counts: int, on_event: Callable[[Event], None] = lambda event: None, **options) -> Ran:
        events: list[Event] = []

        def see(event: Event) -> None:
            events.append(event)
            on_event(event)

        what = job_of(job, *counts) if isinstance(job, str) else job
        asked = LaunchOptions(**{"grace_seconds": 5.0} | options)
        result = run_job(what, tmp_path / "jobs", asked, environment=dict(os.environ), on_event=see)
        return Ran(result, events)

    return go
