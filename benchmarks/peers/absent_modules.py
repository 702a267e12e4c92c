"""`stand_in`: empty modules for packages that are not there, so that what imports them for other uses can be imported.

torchvision and torchaudio as PyPI has them want the CUDA build of torch (gigabytes), and Ludwig imports both for images
and sound, of which a table has none.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from unittest.mock import MagicMock


def stand_in(*packages: str) -> None:
    """From here on every module of these packages can be imported, as a mock."""
    sys.meta_path.append(_Absent(packages))


class _Absent(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, packages: tuple[str, ...]) -> None:
        self._packages = packages

    def find_spec(self, name: str, path: object, target: object = None) -> importlib.machinery.ModuleSpec | None:
        found = name.partition(".")[0] in self._packages
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if found else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> MagicMock:
        module = MagicMock(name=spec.name)
        module.__spec__, module.__path__, module.__version__ = spec, [], "0.28.0"
        return module

    def exec_module(self, module: object) -> None:
        """Nothing to run."""
