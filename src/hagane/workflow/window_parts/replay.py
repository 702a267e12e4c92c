"""`sum_up_replay`: some of the window's requests are asked again."""

from __future__ import annotations

from hagane.monitoring.window_replay import WindowReplay
from hagane.workflow.logged_rows import LoggedRows
from hagane.workflow.replay_rows import replay_rows

MOST_ROWS = 100
"""Of an hour."""


def sum_up_replay(rows: LoggedRows) -> WindowReplay | None:
    """Where `monitoring.watch` names it."""
    return replay_rows(rows, MOST_ROWS) if "replay" in rows.monitoring.watch and rows.num_rows else None
