"""What the tests of functions share; `support/function_calls.py` calls one by hand: ArrowRows, call_table."""

from __future__ import annotations

import pytest

from hagane.workspace.workspace import Workspace


@pytest.fixture(scope="session")
def shared_workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """One workspace for all tests that only ask models."""
    return Workspace(tmp_path_factory.mktemp("session") / "workspace")
