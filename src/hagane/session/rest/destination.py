"""`fill_table`: the rows of a query into a table, as the dispositions of a job say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hagane.session.parameters import Parameters
from hagane.session.rest.api_error import ApiError
from hagane.session.rest.references import quoted
from hagane.session.result import Result
from hagane.session.session import Session
from hagane.workspace.stored_table import StoredTable
from hagane.workspace.table_name import TableName


def fill_table(
    session: Session,
    name: TableName,
    query: str,
    configuration: Mapping[str, Any],
    *,
    disposition: str,
    columns: tuple[str, ...] = (),
    parameters: Parameters = None,
) -> Result:
    """Run `query` into the table: CREATE TABLE AS where there is none or it is to be replaced, else INSERT.

    `disposition` is what holds where the job says none: queries want an empty table, loads append. `columns` are the
    query's where they are known; they are appended by name. Raises ApiError and HaganeError: the table is as it
    was then.
    """
    wanted = str(configuration.get("writeDisposition") or disposition).upper()
    found = session.state.workspace.tables.find(name)
    table = quoted(name.dataset, name.table)
    if found is None and str(configuration.get("createDisposition") or "").upper() == "CREATE_NEVER":
        raise ApiError("notFound", f"Not found: Table {name}")
    if found is not None and not isinstance(found, StoredTable):
        raise ApiError("invalid", f"{name} is a view: no rows can be written into it")
    has_rows = isinstance(found, StoredTable) and found.num_rows > 0
    if wanted == "WRITE_EMPTY" and has_rows:
        raise ApiError("duplicate", f"Already Exists: Table {name}")
    if wanted not in ("WRITE_EMPTY", "WRITE_APPEND", "WRITE_TRUNCATE", "WRITE_TRUNCATE_DATA"):
        raise ApiError("invalid", f"there is no writeDisposition {wanted}")
    if found is None or wanted == "WRITE_TRUNCATE":
        return session.sql(f"CREATE OR REPLACE TABLE {table} AS {query}", parameters)
    if not columns:
        empty = session.sql(f"SELECT * FROM ({query}\n) LIMIT 0", parameters)
        empty.close()
        columns = tuple(column.name for column in empty.schema)
    if wanted == "WRITE_TRUNCATE_DATA":
        session.sql(f"TRUNCATE TABLE {table}")
    return session.sql(f"INSERT INTO {table} ({', '.join(map(quoted, columns))}) {query}", parameters)
