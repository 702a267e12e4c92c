"""`write_text`: a text file, whole or not at all."""

from __future__ import annotations

from pathlib import Path

from hagane.errors import Fault, StorageError


def write_text(path: Path, text: str) -> None:
    """Write aside, then rename. Raises StorageError where the file cannot be written."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StorageError(Fault(what=f"{path} cannot be written", received=error.strerror or str(error))) from None
