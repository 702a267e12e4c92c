"""`Workspace`: the folder that holds trained models and scratch data.

`registry.sqlite` names the models and the endpoints; `models/<name>/<version>/` are their bundles; `tables/` holds
tables and views, `cache/` encoded columns and what fits have asked, `runs/` what interrupted trainings go on from,
`studies/` searches, `jobs/` the logs of launched programs, `logs/` those of requests, `monitoring/` what they come to
in sum, `scratch/` is temporary. A new bundle is written in scratch, then renamed into `models/` in the very transaction
that fills its row: whoever holds the registry's write lock and sees the folder of an empty row knows that its writer
died (or that it was deleted), and removes it. So a crash at any moment leaves nothing that is listed and broken.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from hagane.errors import Fault, NotFoundError, SpecError, StorageError, nearest
from hagane.spec.check import MODEL_NAME, name_fault
from hagane.spec.spec import Spec
from hagane.workspace.described import Described
from hagane.workspace.endpoints import Endpoints, deployments_of
from hagane.workspace.interrupted_runs import InterruptedRun, delete_run, find_run, interrupted_runs
from hagane.workspace.model_version import ModelVersion, parse_reference, spec_digest
from hagane.workspace.registry import Registry, allocate, clear, fill, select, select_empty, spelling
from hagane.workspace.scratch import scratch_folder
from hagane.workspace.tables import Tables

if TYPE_CHECKING:
    from hagane.features.column_cache import ColumnCache
    from hagane.features.fit_answers import FitAnswers

HOME_VARIABLE = "HAGANE_HOME"
DEFAULT_FOLDER = ".hagane"


def default_root() -> Path:
    """`$HAGANE_HOME`, or `.hagane` in the current directory."""
    return Path(os.environ.get(HOME_VARIABLE) or DEFAULT_FOLDER)


class Workspace:
    """Models and scratch space under one folder, made by the first thing that is written.

    >>> import tempfile
    >>> Workspace(tempfile.mkdtemp()).list()
    []
    """

    def __init__(self, root: Path | str | None = None) -> None:
        self.root = Path(default_root() if root is None else root).absolute()
        self.registry = Registry(self.root / "registry.sqlite")
        self.models_folder = self.root / "models"
        self.endpoints = Endpoints(self.registry, self.models_folder)
        self.scratch_parent = self.root / "scratch"
        self.cache_folder = self.root / "cache"
        self.runs_folder = self.root / "runs"
        self.studies_folder = self.root / "studies"
        self.jobs_folder = self.root / "jobs"
        self.tokens_path = self.root / "tokens.json"
        """The bearer tokens of what is served from here."""
        self.logs_folder = self.root / "logs"
        self.tables = Tables(self.root / "tables", self._prepare_root)
        self.monitoring_folder = self.root / "monitoring"
        """The history of each endpoint's traffic, summed up."""

    @property
    def cache(self) -> ColumnCache:
        """The encoded columns that this workspace's trainings share."""
        from hagane.features.column_cache import ColumnCache

        return ColumnCache(self.cache_folder)

    @property
    def fit_answers(self) -> FitAnswers:
        """What the fits of this workspace's trials have asked of their rows."""
        from hagane.features.column_cache import ANSWERS_FOLDER
        from hagane.features.fit_answers import FitAnswers

        return FitAnswers(self.cache_folder / ANSWERS_FOLDER)

    def list(self, name: str | None = None) -> list[ModelVersion]:
        """Every version, or those of one name: by name, the newest first."""
        with self.registry.reading() as connection:
            found = select(connection, name) if connection else []
        return [self._placed(version) for version in found]

    def get(self, reference: str) -> ModelVersion:
        """The version that `late@3` names, the newest for `late`. Raises NotFoundError with the nearest name."""
        name, version = parse_reference(reference)
        with self.registry.reading() as connection:
            found = select(connection, name, version) if connection else []
        if found:
            return self._placed(found[0])
        raise self._not_found(reference, name)

    def bundle_path(self, model: Path | str) -> Path:
        """The bundle's folder for a path, a name, or `name@version`; a folder that holds a bundle goes before a name.

        Raises NotFoundError with the nearest name.
        """
        folder = Path(model)
        if isinstance(model, Path) or (folder / "MANIFEST.json").is_file():
            return folder
        if os.sep in model or model in (".", ".."):
            raise NotFoundError(Fault(what=f"no bundle at {model}", expected="a folder with a MANIFEST.json"))
        try:
            return self.get(model).path
        except NotFoundError as error:
            raise NotFoundError(*(_also_a_path(fault, folder) for fault in error.faults)) from None

    def version_at(self, bundle: Path) -> ModelVersion | None:
        """The registered version whose bundle is the folder `bundle`, or None."""
        return next((version for version in self.list() if version.path == bundle.absolute()), None)

    def delete(self, reference: str) -> ModelVersion:
        """Delete one version, the newest for a bare name: its row, then its folder.

        Raises NotFoundError, and StorageError for a version that is deployed.
        """
        version = self.get(reference)
        with self.registry.changing() as connection:
            if not select(connection, version.name, version.version):
                raise self._not_found(reference, version.name)
            _check_not_deployed(version, deployments_of(connection, version.name, version.version))
            clear(connection, version.name, version.version)
        shutil.rmtree(version.path, ignore_errors=True)
        return version

    def delete_all(self, name: str) -> tuple[ModelVersion, ...]:
        """Delete every version of a model, or none: their rows, then their folders.

        Raises NotFoundError, and StorageError where one is deployed.
        """
        with self.registry.changing() as connection:
            versions = tuple(self._placed(version) for version in select(connection, name))
            for version in versions:
                _check_not_deployed(version, deployments_of(connection, version.name, version.version))
            for version in versions:
                clear(connection, version.name, version.version)
        if not versions:
            raise self._not_found(name, name)
        for version in versions:
            shutil.rmtree(version.path, ignore_errors=True)
        return versions

    def describe(self, name: str, about: Described) -> None:
        """Replace what is said of a model, of all of its versions. Raises NotFoundError."""
        with self.registry.changing() as connection:
            versions = select(connection, name)
            for version in versions:
                fill(connection, msgspec.structs.replace(version, about=about))
        if not versions:
            raise self._not_found(name, name)

    def check_writable(self) -> None:
        """Find out before hours of work whether a version can be registered, and remove what killed processes left.

        Raises StorageError, and DataError for a registry that is none.
        """
        self._prepare_root()
        with self.registry.changing() as connection:
            self._collect_orphans(connection)

    @contextmanager
    def new_version(self, name: str) -> Iterator[VersionSlot]:
        """A number for a new version of `name`, and a folder path to write its bundle at.

        Write the bundle at `slot.path`, then call `slot.publish(…)`; without that, everything is removed at the end.
        Raises SpecError for a name that no model can have.
        """
        if not MODEL_NAME.fullmatch(name):
            raise SpecError(name_fault(name))
        self._prepare_root()
        with self.registry.changing() as connection:
            self._collect_orphans(connection)
            spelled = spelling(connection, name)
            version = allocate(connection, spelled, above=self._newest_folder(spelled))
        with self.scratch(f"{spelled}-{version}") as folder:
            yield VersionSlot(self, spelled, version, folder / "bundle")

    def jobs(self) -> Path:
        """Where launched programs keep their logs and outputs, a folder a job; made if it is not there."""
        self._prepare_root()
        self.jobs_folder.mkdir(exist_ok=True)
        return self.jobs_folder

    def runs(self) -> tuple[InterruptedRun, ...]:
        """The trainings that were ended before their model was made, and those that go on now; the latest first."""
        return interrupted_runs(self.runs_folder)

    def run(self, run_id: str) -> InterruptedRun:
        """The run of this id, or the only one whose id begins so. Raises NotFoundError."""
        return find_run(self.runs_folder, run_id)

    def delete_run(self, run_id: str) -> InterruptedRun:
        """Delete what is kept of an interrupted training. Raises NotFoundError, StorageError while it goes on."""
        return delete_run(self.runs_folder, run_id)

    def scratch(self, prefix: str = "run") -> AbstractContextManager[Path]:
        """An empty folder for the length of a `with`, removed at its end, or by a later one after a crash."""
        self._prepare_root()
        return scratch_folder(self.scratch_parent, prefix)

    def publish(self, slot: VersionSlot, version: ModelVersion) -> ModelVersion:
        """Move the slot's bundle to its place and fill its row, both or neither. Called by `VersionSlot.publish`."""
        final = self._placed(version).path
        final.parent.mkdir(parents=True, exist_ok=True)
        with self.registry.changing() as connection:
            os.rename(slot.path, final)
            try:
                fill(connection, version)
            except BaseException:
                os.rename(final, slot.path)
                raise
        return self._placed(version)

    def _placed(self, version: ModelVersion) -> ModelVersion:
        path = self.models_folder / version.name / str(version.version)
        return msgspec.structs.replace(version, path=path)

    def _collect_orphans(self, connection: sqlite3.Connection) -> None:
        """Remove the bundles of empty rows. Exact, because the caller holds the registry's write lock."""
        for name, version in select_empty(connection):
            shutil.rmtree(self.models_folder / name / str(version), ignore_errors=True)

    def _newest_folder(self, name: str) -> int:
        """The largest version with a folder, 0 for none: a lost registry's bundles are never overwritten."""
        numbers = (folder.name for folder in self.models_folder.glob(f"{name}/*") if folder.name.isdecimal())
        return max(map(int, numbers), default=0)

    def _prepare_root(self) -> None:
        """Make the root, kept out of the version control of whatever project it lies in."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            ignore = self.root / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n")
        except OSError as error:
            step = "choose another folder: --workspace FOLDER, or $HAGANE_HOME"
            what = f"the workspace {self.root} cannot be made: {error.strerror}"
            raise StorageError(Fault(what=what, next_step=step)) from None

    def _not_found(self, reference: str, name: str) -> NotFoundError:
        versions = self.list()
        same = [version.reference for version in versions if version.name.lower() == name.lower()]
        if same:
            what, near = f"the model '{name}' has no version '{reference.partition('@')[2]}'", same[0]
        else:
            what, near = f"no model '{name}'", nearest(name, {version.name for version in versions})
        step = "hagane models list" if versions else "train one first: hagane train DATA --label COLUMN"
        return NotFoundError(Fault(what=what, where=f"workspace {self.root}", nearest=near, next_step=step))


def _check_not_deployed(version: ModelVersion, endpoints: Sequence[str]) -> None:
    if endpoints:
        what = f"{version.reference} is deployed to {', '.join(endpoints)}"
        step = f"hagane undeploy {version.reference} --from {endpoints[0]}"
        raise StorageError(Fault(what=what, next_step=step))


def _also_a_path(fault: Fault, path: Path) -> Fault:
    """A file or a folder that is there, where a model was expected."""
    if path.is_file():
        step = f"{path} is a file of data: the model's name comes first, as in hagane predict MODEL {path}"
    elif path.is_dir():
        step = f"the folder {path} is no bundle: it has no MANIFEST.json"
    else:
        return fault
    return msgspec.structs.replace(fault, next_step=step)


@dataclass(slots=True)
class VersionSlot:
    """A version that is being made."""

    workspace: Workspace
    name: str
    version: int
    path: Path
    """Where the bundle is to be written; nothing is there yet."""

    def publish(
        self,
        *,
        model_type: str,
        task: str,
        label: str | tuple[str, ...],
        spec: Spec,
        metric: tuple[str, float | None] = ("", None),
        num_rows: int = 0,
    ) -> ModelVersion:
        """Make the bundle at `path` this version of the model: `metric` is the headline, `spec` the resolved one.

        Raises NotFoundError where nothing was written at `path`.
        """
        if not self.path.is_dir():
            raise NotFoundError(Fault(what=f"no bundle was written at {self.path}"))
        version = ModelVersion(
            name=self.name,
            version=self.version,
            path=self.path,
            created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            model_type=model_type,
            task=task,
            label=label,
            metric=metric[0],
            metric_value=metric[1],
            num_rows=num_rows,
            spec_digest=spec_digest(spec),
        )
        return self.workspace.publish(self, version)
