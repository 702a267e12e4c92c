"""`check_place`: a file that a command is to write is refused before any work."""

from __future__ import annotations

from pathlib import Path


def check_place(out: Path, force: bool) -> None:
    """Raise DataError where `out` exists (and `force` does not say otherwise), or no folder is there for it."""
    from hagane.errors import DataError, Fault

    if out.exists() and not force:
        step = "choose another name with -o, or overwrite it with --force"
        raise DataError(Fault(what=f"{out} exists already", next_step=step))
    if not out.absolute().parent.is_dir():
        raise DataError(Fault(what=f"there is no folder {out.absolute().parent}", next_step="create it"))
