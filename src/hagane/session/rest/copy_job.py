"""`run_copy_job`: tables into a table."""

from __future__ import annotations

from hagane.session.rest.api_error import ApiError
from hagane.session.rest.destination import fill_table
from hagane.session.rest.job import Job
from hagane.session.rest.references import quoted, table_name
from hagane.session.rest.workspace_sessions import WorkspaceSessions


def run_copy_job(job: Job, sessions: WorkspaceSessions) -> None:
    """All rows of the sources, one after the other. Raises ApiError and HaganeError."""
    copy = job.configuration["copy"]
    sources = copy.get("sourceTables") or ([copy["sourceTable"]] if copy.get("sourceTable") else [])
    if not sources:
        raise ApiError("invalid", "the job names no source")
    name = table_name(copy.get("destinationTable") or {})
    selects = [f"SELECT * FROM {quoted(*table_name(source))}" for source in sources]
    with sessions.new() as session:
        job.on_cancel = session.interrupt
        fill_table(session, name, " UNION ALL ".join(selects), copy, disposition="WRITE_EMPTY")
