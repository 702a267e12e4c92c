"""A server on a real socket, with a bundle whose right answers are known."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

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


def _bundles() -> ModuleType:
    path = Path(__file__).parents[1] / "bundle" / "conftest.py"
    spec = importlib.util.spec_from_file_location("bundles_made_by_hand", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def flights_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = _bundles()
    signature = made.classifier_signature(example=ROW)
    return write_bundle(
        tmp_path_factory.mktemp("served") / "flights", model=made.classifier_model(), signature=signature
    )


@pytest.fixture(scope="session")
def doubler_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = _bundles()
    return write_bundle(
        tmp_path_factory.mktemp("served") / "doubler",
        model=made.regressor_model(),
        signature=made.regressor_signature(),
    )


@pytest.fixture(scope="session")
def flights(flights_folder: Path) -> Bundle:
    return Bundle.load(flights_folder)


@pytest.fixture(scope="session")
def client(flights: Bundle) -> Iterator[httpx.Client]:
    with (
        ServerThread(flights, version="3", max_rows=100, max_body_bytes=200_000) as server,
        httpx.Client(base_url=server.url, trust_env=False) as client,
    ):
        yield client
