"""`StoredTable`, `StoredView`: what a workspace knows of one of its tables and views."""

from __future__ import annotations

from pathlib import Path

import msgspec

from hagane.workspace.described import Described
from hagane.workspace.table_name import TableName

FORMAT_VERSION = 1


class TableColumn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One column."""

    name: str
    type: str
    """DuckDB's: `BIGINT`, `STRUCT(a DOUBLE)[]`."""
    required: bool = False
    """NOT NULL."""
    description: str = ""


class TableFile(msgspec.Struct, frozen=True, kw_only=True):
    """One Parquet file."""

    name: str
    num_rows: int
    num_bytes: int


class TableManifest(msgspec.Struct, frozen=True, kw_only=True):
    """A table's `table.json`: the files that are the table. Others in its folder are of its past, or not yet its."""

    columns: tuple[TableColumn, ...]
    files: tuple[TableFile, ...] = ()
    created: str
    """ISO 8601, UTC."""
    modified: str
    about: Described = Described()
    format: int = FORMAT_VERSION


class StoredTable(msgspec.Struct, frozen=True, kw_only=True):
    """A table as it is while it is read."""

    name: TableName
    folder: Path
    manifest: TableManifest

    @property
    def files(self) -> tuple[Path, ...]:
        """Its Parquet files in the order of its rows; at least one."""
        return tuple(self.folder / file.name for file in self.manifest.files)

    @property
    def num_rows(self) -> int:
        """Rows."""
        return sum(file.num_rows for file in self.manifest.files)

    @property
    def num_bytes(self) -> int:
        """Of its files."""
        return sum(file.num_bytes for file in self.manifest.files)


class ViewAbout(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of a view's file, behind `-- `."""

    created: str
    about: Described = Described()
    columns: tuple[str, ...] = ()
    """Names that CREATE VIEW gives; empty: the query's."""
    format: int = FORMAT_VERSION


class StoredView(msgspec.Struct, frozen=True, kw_only=True):
    """A view: a query in BigQuery's dialect that is run whenever it is named."""

    name: TableName
    query: str
    view: ViewAbout
