"""`load_module`: a module of the tests by its path, for tests of another room."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

BUNDLES = Path(__file__).parents[1] / "bundle" / "conftest.py"
"""The bundles that are made by hand."""


def load_module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"loaded_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
