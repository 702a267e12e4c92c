"""`Endpoints`: the endpoints of a workspace, their revisions, and what servers tell of themselves.

Every change of an endpoint adds a row: its next revision, whole. The newest is what servers are to be; the others are
its history, to which a rollback goes. A server's row is what it serves now, and what it could not take.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from hagane.errors import Fault, NotFoundError, SpecError, StorageError, nearest
from hagane.serving.endpoint_state import EndpointState, state_faults
from hagane.serving.server_report import ServerReport
from hagane.spec.check import MODEL_NAME
from hagane.workspace.registry import Registry, select
from hagane.workspace.user_name import user_name

if TYPE_CHECKING:
    from hagane.serving.mirror_comparison import MirrorComparison

_NEWEST = "SELECT document FROM endpoints WHERE name = ? ORDER BY revision DESC"
_CURRENT = (
    "SELECT document FROM endpoints AS e WHERE revision = (SELECT max(revision) FROM endpoints WHERE name = e.name)"
    " ORDER BY name"
)


class Endpoints:
    """The endpoints kept in `registry`, whose models lie in `models_folder`.

    >>> import tempfile
    >>> from hagane.workspace.workspace import Workspace
    >>> Workspace(tempfile.mkdtemp()).endpoints.list()
    []
    """

    def __init__(self, registry: Registry, models_folder: Path) -> None:
        self._registry = registry
        self._models_folder = models_folder

    @property
    def path(self) -> Path:
        """The file that changes when an endpoint does."""
        return self._registry.path

    def list(self) -> Sequence[EndpointState]:
        """Every endpoint as it is now, by name."""
        with self._registry.reading_endpoints() as connection:
            rows = connection.execute(_CURRENT).fetchall() if connection else []
        return [self._read(row[0]) for row in rows]

    def get(self, name: str) -> EndpointState:
        """An endpoint as it is now. Raises NotFoundError with the nearest name."""
        return self.history(name)[0]

    def find(self, name: str) -> EndpointState | None:
        """An endpoint as it is now, or None."""
        with self._registry.reading_endpoints() as connection:
            row = connection.execute(_NEWEST, (name,)).fetchone() if connection else None
        return self._read(row[0]) if row else None

    def history(self, name: str) -> Sequence[EndpointState]:
        """Every revision, the newest first. Raises NotFoundError with the nearest name."""
        with self._registry.reading_endpoints() as connection:
            rows = connection.execute(_NEWEST, (name,)).fetchall() if connection else []
        if not rows:
            raise self._not_found(name)
        return [self._read(row[0]) for row in rows]

    def change(self, name: str, edit: Callable[[EndpointState | None], EndpointState], change: str) -> EndpointState:
        """Make what `edit` makes of the present state (None: there is no such endpoint) the next revision.

        `change` says in words what that is. All or nothing: SpecError tells every fault of the new state, and
        NotFoundError every model version in it that is not registered (any more); then the endpoint is as it was.
        """
        with self._registry.changing() as connection:
            row = connection.execute(_NEWEST, (name,)).fetchone()
            before = self._read(row[0]) if row else None
            made = edit(before)
            if before is None and not MODEL_NAME.fullmatch(name):
                expected = "letters, digits, '_', '-' and '.', at most 128, not beginning with '-' or '.'"
                raise SpecError(Fault(what=f"{name[:80]!a} cannot name an endpoint", expected=expected))
            after = msgspec.structs.replace(
                made,
                name=before.name if before else name,
                revision=before.revision + 1 if before else 1,
                changed=now_text(),
                changed_by=user_name(),
                change=change,
            )
            _check(after, connection)
            connection.execute("INSERT INTO endpoints VALUES (?, ?, ?)", (after.name, after.revision, _written(after)))
        return self._placed(after)

    def delete(self, name: str) -> EndpointState:
        """Delete an endpoint with its history; what it was. Its models stay.

        Raises NotFoundError, and StorageError while a server serves it.
        """
        found = self.get(name)
        serving = self.reports(name)
        if serving:
            told = ", ".join(each.server for each in serving)
            step = "end its servers first"
            raise StorageError(Fault(what=f"the endpoint {found.name} is being served", received=told, next_step=step))
        with self._registry.changing() as connection:
            for table, column in (("endpoints", "name"), ("servers", "endpoint"), ("comparisons", "endpoint")):
                connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (name,))
        return found

    def report(self, report: ServerReport) -> None:
        """Keep what a server tells of itself; the rows of servers that have died go."""
        with self._registry.changing() as connection:
            for other in _reports(connection, report.endpoint):
                if not other.is_alive():
                    _remove_report(connection, other)
            document = msgspec.json.encode(report).decode()
            connection.execute("INSERT OR REPLACE INTO servers VALUES (?, ?, ?)", (*_key(report), document))

    def withdraw(self, report: ServerReport) -> None:
        """Forget a server that has ended."""
        with self._registry.changing() as connection:
            _remove_report(connection, report)

    def reports(self, name: str) -> Sequence[ServerReport]:
        """What the servers of an endpoint that live tell of themselves."""
        with self._registry.reading_endpoints() as connection:
            found = _reports(connection, name) if connection else []
        return [each for each in found if each.is_alive()]

    def add_comparison(self, server: str, comparison: MirrorComparison) -> None:
        """Keep a server's comparison of two deployed models in place of its last one."""
        with self._registry.changing() as connection:
            key = (comparison.endpoint, server, comparison.served, comparison.mirrored)
            document = msgspec.json.encode(comparison).decode()
            connection.execute("INSERT OR REPLACE INTO comparisons VALUES (?, ?, ?, ?, ?)", (*key, document))

    def comparisons(self, name: str) -> Sequence[MirrorComparison]:
        """What mirrored requests told of each pair of deployed models, of all servers together."""
        from hagane.serving.mirror_comparison import MirrorComparison

        with self._registry.reading_endpoints() as connection:
            statement = "SELECT document FROM comparisons WHERE endpoint = ? ORDER BY served, mirrored"
            rows = connection.execute(statement, (name,)).fetchall() if connection else []
        merged: dict[tuple[str, str], MirrorComparison] = {}
        for row in rows:
            one = msgspec.json.decode(row[0], type=MirrorComparison)
            pair = (one.served, one.mirrored)
            merged[pair] = merged[pair].merged(one) if pair in merged else one
        return list(merged.values())

    def _read(self, document: str) -> EndpointState:
        return self._placed(msgspec.json.decode(document, type=EndpointState, dec_hook=_as_path))

    def _placed(self, state: EndpointState) -> EndpointState:
        models = tuple(
            msgspec.structs.replace(each, path=self._models_folder / each.model / str(each.version))
            for each in state.models
        )
        return msgspec.structs.replace(state, models=models)

    def _not_found(self, name: str) -> NotFoundError:
        known = [state.name for state in self.list()]
        step = "hagane endpoints list" if known else f"make it: hagane deploy MODEL --to {name}"
        return NotFoundError(Fault(what=f"no endpoint '{name}'", nearest=nearest(name, known), next_step=step))


def deployments_of(connection: sqlite3.Connection, name: str, version: int) -> list[str]:
    """The endpoints behind which a model version is, in a transaction of the registry's."""
    states = [
        msgspec.json.decode(row[0], type=EndpointState, dec_hook=_as_path) for row in connection.execute(_CURRENT)
    ]
    return [
        state.name
        for state in states
        if any(each.version == version and each.model.lower() == name.lower() for each in state.models)
    ]


def now_text() -> str:
    """Now: ISO 8601, UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _check(state: EndpointState, connection: sqlite3.Connection) -> None:
    faults = state_faults(state)
    if faults:
        raise SpecError(*faults)
    missing = [each for each in state.models if not select(connection, each.model, each.version)]
    if missing:
        step = "hagane models list"
        raise NotFoundError(*(Fault(what=f"{each.reference} is not registered", next_step=step) for each in missing))


def _written(state: EndpointState) -> str:
    """The state as it is kept: the models' folders follow from the workspace's place."""
    bare = tuple(msgspec.structs.replace(each, path=Path()) for each in state.models)
    return msgspec.json.encode(msgspec.structs.replace(state, models=bare), enc_hook=str).decode()


def _reports(connection: sqlite3.Connection, endpoint: str) -> list[ServerReport]:
    rows = connection.execute("SELECT document FROM servers WHERE endpoint = ? ORDER BY server", (endpoint,))
    return [msgspec.json.decode(row[0], type=ServerReport) for row in rows]


def _key(report: ServerReport) -> tuple[str, str]:
    return report.endpoint, report.server


def _remove_report(connection: sqlite3.Connection, report: ServerReport) -> None:
    connection.execute("DELETE FROM servers WHERE endpoint = ? AND server = ?", _key(report))


def _as_path(kind: type, value: object) -> Path:
    assert kind is Path, kind
    return Path(str(value))
