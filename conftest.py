"""What holds for the tests and the doctests alike."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Iterator

import pytest

NEED_BEAM = ["src/hagane/integrations/beam.py", "tests/integrations/beam_pipelines.py"]
CLIENTS = [f"tests/session/rest/{name}_client.py" for name in ("python", "magic", "bigframes")]
"""Programs of environments of their own."""
collect_ignore = [*CLIENTS, "tests/monitoring/tfdv_program.py"] + (
    [] if importlib.util.find_spec("apache_beam") else NEED_BEAM
)
"""Modules for other projects, where these are not installed (`make test-beam` has Beam)."""


@pytest.fixture(scope="session", autouse=True)
def temporary_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whatever is kept aside in the system's temporary folder (bad rows, error reports) lies in pytest's."""
    folder = str(tmp_path_factory.mktemp("temporary"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", folder)
        patch.setenv("TMPDIR", folder)
        yield
