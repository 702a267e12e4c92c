"""`row_error_share`: on how many of the rows that a version was evaluated on an expression erred."""

from __future__ import annotations

import msgspec

from hagane.bundle.manifest import read_verified
from hagane.errors import HaganeError
from hagane.workspace.workspace import Workspace

EVALUATION_NAME = "evaluation.json"


class _Erred(msgspec.Struct):
    """What is read of it."""

    num_rows: int
    num_row_errors: int = 0


def row_error_share(reference: str, workspace: Workspace) -> float | None:
    """Their share for `late@3`; None where nobody knows."""
    try:
        folder = workspace.get(reference).path
        content = read_verified(folder, keep=(EVALUATION_NAME,))[1][EVALUATION_NAME]
        found = msgspec.json.decode(content, type=_Erred)
    except (HaganeError, msgspec.MsgspecError, KeyError):
        return None
    return found.num_row_errors / found.num_rows if found.num_rows else None
