"""References of the API (`TableReference`, `DatasetReference`, …) and the names that SQL has for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hagane.session.rest.api_error import ApiError
from hagane.workspace.table_name import TableName


def quoted(*parts: str) -> str:
    """A name in backquotes, its parts as given. Raises ApiError for what no name can hold.

    >>> quoted("lake", "trips")
    '`lake`.`trips`'
    """
    for part in parts:
        if not part or "`" in part or "\\" in part or "\n" in part:
            raise ApiError("invalid", f"this is no name: {part!r}")
    return ".".join(f"`{part}`" for part in parts)


def table_name(reference: Mapping[str, Any]) -> TableName:
    """Of a `TableReference`. Raises ApiError."""
    dataset, table = str(reference.get("datasetId") or ""), str(reference.get("tableId") or "")
    quoted(dataset, table)
    return TableName(dataset, table)


def table_reference(project: str, name: TableName) -> dict[str, str]:
    """A `TableReference`."""
    return {"projectId": project, "datasetId": name.dataset, "tableId": name.table}
