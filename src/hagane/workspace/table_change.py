"""`TableChange`: new content of a table, written beside the old one, which it replaces in one step or not at all."""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from hagane.sync_to_disk import sync_to_disk
from hagane.workspace.described import Described
from hagane.workspace.stored_table import (
    StoredTable,
    StoredView,
    TableColumn,
    TableFile,
    TableManifest,
)
from hagane.workspace.table_name import TableName
from hagane.write_aside import write_aside

MANIFEST_FILE = "table.json"


@dataclass(slots=True)
class TableChange:
    """A table whose writer's lock is held: `new_file()`, write it, `commit()`."""

    name: TableName
    folder: Path
    old: StoredTable | StoredView | None
    """What the name is now."""
    view_file: Path
    new_files: list[Path] = field(default_factory=list)
    is_committed: bool = False

    def new_file(self) -> Path:
        """A path to write Parquet at; nothing is there yet. It is no part of the table before `commit`."""
        self.folder.mkdir(exist_ok=True)
        path = self.folder / f"{uuid.uuid4().hex}.parquet"
        self.new_files.append(path)
        return path

    def commit(
        self,
        columns: Sequence[TableColumn],
        files: Sequence[tuple[Path, int]],
        *,
        about: Described | None = None,
        keep_old: bool = False,
    ) -> StoredTable:
        """Let `files` (with their rows) be the table, behind its old ones if `keep_old`; without `about` it stays."""
        before = self.old.manifest if isinstance(self.old, StoredTable) else None
        found = [_about_file(path, num_rows) for path, num_rows in files]
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        manifest = TableManifest(
            columns=tuple(columns),
            files=(*(before.files if before and keep_old else ()), *found),
            created=before.created if before else now,
            modified=now,
            about=about if about is not None else before.about if before else Described(),
        )
        self.folder.mkdir(exist_ok=True)
        write_manifest(self.folder, manifest)
        self.is_committed = True
        self.view_file.unlink(missing_ok=True)
        return StoredTable(name=self.name, folder=self.folder, manifest=manifest)


def write_manifest(folder: Path, manifest: TableManifest) -> None:
    """Make the table in `folder` what `manifest` says, in one step."""

    def write(path: Path) -> None:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
        sync_to_disk(path)

    write_aside(folder / MANIFEST_FILE, write)


def _about_file(path: Path, num_rows: int) -> TableFile:
    sync_to_disk(path)
    return TableFile(name=path.name, num_rows=num_rows, num_bytes=os.stat(path).st_size)
