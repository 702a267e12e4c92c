"""jobs: insert, query, get, getQueryResults, list, cancel, delete; uploads for load jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hagane.session.rest.api_call import ApiCall
from hagane.session.rest.api_error import ApiError
from hagane.session.rest.api_state import ApiState
from hagane.session.rest.copy_job import run_copy_job
from hagane.session.rest.encode_rows import encode_rows
from hagane.session.rest.job import Job
from hagane.session.rest.jobs import job_configuration, new_job_id
from hagane.session.rest.load_job import run_load_job
from hagane.session.rest.pages import page_of, page_start
from hagane.session.rest.query_job import QueryJob
from hagane.session.rest.uploads import Upload, job_of

WAIT_MILLISECONDS = 10_000
"""How long an answer waits for its job where the client does not say."""
MOST_WAIT_MILLISECONDS = 30_000
"""However long the client would wait: it asks again."""
_IN_REQUEST = ("query", "defaultDataset", "useLegacySql", "queryParameters", "parameterMode", "connectionProperties",
               "createSession", "destinationTable", "writeDisposition", "createDisposition", "maximumBytesBilled",
               "useQueryCache", "priority")  # fmt: skip


def insert_job(call: ApiCall, state: ApiState) -> dict[str, Any]:
    """Begin a job. Raises ApiError."""
    return start_job(call, state, call.json(), None).resource()


def start_job(call: ApiCall, state: ApiState, body: dict[str, Any], uploaded: Path | None) -> Job:
    """Begin the job that the body describes. Raises ApiError."""
    kind, configuration = job_configuration(body)
    job_id = str((body.get("jobReference") or {}).get("jobId") or new_job_id())
    job = Job(call.path["project"], job_id, kind, configuration)
    if configuration.get("dryRun"):
        job.run(lambda each: QueryJob(each, state.jobs, state.sessions).run())
        if job.error is not None:
            raise job.error
        return job
    if kind == "query":
        state.jobs.start(job, lambda each: QueryJob(each, state.jobs, state.sessions).run())
    elif kind == "load":
        scratch = state.jobs.new_path().with_suffix(".parquet")
        state.jobs.start(job, lambda each: run_load_job(each, state.sessions, uploaded, scratch))
    else:
        state.jobs.start(job, lambda each: run_copy_job(each, state.sessions))
    return job


def query(call: ApiCall, state: ApiState) -> dict[str, Any]:
    """Begin a query and wait a while for its rows. Raises ApiError, the query's own too."""
    body = call.json()
    if body.get("queryResultsFormat", "STRUCT_ENCODING") not in ("STRUCT_ENCODING", "QUERY_RESULTS_FORMAT_UNSPECIFIED"):
        raise ApiError("notImplemented", "rows are answered as JSON: leave query_results_format out")
    configuration: dict[str, Any] = {"query": {key: body[key] for key in _IN_REQUEST if key in body}}
    for key in ("dryRun", "labels", "jobTimeoutMs"):
        if key in body:
            configuration[key] = body[key]
    job = start_job(call, state, {"configuration": configuration}, None)
    job.done.wait(_wait_seconds(body.get("timeoutMs")))
    int64 = bool((body.get("formatOptions") or {}).get("useInt64Timestamp"))
    return {"kind": "bigquery#queryResponse"} | _results(job, 0, body.get("maxResults"), int64_timestamps=int64)


def get_query_results(call: ApiCall, state: ApiState) -> dict[str, Any]:
    """Wait a while for a query's end, and give some of its rows. Raises ApiError, the query's own too."""
    job = state.jobs.get(call.path["job"])
    job.done.wait(_wait_seconds(call.query.get("timeoutMs")))
    int64 = call.flag("formatOptions.useInt64Timestamp")
    return _results(job, page_start(call), call.number("maxResults"), int64_timestamps=int64)


def _results(job: Job, start: int, asked: Any, *, int64_timestamps: bool) -> dict[str, Any]:
    if not job.done.is_set():
        return {"kind": "bigquery#getQueryResultsResponse", "jobComplete": False, "jobReference": job.reference()}
    if job.error is not None:
        raise job.error
    found: dict[str, Any] = {
        "kind": "bigquery#getQueryResultsResponse",
        "jobComplete": True,
        "jobReference": job.reference(),
        "queryId": job.job_id,
        "location": job.reference()["location"],
        "cacheHit": False,
        "totalBytesProcessed": "0",
        "statementType": job.statistics.get("statementType", ""),
        "totalRows": "0",
    }
    if "numDmlAffectedRows" in job.statistics:
        found["numDmlAffectedRows"] = job.statistics["numDmlAffectedRows"]
    if "dmlStats" in job.statistics:
        found["dmlStats"] = job.statistics["dmlStats"]
    if "sessionInfo" in job.details:
        found["sessionInfo"] = job.details["sessionInfo"]
    if job.rows is None:
        return found | ({"schema": job.statistics["schema"]} if "schema" in job.statistics else {})
    shown = job.rows.page(start, None if asked is None else int(asked))
    rows = encode_rows(shown, job.rows.types, int64_timestamps=int64_timestamps)
    end = start + len(rows)
    more = {"pageToken": str(end)} if end < job.rows.num_rows else {}
    return found | {"schema": job.rows.schema(), "totalRows": str(job.rows.num_rows), "rows": rows, **more}


def get_job(call: ApiCall, state: ApiState) -> dict[str, Any]:
    """How a job goes. Raises ApiError 404."""
    return state.jobs.get(call.path["job"]).resource()


def list_jobs(call: ApiCall, state: ApiState) -> dict[str, Any]:
    """Jobs, the last first; those of a script, where `parentJobId` names its job."""
    states = {state.upper() for state in call.query.get("stateFilter", "").split(",") if state}
    jobs = state.jobs.list(parent=call.query.get("parentJobId", ""), states=states)
    shown, more = page_of(jobs, call)
    listed = []
    for job in shown:
        resource = job.resource()
        listed.append(resource | {"state": job.state, **({"errorResult": job.error.proto()} if job.error else {})})
    return {"kind": "bigquery#jobList", "jobs": listed, **more}


def cancel_job(call: ApiCall, state: ApiState) -> dict[str, Any]:
    """End a job as soon as it can be ended. Raises ApiError 404."""
    job = state.jobs.get(call.path["job"])
    if not job.done.is_set():
        job.cancel()
    return {"kind": "bigquery#jobCancelResponse", "job": job.resource()}


def delete_job(call: ApiCall, state: ApiState) -> dict[str, Any]:
    """Forget a job. Raises ApiError 404."""
    state.jobs.forget(call.path["job"])
    return {}


def start_uploaded(call: ApiCall, state: ApiState, upload: Upload) -> dict[str, Any]:
    """Begin the load job whose file has come. Raises ApiError."""
    return start_job(call, state, job_of(upload), upload.path).resource()


def _wait_seconds(given: Any) -> float:
    milliseconds = WAIT_MILLISECONDS if given in (None, "") else int(given)
    return max(0, min(milliseconds, MOST_WAIT_MILLISECONDS)) / 1000
