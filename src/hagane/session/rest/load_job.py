"""`run_load_job`: files into a table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from hagane.data.engine import quote_name, quote_text
from hagane.data.sql_faults import sql_faults
from hagane.errors import DataError, Fault
from hagane.session.rest.api_error import ApiError
from hagane.session.rest.destination import fill_table
from hagane.session.rest.field_type import FieldType
from hagane.session.rest.job import Job
from hagane.session.rest.references import quoted, table_name
from hagane.session.rest.workspace_sessions import WorkspaceSessions
from hagane.session.session import Session
from hagane.workspace.stored_table import StoredTable

_DUCKDB = {
    "INT64": "BIGINT",
    "FLOAT64": "DOUBLE",
    "NUMERIC": "DECIMAL(38, 9)",
    "BIGNUMERIC": "DECIMAL(38, 18)",
    "BOOL": "BOOLEAN",
    "STRING": "VARCHAR",
    "BYTES": "BLOB",
    "DATETIME": "TIMESTAMP",
    "TIMESTAMP": "TIMESTAMP WITH TIME ZONE",
    "GEOGRAPHY": "VARCHAR",
}
Columns = dict[str, FieldType]


def run_load_job(job: Job, sessions: WorkspaceSessions, uploaded: Path | None, scratch: Path) -> None:
    """Load what was uploaded, or the files that the job names. `scratch` is a path that nothing has.

    Raises ApiError and HaganeError; the table is as it was then.
    """
    load = job.configuration["load"]
    name = table_name(load.get("destinationTable") or {})
    paths = [str(uploaded)] if uploaded is not None else [_path(str(uri)) for uri in load.get("sourceUris") or ()]
    if not paths:
        raise ApiError("invalid", "the job names no file: upload one, or give sourceUris")
    num_bytes = sum(Path(path).stat().st_size for path in paths if Path(path).is_file())
    try:
        with sessions.new(name.dataset) as session:
            job.on_cancel = session.interrupt
            written, notices = _load(session, load, paths, scratch)
    finally:
        scratch.unlink(missing_ok=True)
        if uploaded is not None:
            uploaded.unlink(missing_ok=True)
    job.statistics |= {"inputFiles": str(len(paths)), "inputFileBytes": str(num_bytes), "badRecords": "0"}
    job.statistics |= {"outputRows": str(written), "outputBytes": str(num_bytes)}
    if notices:
        job.details["notices"] = list(notices)


def _load(session: Session, load: Mapping[str, Any], paths: list[str], scratch: Path) -> tuple[int, tuple[str, ...]]:
    """How many rows were loaded, and what is to be told of it."""
    name = table_name(load["destinationTable"])
    fields = (load.get("schema") or {}).get("fields", ())
    columns = {str(field["name"]): FieldType.of_resource(field) for field in fields}
    if not columns and not load.get("autodetect"):
        columns = _columns_of_table(session, name)
    _write_parquet(session, load, paths, columns, scratch)
    names = tuple(pq.read_schema(scratch).names)
    selected = ", ".join(_selected(column, columns.get(column)) for column in names)
    query = f"SELECT {selected} FROM `{scratch}`"
    result = fill_table(session, name, query, load, disposition="WRITE_APPEND", columns=names)
    return int(pq.read_metadata(scratch).num_rows), result.notices


def _path(uri: str) -> str:
    return uri.removeprefix("file://")


def _columns_of_table(session: Session, name: Any) -> Columns:
    """What a table that is there expects of a file that says nothing of its types."""
    found = session.state.workspace.tables.find(name)
    if not isinstance(found, StoredTable):
        return {}
    result = session.sql(f"SELECT * FROM {quoted(name.dataset, name.table)}")
    result.close()
    return {column.name: FieldType.parse(column.type) for column in result.schema}


def _selected(name: str, kind: FieldType | None) -> str:
    """What Parquet keeps as text is made what it was to be."""
    if kind is not None and kind.name in ("JSON", "GEOGRAPHY") and not kind.is_array:
        made = "PARSE_JSON" if kind.name == "JSON" else "ST_GEOGFROMTEXT"
        return f"{made}({quoted(name)}) AS {quoted(name)}"
    return quoted(name)


def _write_parquet(session: Session, load: Mapping[str, Any], paths: list[str], columns: Columns, target: Path) -> None:
    """The files' rows, typed, as one Parquet file. Raises ApiError and DataError that tells of the row."""
    kind = str(load.get("sourceFormat") or "CSV").upper()
    if kind == "CSV":
        source = _csv(load, paths, columns)
    elif kind == "NEWLINE_DELIMITED_JSON":
        source = _json(load, paths, columns)
    elif kind == "PARQUET":
        source = f"read_parquet({_list(paths)}, union_by_name = true)"
    else:
        raise ApiError("notImplemented", f"files of {kind} are not read here: PARQUET, CSV, NEWLINE_DELIMITED_JSON")
    listed = "*" if kind == "CSV" or not columns else ", ".join(
        f"CAST({quote_name(name)} AS {duckdb_type(kind)}) AS {quote_name(name)}" for name, kind in columns.items()
    )  # fmt: skip
    connection = session.state.engine.connect()
    sql = f"SELECT {listed} FROM {source}"
    try:
        with sql_faults(sql):
            connection.execute(f"COPY ({sql}) TO {quote_text(str(target))} (FORMAT parquet)")
    finally:
        connection.close()
    _check_required(load, target)


def _csv(load: Mapping[str, Any], paths: list[str], columns: Columns) -> str:
    options = {"ignore_errors": "false", "header": "false", "skip": str(int(load.get("skipLeadingRows") or 0))}
    delimiter = load.get("fieldDelimiter") or ","
    options["delim"] = quote_text({"tab": "\t", "\\t": "\t"}.get(delimiter, delimiter))
    if "quote" in load:
        options["quote"] = quote_text(str(load["quote"]))
    if load.get("nullMarker"):
        options["nullstr"] = quote_text(str(load["nullMarker"]))
    if load.get("allowJaggedRows"):
        options["null_padding"] = "true"
    if str(load.get("encoding") or "UTF-8").upper() in ("ISO-8859-1", "LATIN1"):
        options["encoding"] = "'latin-1'"
    if columns:
        if any(kind.is_array or kind.fields for kind in columns.values()):
            raise ApiError("invalid", "CSV holds no arrays and records: load JSON or Parquet")
        typed = ", ".join(f"{quote_text(name)}: {quote_text(duckdb_type(kind))}" for name, kind in columns.items())
        options |= {"columns": f"{{{typed}}}", "auto_detect": "false"}
        options.setdefault("quote", "'\"'")
        options["escape"] = options["quote"]
    else:
        skipped = int(load.get("skipLeadingRows") or 0)
        options |= {"header": "true" if skipped else "NULL", "skip": str(max(0, skipped - 1))}
        if options["header"] == "NULL":
            del options["header"]  # found out
    return f"read_csv({_list(paths)}, {', '.join(f'{name} = {value}' for name, value in options.items())})"


def _json(load: Mapping[str, Any], paths: list[str], columns: Columns) -> str:
    typed = ", ".join(f"{quote_text(name)}: {quote_text(duckdb_type(kind))}" for name, kind in columns.items())
    given = f", columns = {{{typed}}}" if columns else ""
    return f"read_json({_list(paths)}, format = 'newline_delimited'{given})"


def duckdb_type(kind: FieldType) -> str:
    """The type that holds its values in DuckDB.

    >>> duckdb_type(FieldType.parse("ARRAY<STRUCT<a INT64>>"))
    'STRUCT("a" BIGINT)[]'
    """
    if kind.is_array:
        return f"{duckdb_type(kind.element)}[]"
    if kind.fields:
        return f"STRUCT({', '.join(f'{quote_name(name)} {duckdb_type(inner)}' for name, inner in kind.fields)})"
    if kind.name in ("NUMERIC", "BIGNUMERIC") and kind.precision:
        return f"DECIMAL{kind.precision}"
    return _DUCKDB.get(kind.name, kind.name)


def _check_required(load: Mapping[str, Any], path: Path) -> None:
    """A NULL in a REQUIRED column is refused."""
    fields = (load.get("schema") or {}).get("fields", ())
    required = [str(field["name"]) for field in fields if str(field.get("mode", "")).upper() == "REQUIRED"]
    table = pq.read_table(path, columns=required) if required else None
    if table is None:
        return
    faults = [
        Fault(what=f"the column {name} is REQUIRED, and {table[name].null_count} rows hold NULL")
        for name in required
        if table[name].null_count
    ]
    if faults:
        raise DataError(*faults)


def _list(paths: list[str]) -> str:
    return f"[{', '.join(map(quote_text, paths))}]"
