"""`run_query_job`: a script is run, its statements are jobs of their own where there are several."""

from __future__ import annotations

from typing import Any

from hagane.session.parameters import Parameters
from hagane.session.rest.api_error import ApiError
from hagane.session.rest.cancellable_progress import CancellableProgress
from hagane.session.rest.destination import fill_table
from hagane.session.rest.field_type import FieldType
from hagane.session.rest.job import Job
from hagane.session.rest.jobs import ANONYMOUS, Jobs, anonymous_table, new_job_id
from hagane.session.rest.query_parameters import query_parameters
from hagane.session.rest.references import quoted, table_name
from hagane.session.rest.result_rows import ResultRows
from hagane.session.rest.session_tables import aborted_session, with_session_tables
from hagane.session.rest.workspace_sessions import WorkspaceSessions, session_dataset
from hagane.session.result import Result
from hagane.session.session import Session
from hagane.sql.parse_script import parse_script
from hagane.sql.statement import QueryStatement
from hagane.workspace.described import Described

_CHANGED = {"INSERT": "insertedRowCount", "UPDATE": "updatedRowCount", "DELETE": "deletedRowCount"}


def run_query_job(job: Job, jobs: Jobs, sessions: WorkspaceSessions) -> None:
    """Run it to its end; rows are kept with the job. Raises ApiError and HaganeError."""
    query = job.configuration["query"]
    text = str(query.get("query") or "")
    if query.get("useLegacySql", False):
        raise ApiError("invalidQuery", "legacy SQL does not run here: set useLegacySql to false", location="query")
    parameters = query_parameters(query.get("queryParameters") or ())
    aborted = aborted_session(text, "")
    if aborted is not None:
        sessions.end(aborted)
        job.statistics["statementType"] = "CALL"
        return
    with sessions.of(query) as (session, shared):
        if shared:
            text = _in_shared_session(job, session, shared, text)
        job.on_cancel = session.interrupt
        session.state.progress = CancellableProgress(job.cancelled)
        if job.configuration.get("dryRun"):
            _dry_run(job, session, text, parameters)
            return
        statements = parse_script(text)
        if _has_destination(query) and len(statements) == 1 and isinstance(statements[0], QueryStatement):
            _run_into_table(job, jobs, session, statements[0], parameters)
        else:
            _run_script(job, jobs, session, text, count=len(statements), parameters=parameters)


def _in_shared_session(job: Job, session: Session, shared: str, text: str) -> str:
    """The text with the session's own tables in its dataset."""
    job.details["sessionInfo"] = {"sessionId": shared}
    dataset = session_dataset(shared)
    text, created = with_session_tables(text, dataset)
    if created:
        if dataset not in session.state.workspace.tables.datasets():
            session.state.workspace.tables.put_dataset(dataset, Described())
        destination = {"projectId": job.project, "datasetId": dataset, "tableId": created}
        job.configuration["query"]["destinationTable"] = destination
    return text


def _run_script(job: Job, jobs: Jobs, session: Session, text: str, *, count: int, parameters: Parameters) -> None:
    """Statement by statement."""
    last: Result | None = None
    for result in session.script(text, parameters):
        if job.cancelled.is_set():
            raise KeyboardInterrupt
        last = result
        if count > 1:
            _add_child(job, jobs, result)
    if last is None:
        raise ApiError("invalidQuery", "the query is empty", location="query")
    _tell(job, last)
    if count > 1:
        job.statistics["statementType"] = "SCRIPT"
        job.details["numChildJobs"] = str(count)
    if last.is_table:
        _keep_rows(job, jobs, last)


def _run_into_table(job: Job, jobs: Jobs, session: Session, statement: QueryStatement, parameters: Parameters) -> None:
    """One query, whose rows are the table's then."""
    query = job.configuration["query"]
    name = table_name(query["destinationTable"])
    text = statement.sql[statement.start : statement.end]
    fill_table(session, name, text, query, disposition="WRITE_EMPTY", parameters=parameters)
    result = session.sql(f"SELECT * FROM {quoted(name.dataset, name.table)}")
    _tell(job, result)
    _keep_rows(job, jobs, result)


def _keep_rows(job: Job, jobs: Jobs, result: Result) -> None:
    job.rows = ResultRows.of(result, jobs.new_path())
    job.statistics["schema"] = job.rows.schema()


def _has_destination(query: dict[str, Any]) -> bool:
    destination = query.get("destinationTable") or {}
    return bool(destination.get("tableId")) and destination.get("datasetId") != ANONYMOUS


def _tell(job: Job, result: Result) -> None:
    """What is known of a statement, as statistics."""
    job.statistics |= {"statementType": result.kind, "totalBytesProcessed": "0", "totalBytesBilled": "0",
                       "cacheHit": False}  # fmt: skip
    if result.num_changed_rows is not None:
        changed = str(result.num_changed_rows)
        job.statistics["numDmlAffectedRows"] = changed
        if result.kind in _CHANGED:
            job.statistics["dmlStats"] = {_CHANGED[result.kind]: changed}
    if result.notices:
        job.details["notices"] = list(result.notices)
    if result.is_table and not _has_destination(job.configuration["query"]):
        destination = {"projectId": job.project, "datasetId": ANONYMOUS, "tableId": anonymous_table(job.job_id)}
        job.configuration["query"]["destinationTable"] = destination


def _add_child(job: Job, jobs: Jobs, result: Result) -> None:
    """A job for one statement of a script, which has ended."""
    child = Job(job.project, new_job_id(), "query", {"query": {"query": result.sql, "useLegacySql": False}})
    child.parent = job.job_id
    child.begin()
    _tell(child, result)
    if result.is_table and result.num_rows is not None:
        _keep_rows(child, jobs, result)
    child.end()
    jobs.add(child)


def _dry_run(job: Job, session: Session, text: str, parameters: Any) -> None:
    """Nothing is done: a query's columns are found, other statements are read."""
    statements = parse_script(text)
    if len(statements) == 1 and isinstance(statements[0], QueryStatement):
        result = session.sql(text, parameters)
        _tell(job, result)
        fields = [FieldType.parse(column.type).resource(column.name) for column in result.schema]
        job.statistics["schema"] = {"fields": fields}
        result.close()
