"""`RemoteModel`: where a model far away is asked, what it is sent and what it answers."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from hagane.bundle.manifest import MANIFEST_NAME, REMOTE_NAME, make_manifest
from hagane.errors import BundleError, Fault, SpecError
from hagane.evaluation.evaluate_without_label import evaluate_without_label
from hagane.spec.spec import Model, Spec
from hagane.spec.write_yaml import write_yaml
from hagane.sync_to_disk import sync_to_disk
from hagane.types import Column, SqlType
from hagane.workspace.model_version import ModelVersion
from hagane.workspace.workspace import Workspace
from hagane.write_aside import write_aside

REMOTE = "remote"
DEFAULT_CONNECTION = "DEFAULT"


class RemoteField(msgspec.Struct, frozen=True):
    """A column of INPUT(…) or OUTPUT(…)."""

    name: str
    type: SqlType


class RemoteModel(msgspec.Struct, frozen=True, kw_only=True):
    """`remote.json`: all that there is of a remote model."""

    endpoint: str
    """The URL, `http` or `https`."""
    connection: str = DEFAULT_CONNECTION
    """Under whose name a token is found (`remote_client`)."""
    inputs: tuple[RemoteField, ...]
    outputs: tuple[RemoteField, ...]
    max_batching_rows: int = 256
    """Rows of one request, at most."""
    timeout_seconds: float = 60.0
    """Of one attempt."""
    created: str = ""


def create_remote_model(
    workspace: Workspace,
    *,
    name: str,
    endpoint: str,
    inputs: Sequence[Column],
    outputs: Sequence[Column],
    connection: str = DEFAULT_CONNECTION,
) -> ModelVersion:
    """Register a model that is asked at `endpoint`; it is not asked now.

    Raises SpecError for a URL that is not of HTTP or holds a password, and where INPUT or OUTPUT are missing.
    """
    faults = [*_endpoint_faults(endpoint)]
    for clause, columns in (("INPUT", inputs), ("OUTPUT", outputs)):
        if not columns:
            step = f"add {clause}(name TYPE, …) behind the model's name"
            faults.append(Fault(what=f"a remote model needs {clause}: nothing else says what it takes", next_step=step))
    if faults:
        raise SpecError(*faults)
    remote = RemoteModel(
        endpoint=endpoint,
        connection=connection,
        inputs=tuple(RemoteField(column.name, column.type) for column in inputs),
        outputs=tuple(RemoteField(column.name, column.type) for column in outputs),
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )
    spec = Spec(data=endpoint, name=name, model=Model(type=REMOTE))
    files = {
        REMOTE_NAME: _json(remote),
        "spec.yaml": write_yaml(spec).encode(),
        "evaluation.json": evaluate_without_label(None, task="inference", num_rows=0, part="train").to_json(),
    }
    with workspace.new_version(name) as slot:
        slot.path.mkdir()
        for file, content in (*files.items(), (MANIFEST_NAME, _json(make_manifest(files)))):
            write_aside(slot.path / file, content)
        sync_to_disk(slot.path)
        return slot.publish(model_type=REMOTE, task="inference", label=(), spec=spec)


def read_remote_model(folder: Path) -> RemoteModel | None:
    """The remote model of a version's folder; None where it holds a bundle. Raises BundleError where it is damaged."""
    path = folder / REMOTE_NAME
    try:
        return msgspec.json.decode(path.read_bytes(), type=RemoteModel)
    except FileNotFoundError:
        return None
    except (msgspec.MsgspecError, OSError) as error:
        raise BundleError(Fault(what=f"{REMOTE_NAME} cannot be read: {error}", where=str(folder))) from None


def _endpoint_faults(endpoint: str) -> list[Fault]:
    try:
        url = urlsplit(endpoint)
        host, _ = url.hostname, url.port
    except ValueError as error:
        return [Fault(what=f"the endpoint is no URL: {error}", received=endpoint)]
    if url.scheme not in ("http", "https") or not host:
        expected = "http://… or https://…"
        return [Fault(what="a remote model is asked over HTTP alone", expected=expected, received=endpoint)]
    if url.username or url.password:
        step = "take it out; a token belongs into the environment (HAGANE_CONNECTION_<NAME>)"
        return [Fault(what="the endpoint's URL holds a name or a password", next_step=step)]
    return []


def _json(document: msgspec.Struct) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document), indent=2)
