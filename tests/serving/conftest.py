"""A server on a real socket, with a bundle whose right answers are known."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from load_module import BUNDLES, load_module

from hagane.bundle.bundle import Bundle
from hagane.bundle.write_bundle import write_bundle
from hagane.serving import ServerThread

ROW: dict[str, Any] = {
    "age": 40,
    "fare": 1.5,
    "job": "pilot",
    "member": True,
    "seen": "2013-01-01T05:00:00Z",
    "born": "1970-01-02",
}


@pytest.fixture(scope="session")
def flights_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = load_module(BUNDLES)
    signature = made.classifier_signature(example=ROW)
    return write_bundle(
        tmp_path_factory.mktemp("served") / "flights", model=made.classifier_model(), signature=signature
    )


@pytest.fixture(scope="session")
def doubler_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = load_module(BUNDLES)
    return write_bundle(
        tmp_path_factory.mktemp("served") / "doubler",
        model=made.regressor_model(),
        signature=made.regressor_signature(),
    )


@pytest.fixture(scope="session")
def flights(flights_folder: Path) -> Bundle:
    return Bundle.load(flights_folder)


@pytest.fixture(scope="session")
def rides(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A model that explains its answers."""
    sys.path.insert(0, str(Path(__file__).parent))
    from explained_rides import write_rides

    return Bundle.load(write_rides(tmp_path_factory.mktemp("served")))


GOLDEN = Path(__file__).parent / "protocols" / "golden"


@pytest.fixture(scope="session")
def golden(flights: Bundle) -> Iterator[Callable[..., None]]:
    """Holds the status and every byte of an answer to a file, of a server that speaks one protocol alone.

    To accept changes: `HAGANE_ACCEPT=1 pytest tests/serving`, then read the diff.
    """
    servers: dict[str, ServerThread] = {}

    def check(protocol: str, case: str, method: str, path: str, body: object, **more: Any) -> None:
        if protocol not in servers:
            servers[protocol] = ServerThread(
                flights, version="3", max_rows=100, max_body_bytes=200_000, protocols=[protocol]
            ).start()
        content = {"content": body} if isinstance(body, bytes) else {"json": body}
        response = httpx.request(method, servers[protocol].url + path, trust_env=False, **content, **more)
        text = response.text.replace(flights.bundle_id, "BUNDLE_ID")
        if text.strip() and response.headers["content-type"] == "application/json":
            text = msgspec.json.format(text, indent=1)
        seen = f"{method} {path}\n{response.status_code} {response.headers['content-type']}\n{text}\n"
        file = GOLDEN / protocol / f"{case}.txt"
        if os.environ.get("HAGANE_ACCEPT"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(seen)
        assert seen == file.read_text()

    yield check
    for server in servers.values():
        server.stop()


@pytest.fixture(scope="session")
def doubler(doubler_folder: Path) -> Iterator[httpx.Client]:
    """A regression of one column, y = 2 x, that answers rows that err."""
    with (
        ServerThread(doubler_folder, version="1") as server,
        httpx.Client(base_url=server.url, trust_env=False) as client,
    ):
        yield client


@pytest.fixture(scope="session")
def client(flights: Bundle) -> Iterator[httpx.Client]:
    with (
        ServerThread(flights, version="3", max_rows=100, max_body_bytes=200_000) as server,
        httpx.Client(base_url=server.url, trust_env=False) as client,
    ):
        yield client
