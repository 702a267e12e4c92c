"""`check_place`: a file that a command is to write is refused before any work."""

from __future__ import annotations

from pathlib import Path


def check_place(out: Path, force: bool) -> None:
    """Raise StorageError where `out` exists (and `force` does not say otherwise), or cannot be written."""
    from hagane.errors import Fault, StorageError
    from hagane.workflow.check_output import check_output

    check_output(out, option="-o")
    if out.exists() and not force:
        step = "choose another name with -o, or overwrite it with --force"
        raise StorageError(Fault(what=f"{out} exists already", where=f"-o {out}", next_step=step))
