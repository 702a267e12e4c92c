"""tables and tabledata: list, get, insert, patch, delete; rows read and appended."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from hagane.data.duckdb_type import DuckDbType
from hagane.errors import HaganeError
from hagane.session.rest.api_call import ApiCall
from hagane.session.rest.api_error import ApiError
from hagane.session.rest.api_state import ApiState
from hagane.session.rest.encode_rows import encode_rows
from hagane.session.rest.field_type import FieldType
from hagane.session.rest.job import LOCATION, Job
from hagane.session.rest.jobs import new_job_id
from hagane.session.rest.load_job import run_load_job
from hagane.session.rest.pages import page_of, page_start
from hagane.session.rest.references import quoted, table_name, table_reference
from hagane.session.rest.result_rows import ResultRows
from hagane.workspace.stored_table import StoredTable, StoredView
from hagane.workspace.table_name import TableName

PAGE_CELLS = 1_000_000
"""Values that are read at once where the client does not say how many rows it wants."""


def list_tables(call: ApiCall, state: ApiState) -> dict[str, Any]:
    """Tables and views of a dataset. Raises NotFoundError."""
    names, more = page_of(state.workspace.tables.names(call.path["dataset"]), call)
    tables = []
    for name in names:
        found = state.workspace.tables.find(name)
        if found is not None:
            tables.append(_outline(call.path["project"], found))
    return {"kind": "bigquery#tableList", "tables": tables, "totalItems": len(tables), **more}


def get_table(call: ApiCall, state: ApiState) -> dict[str, Any]:
    """One, with its columns. Raises NotFoundError."""
    name = _named(call)
    rows = anonymous_rows(call, state)
    if rows is not None:
        reference = table_reference(call.path["project"], name)
        return {"kind": "bigquery#table", "id": _id(call.path["project"], name), "tableReference": reference,
                "type": "TABLE", "schema": rows.schema(), "numRows": str(rows.num_rows),
                "numBytes": str(rows.num_bytes), "location": LOCATION}  # fmt: skip
    return _resource(call.path["project"], name, state)


def insert_table(call: ApiCall, state: ApiState) -> dict[str, Any]:
    """A new table of these columns, or a view. Raises ApiError 409 where the name is taken."""
    body = call.json()
    reference = {"datasetId": call.path["dataset"], "tableId": (body.get("tableReference") or {}).get("tableId")}
    name = table_name(reference)
    table = quoted(*name)
    fields = (body.get("schema") or {}).get("fields") or ()
    if body.get("view"):
        sql = f"CREATE VIEW {table} AS {body['view'].get('query', '')}"
    elif fields:
        sql = f"CREATE TABLE {table} ({', '.join(map(_column_sql, fields))})"
    else:
        raise ApiError("notImplemented", "a table without columns cannot be here: give its schema")
    _run(sql, name, state)
    _describe(name, body, state)
    return _resource(call.path["project"], name, state)


def patch_table(call: ApiCall, state: ApiState) -> dict[str, Any]:
    """What is said of it, and columns that are added behind the others. Raises NotFoundError and ApiError."""
    name, body = _named(call), call.json()
    found = state.workspace.tables.get(name)
    fields = (body.get("schema") or {}).get("fields") or ()
    if fields and isinstance(found, StoredTable):
        known = [column.name for column in found.manifest.columns]
        if [str(field["name"]) for field in fields[: len(known)]] != known:
            raise ApiError("invalid", "columns can only be added, behind those that are there")
        added = [f"ADD COLUMN {_column_sql(field)}" for field in fields[len(known) :]]
        if added:
            _run(f"ALTER TABLE {quoted(*name)} {', '.join(added)}", name, state)
    if body.get("view") and isinstance(found, StoredView):
        query = str(body["view"].get("query") or found.query)
        _run(f"CREATE OR REPLACE VIEW {quoted(*name)} AS {query}", name, state)
    _describe(name, body, state)
    return _resource(call.path["project"], name, state)


def delete_table(call: ApiCall, state: ApiState) -> dict[str, Any]:
    """It goes. Raises NotFoundError."""
    state.workspace.tables.drop(_named(call))
    return {}


def list_rows(call: ApiCall, state: ApiState) -> dict[str, Any]:
    """Some rows of a table, in its order. Raises NotFoundError, and ApiError for a view, as BigQuery does."""
    start, asked = page_start(call), call.number("maxResults")
    rows = anonymous_rows(call, state)
    if rows is not None:
        shown, types, total = rows.page(start, asked), rows.types, rows.num_rows
    else:
        found = state.workspace.tables.get(_named(call))
        if not isinstance(found, StoredTable):
            raise ApiError("invalid", f"Cannot list a table of type VIEW: query it, as in SELECT * FROM {found.name}")
        most = max(1, PAGE_CELLS // max(1, len(found.manifest.columns)))
        read = _read(call, state, start, most if asked is None else min(asked, most))
        shown, types, total = read.page(0, asked), read.types, found.num_rows
        read.remove()
    encoded = encode_rows(shown, types, int64_timestamps=call.flag("formatOptions.useInt64Timestamp"))
    end = start + len(encoded)
    more = {"pageToken": str(end)} if end < total and encoded else {}
    return {"kind": "bigquery#tableDataList", "totalRows": str(total), "rows": encoded, **more}


def insert_rows(call: ApiCall, state: ApiState) -> dict[str, Any]:
    """Append rows; all or, where one cannot be, none: then every one of them is told."""
    name = _named(call)
    found = state.workspace.tables.get(name)
    rows = [each.get("json") or {} for each in call.json().get("rows") or ()]
    if not rows:
        raise ApiError("invalid", "there are no rows")
    known = {column.name for column in found.manifest.columns} if isinstance(found, StoredTable) else set()
    strange = [sorted(set(row) - known) for row in rows]
    if any(strange):
        errors = [
            {"index": index, "errors": [{"reason": "invalid", "location": names[0], "message": "no such field"}]}
            for index, names in enumerate(strange)
            if names
        ]
        return {"kind": "bigquery#tableDataInsertAllResponse", "insertErrors": errors}
    scratch = state.jobs.new_path()
    upload = scratch.with_suffix(".json")
    upload.write_bytes(b"\n".join(map(msgspec.json.encode, rows)))
    load = {"destinationTable": table_reference(call.path["project"], name), "sourceFormat": "NEWLINE_DELIMITED_JSON"}
    job = Job(call.path["project"], new_job_id(), "load", {"load": load})
    try:
        run_load_job(job, state.sessions, upload, scratch)
    except HaganeError as error:
        proto = {"reason": "invalid", "message": error.render()}
        errors = [{"index": index, "errors": [proto]} for index in range(len(rows))]
        return {"kind": "bigquery#tableDataInsertAllResponse", "insertErrors": errors}
    return {"kind": "bigquery#tableDataInsertAllResponse"}


def anonymous_rows(call: ApiCall, state: ApiState) -> ResultRows | None:
    """The rows of a job, where the path names the table in which its client was told they are."""
    return state.jobs.answer(call.path["dataset"], call.path["table"])


def _read(call: ApiCall, state: ApiState, start: int, max_rows: int) -> ResultRows:
    name = _named(call)
    chosen = call.query.get("selectedFields", "")
    columns = ", ".join(quoted(column) for column in chosen.split(",")) if chosen else "*"
    with state.sessions.new() as session:
        result = session.sql(f"SELECT {columns} FROM {quoted(*name)} LIMIT {max_rows} OFFSET {start}")
        return ResultRows.of(result, state.jobs.new_path())


def _run(sql: str, name: TableName, state: ApiState) -> None:
    """One statement about a table."""
    with state.sessions.new(name.dataset) as session:
        session.sql(sql)


def _named(call: ApiCall) -> TableName:
    return table_name({"datasetId": call.path["dataset"], "tableId": call.path["table"]})


def _id(project: str, name: TableName) -> str:
    return f"{project}:{name.dataset}.{name.table}"


def _outline(project: str, found: StoredTable | StoredView) -> dict[str, Any]:
    """What a list of tables holds."""
    is_view = isinstance(found, StoredView)
    about = found.view.about if isinstance(found, StoredView) else found.manifest.about
    created = found.view.created if isinstance(found, StoredView) else found.manifest.created
    outline: dict[str, Any] = {
        "kind": "bigquery#table",
        "id": _id(project, found.name),
        "tableReference": table_reference(project, found.name),
        "type": "VIEW" if is_view else "TABLE",
        "creationTime": _milliseconds(created),
    }
    if about.labels:
        outline["labels"] = about.labels
    if isinstance(found, StoredView):
        outline["view"] = {"useLegacySql": False}
    return outline


def _resource(project: str, name: TableName, state: ApiState) -> dict[str, Any]:
    found = state.workspace.tables.get(name)
    about = found.view.about if isinstance(found, StoredView) else found.manifest.about
    resource = _outline(project, found) | {"location": LOCATION, "description": about.description}
    if isinstance(found, StoredView):
        with state.sessions.new(name.dataset) as session:
            result = session.sql(f"SELECT * FROM {quoted(*name)}")
            result.close()
        fields = [FieldType.parse(column.type).resource(column.name) for column in result.schema]
        resource |= {"view": {"query": found.query, "useLegacySql": False}, "numRows": "0", "numBytes": "0"}
        return resource | {"schema": {"fields": fields}, "lastModifiedTime": _milliseconds(found.view.created)}
    fields = [
        FieldType.parse(DuckDbType.parse(column.type).bigquery).resource(
            column.name, is_required=column.required, description=column.description
        )
        for column in found.manifest.columns
    ]
    resource |= {"schema": {"fields": fields}, "lastModifiedTime": _milliseconds(found.manifest.modified)}
    return resource | {"numRows": str(found.num_rows), "numBytes": str(found.num_bytes)}


def _describe(name: TableName, body: dict[str, Any], state: ApiState) -> None:
    """Description, labels and expiration, where the body says any."""
    if not any(key in body for key in ("description", "labels", "expirationTime")):
        return
    found = state.workspace.tables.get(name)
    about = found.view.about if isinstance(found, StoredView) else found.manifest.about
    labels = body.get("labels", about.labels) or {}
    expires = about.expires
    if "expirationTime" in body:
        time = body["expirationTime"]
        expires = "" if not time else dt.datetime.fromtimestamp(int(time) / 1000, dt.UTC).isoformat()
    state.workspace.tables.describe(
        name,
        msgspec.structs.replace(
            about,
            description=str(body.get("description", about.description) or ""),
            labels={str(key): str(value) for key, value in labels.items() if value is not None},
            expires=expires,
        ),
    )


def _column_sql(field: dict[str, Any]) -> str:
    """One column of CREATE TABLE."""
    required = " NOT NULL" if str(field.get("mode", "")).upper() == "REQUIRED" else ""
    return f"{quoted(str(field.get('name') or ''))} {FieldType.of_resource(field).sql}{required}"


def _milliseconds(iso: str) -> str:
    return str(int(dt.datetime.fromisoformat(iso).timestamp() * 1000))
