"""What a MODEL argument stands for: a bundle's folder, `name`, or `name@version`."""

from __future__ import annotations

from pathlib import Path

from hagane.bundle.manifest import MANIFEST_NAME
from hagane.workspace.workspace import Workspace


def find_model(model: str | Path, workspace: Workspace) -> Path:
    """The bundle's folder. A path wins when it holds a bundle; NotFoundError names the nearest registered model."""
    folder = Path(model)
    if isinstance(model, Path) or (folder / MANIFEST_NAME).is_file():
        return folder
    return workspace.registry.get(model).path
