"""`QueryJob`: a script is run; its statements are jobs of their own where there are several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hagane.session.model_name import dataset_of
from hagane.session.parameters import Parameters
from hagane.session.rest.api_error import ApiError
from hagane.session.rest.cancellable_progress import CancellableProgress
from hagane.session.rest.destination import fill_table
from hagane.session.rest.field_type import FieldType
from hagane.session.rest.job import Job
from hagane.session.rest.jobs import Jobs, anonymous_table, new_job_id
from hagane.session.rest.query_parameters import query_parameters
from hagane.session.rest.references import quoted, table_name
from hagane.session.rest.result_rows import ResultRows
from hagane.session.rest.session_tables import aborted_session, with_session_tables
from hagane.session.rest.workspace_sessions import WorkspaceSessions, session_dataset
from hagane.session.result import Result
from hagane.session.session import Session
from hagane.sql.parse_script import parse_script
from hagane.sql.statement import QueryStatement

_CHANGED = {"INSERT": "insertedRowCount", "UPDATE": "updatedRowCount", "DELETE": "deletedRowCount"}


@dataclass(frozen=True, slots=True)
class QueryJob:
    """A job of the kind `query`, and where it runs."""

    job: Job
    jobs: Jobs
    sessions: WorkspaceSessions

    @property
    def query(self) -> dict[str, Any]:
        """What the client asked for; where its answer is, is told here, too."""
        found: dict[str, Any] = self.job.configuration["query"]
        return found

    def run(self) -> None:
        """Run it to its end; rows are kept with the job. Raises ApiError and HaganeError."""
        text = str(self.query.get("query") or "")
        if self.query.get("useLegacySql", False):
            raise ApiError("invalidQuery", "legacy SQL does not run here: set useLegacySql to false", location="query")
        parameters = query_parameters(self.query.get("queryParameters") or ())
        aborted = aborted_session(text, "")
        if aborted is not None:
            self.sessions.end(aborted)
            self.job.statistics["statementType"] = "CALL"
            return
        if self.jobs.anonymous in f"{text} {self.query.get('destinationTable')}":
            self.sessions.make_dataset(self.jobs.anonymous)
        with self.sessions.of(self.query) as (session, shared):
            self.job.on_cancel = session.interrupt
            session.state.progress = CancellableProgress(self.job.cancelled)
            self._run_in(session, self._in_shared_session(shared, text) if shared else text, parameters)

    def _run_in(self, session: Session, text: str, parameters: Parameters) -> None:
        statements = parse_script(text)
        query = statements[0] if len(statements) == 1 and isinstance(statements[0], QueryStatement) else None
        if self.job.configuration.get("dryRun"):
            if query is not None:
                self._find_columns(session, text, parameters)
        elif query is not None and self._has_destination:
            self._run_into_table(session, query, parameters)
        else:
            self._run_script(session, text, parameters, count=len(statements))

    def _in_shared_session(self, shared: str, text: str) -> str:
        """The text with the session's own tables in its dataset."""
        self.job.details["sessionInfo"] = {"sessionId": shared}
        dataset = session_dataset(shared)
        text, created = with_session_tables(text, dataset)
        if created:
            self.sessions.make_dataset(dataset)
            self._tell_destination(self.job, dataset, created)
        return text

    def _run_script(self, session: Session, text: str, parameters: Parameters, *, count: int) -> None:
        """Statement by statement."""
        last: Result | None = None
        for result in session.script(text, parameters):
            if self.job.cancelled.is_set():
                raise KeyboardInterrupt
            last = result
            if count > 1:
                self._add_child(result)
        if last is None:
            raise ApiError("invalidQuery", "the query is empty", location="query")
        self._tell(self.job, last)
        if count > 1:
            self.job.statistics["statementType"] = "SCRIPT"
            self.job.details["numChildJobs"] = str(count)
        if last.is_table:
            self._keep_rows(self.job, last)

    def _run_into_table(self, session: Session, statement: QueryStatement, parameters: Parameters) -> None:
        """One query, whose rows are the table's then."""
        name = table_name(self.query["destinationTable"])
        text = statement.sql[statement.start : statement.end]
        fill_table(session, name, text, self.query, disposition="WRITE_EMPTY", parameters=parameters)
        result = session.sql(f"SELECT * FROM {quoted(name.dataset, name.table)}")
        self._tell(self.job, result)
        self._keep_rows(self.job, result)

    def _find_columns(self, session: Session, text: str, parameters: Parameters) -> None:
        """A dry run: nothing is done but that."""
        result = session.sql(text, parameters)
        result.close()
        self._tell(self.job, result)
        fields = [FieldType.parse(column.type).resource(column.name) for column in result.schema]
        self.job.statistics["schema"] = {"fields": fields}

    def _add_child(self, result: Result) -> None:
        """A job for one statement of a script, which has ended."""
        query = {"query": result.sql, "useLegacySql": False}
        child = Job(self.job.project, new_job_id(), "query", {"query": query})
        child.parent = self.job.job_id
        child.begin()
        self._tell(child, result)
        if result.is_table and result.num_rows is not None:
            self._keep_rows(child, result)
        child.end()
        self.jobs.add(child)

    def _keep_rows(self, job: Job, result: Result) -> None:
        job.rows = ResultRows.of(result, self.jobs.new_path())
        job.statistics["schema"] = job.rows.schema()

    @property
    def _has_destination(self) -> bool:
        return bool((self.query.get("destinationTable") or {}).get("tableId"))

    def _tell(self, job: Job, result: Result) -> None:
        """What is known of a statement, as statistics, and where its answer is."""
        job.statistics |= {"statementType": result.kind, "totalBytesProcessed": "0", "totalBytesBilled": "0"}
        job.statistics["cacheHit"] = False
        if result.num_changed_rows is not None:
            changed = str(result.num_changed_rows)
            job.statistics["numDmlAffectedRows"] = changed
            if result.kind in _CHANGED:
                job.statistics["dmlStats"] = {_CHANGED[result.kind]: changed}
        if result.notices:
            job.details["notices"] = list(result.notices)
        if result.model is not None:
            datasets = self.sessions.workspace.tables.datasets()
            self._tell_destination(job, *dataset_of(result.model.name, datasets))
        elif result.is_table and "destinationTable" not in job.configuration["query"]:
            self._tell_destination(job, self.jobs.anonymous, anonymous_table(job.job_id))

    def _tell_destination(self, job: Job, dataset: str, table: str) -> None:
        destination = {"projectId": job.project, "datasetId": dataset, "tableId": table}
        job.configuration["query"]["destinationTable"] = destination
