"""`Tables`: the tables and views of a workspace, plain files that several processes read and change at once.

`tables/<dataset>/dataset.json` makes a dataset; `main` is always there. `<table>/table.json` names the Parquet files
that are the table, `<view>.sql` holds a view's query. A change writes new Parquet files beside the old ones, then
replaces the manifest in one step: who is killed at any moment leaves the old table or the new one. A reader holds the
table's lock together with other readers; files of the past are removed by whoever finds that nobody reads them.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from hagane.errors import DataError, Fault, NotFoundError, StorageError, nearest
from hagane.workspace.described import Described
from hagane.workspace.stored_table import FORMAT_VERSION, StoredTable, StoredView, TableManifest, ViewAbout
from hagane.workspace.table_change import MANIFEST_FILE, TableChange, write_manifest
from hagane.workspace.table_lock import table_lock
from hagane.workspace.table_name import DEFAULT_DATASET, TableName, file_name, name_of_file
from hagane.write_aside import write_aside

DATASET_FILE = "dataset.json"
VIEW_SUFFIX = ".sql"


class Tables:
    """The tables under `folder`, which the first thing written makes (after `prepare`).

    >>> import tempfile
    >>> tables = Tables(Path(tempfile.mkdtemp()))
    >>> tables.datasets(), tables.names("main")
    (('main',), ())
    """

    def __init__(self, folder: Path, prepare: Callable[[], None] = lambda: None) -> None:
        self.folder = folder
        self._prepare = prepare

    def datasets(self) -> tuple[str, ...]:
        """Their names, sorted."""
        found = {name_of_file(path.parent.name) for path in self.folder.glob(f"*/{DATASET_FILE}")}
        return tuple(sorted({DEFAULT_DATASET, *found}))

    def dataset(self, name: str) -> Described:
        """What is said of it. Raises NotFoundError with the nearest name."""
        path = self._dataset_folder(name) / DATASET_FILE
        try:
            return msgspec.json.decode(path.read_bytes(), type=Described)
        except FileNotFoundError:
            if name == DEFAULT_DATASET:
                return Described()
            near = nearest(name, self.datasets())
            step = f"CREATE SCHEMA {name}" if name.isidentifier() else f"CREATE SCHEMA `{name}`"
            raise NotFoundError(Fault(what=f"Not found: Dataset {name}", nearest=near, next_step=step)) from None
        except msgspec.DecodeError as error:
            raise DataError(_damaged(path, error)) from None

    def put_dataset(self, name: str, about: Described) -> None:
        """Make the dataset, or replace what is said of it. Raises StorageError."""
        self._made(self._dataset_folder(name))
        write_aside(self._dataset_folder(name) / DATASET_FILE, msgspec.json.format(msgspec.json.encode(about)))

    def drop_dataset(self, name: str, *, cascade: bool = False) -> None:
        """Remove an empty dataset; with `cascade`, its tables and views first, one by one.

        Raises NotFoundError, and StorageError for one that holds anything.
        """
        self.dataset(name)
        names = self.names(name)
        if names and not cascade:
            what = f"Dataset {name} is still in use: it holds {len(names)} tables or views"
            raise StorageError(Fault(what=what, next_step=f"DROP SCHEMA {name} CASCADE"))
        for table in names:
            self.drop(table)
        (self._dataset_folder(name) / DATASET_FILE).unlink(missing_ok=True)

    def names(self, dataset: str) -> tuple[TableName, ...]:
        """The tables and views of a dataset, sorted. Raises NotFoundError."""
        self.dataset(dataset)
        folder = self._dataset_folder(dataset)
        tables = [path.parent.name for path in folder.glob(f"*/{MANIFEST_FILE}")]
        views = [path.name.removesuffix(VIEW_SUFFIX) for path in folder.glob(f"[!.]*{VIEW_SUFFIX}")]
        names = {TableName(dataset, name_of_file(name)) for name in (*tables, *views)}
        return tuple(sorted(name for name in names if self.find(name) is not None))

    def find(self, name: TableName) -> StoredTable | StoredView | None:
        """The table or view of this name; None where there is none, or where it has expired."""
        found = self._read_view(name) or self._read_table(name)
        if found is None:
            return None
        about = found.view.about if isinstance(found, StoredView) else found.manifest.about
        is_expired = about.expires and datetime.fromisoformat(about.expires) <= datetime.now(UTC)
        return None if is_expired else found

    def get(self, name: TableName) -> StoredTable | StoredView:
        """The table or view of this name. Raises NotFoundError with the nearest name."""
        found = self.find(name)
        if found is not None:
            return found
        self.dataset(name.dataset)
        others = [each.table for each in self.names(name.dataset)]
        near = next((each for each in others if each.lower() == name.table.lower()), nearest(name.table, others))
        raise NotFoundError(Fault(what=f"Not found: Table {name}", nearest=near))

    @contextmanager
    def reading(self, name: TableName) -> Iterator[StoredTable | StoredView]:
        """The table as it is now; its files stay until the end of the `with`. Raises NotFoundError."""
        if not self._folder(name).is_dir():
            yield self.get(name)
            return
        with table_lock(self._lock(name, "readers"), shared=True):
            yield self.get(name)
        self._collect_if_old(name)

    @contextmanager
    def changing(self, name: TableName) -> Iterator[TableChange]:
        """The only one who changes this name until the end of the `with`; waits for others.

        What was not committed is removed. Raises NotFoundError for a dataset that is not there, and StorageError.
        """
        self.dataset(name.dataset)
        folder = self._folder(name)
        self._made(folder.parent)
        with table_lock(self._lock(name, "writer")):
            change = TableChange(name, folder, self.find(name), self._view_file(name))
            try:
                yield change
            finally:
                if not change.is_committed:
                    for path in change.new_files:
                        path.unlink(missing_ok=True)
                self._collect(name)

    def put_view(self, name: TableName, query: str, view: ViewAbout) -> StoredView:
        """Let the name be a view of `query`: a new one, or in the place of what it was. Raises NotFoundError."""
        with self.changing(name) as change:
            head = f"-- {msgspec.json.encode(view).decode()}\n"
            write_aside(change.view_file, (head + query.strip() + "\n").encode())
            (change.folder / MANIFEST_FILE).unlink(missing_ok=True)
            change.is_committed = True
        return StoredView(name=name, query=query, view=view)

    def describe(self, name: TableName, about: Described) -> None:
        """Replace what is said of a table or view. Raises NotFoundError."""
        with self.changing(name) as change:
            if isinstance(change.old, StoredTable):
                write_manifest(change.folder, msgspec.structs.replace(change.old.manifest, about=about))
                return
        found = self.get(name)
        assert isinstance(found, StoredView)
        self.put_view(name, found.query, msgspec.structs.replace(found.view, about=about))

    def drop(self, name: TableName) -> None:
        """Remove a table or a view. Raises NotFoundError."""
        with self.changing(name) as change:
            if change.old is None:
                self.get(name)
            (change.folder / MANIFEST_FILE).unlink(missing_ok=True)
            change.view_file.unlink(missing_ok=True)

    def rename(self, old: TableName, new: TableName) -> None:
        """Give a table another name. Raises NotFoundError, and StorageError where the new name is taken.

        Its files are linked under the new name before the old one goes: who is killed between leaves both.
        """
        with self.reading(old) as found, self.changing(new) as change:
            if change.old is not None:
                raise StorageError(Fault(what=f"Already Exists: Table {new}", next_step=f"DROP TABLE {new}"))
            if isinstance(found, StoredView):
                raise StorageError(Fault(what=f"{old} is a view", next_step="create it anew under the other name"))
            change.folder.mkdir(exist_ok=True)
            for path in found.files:
                _link(path, change.folder / path.name)
            write_manifest(change.folder, found.manifest)
            change.is_committed = True
        self.drop(old)

    def _read_table(self, name: TableName) -> StoredTable | None:
        folder = self._folder(name)
        path = folder / MANIFEST_FILE
        try:
            manifest = msgspec.json.decode(path.read_bytes(), type=TableManifest)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError as error:
            raise DataError(_damaged(path, error)) from None
        _check_format(path, manifest.format)
        return StoredTable(name=name, folder=folder, manifest=manifest)

    def _read_view(self, name: TableName) -> StoredView | None:
        path = self._view_file(name)
        try:
            head, _, query = path.read_text().partition("\n")
            view = msgspec.json.decode(head.removeprefix("-- "), type=ViewAbout)
        except FileNotFoundError:
            return None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise DataError(_damaged(path, error)) from None
        _check_format(path, view.format)
        return StoredView(name=name, query=query, view=view)

    def _collect_if_old(self, name: TableName) -> None:
        """After a read: what a change left for this reader's sake goes, if nobody else needs it."""
        found = self._read_table(name)
        folder = self._folder(name)
        known = {file.name for file in found.manifest.files} if found else set()
        if not folder.is_dir() or not any(path.suffix == ".parquet" and path.name not in known
                                          for path in folder.iterdir()):  # fmt: skip
            return
        with table_lock(self._lock(name, "writer"), wait=False) as alone:
            if alone:
                self._collect(name)

    def _collect(self, name: TableName) -> None:
        """Remove the files of the past, unless somebody reads them. The writer's lock is held."""
        folder, lock = self._folder(name), self._lock(name, "readers")
        with table_lock(lock, wait=False) as alone:
            if not alone:
                return
            found = self._read_table(name)
            known = {MANIFEST_FILE, *(file.name for file in found.manifest.files)} if found else set()
            for path in folder.iterdir() if folder.is_dir() else ():
                if path.name not in known:
                    path.unlink(missing_ok=True)
            if found is None:
                shutil.rmtree(folder, ignore_errors=True)
                lock.unlink(missing_ok=True)
                if not self._view_file(name).exists():
                    self._lock(name, "writer").unlink(missing_ok=True)

    def _made(self, folder: Path) -> None:
        self._prepare()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            what = f"the folder {folder} cannot be made: {error.strerror}"
            raise StorageError(Fault(what=what, next_step="choose another folder: --workspace FOLDER")) from None

    def _dataset_folder(self, dataset: str) -> Path:
        return self.folder / file_name(dataset)

    def _folder(self, name: TableName) -> Path:
        return self._dataset_folder(name.dataset) / file_name(name.table)

    def _view_file(self, name: TableName) -> Path:
        return self._folder(name).with_name(file_name(name.table) + VIEW_SUFFIX)

    def _lock(self, name: TableName, kind: str) -> Path:
        return self._folder(name).with_name(f".{file_name(name.table)}.{kind}")


def _link(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copy2(source, target)


def _damaged(path: Path, error: Exception) -> Fault:
    return Fault(what=f"{path} is damaged: {error}", next_step="put the file back, or drop the table and make it anew")


def _check_format(path: Path, found: int) -> None:
    if found > FORMAT_VERSION:
        what = f"{path} was written by a later release of Hagane"
        raise DataError(Fault(what=what, expected=f"format {FORMAT_VERSION}", received=f"format {found}"))
