"""`Machines`: which machines train together, and where they meet."""

from __future__ import annotations

from typing import NamedTuple


class Machines(NamedTuple):
    """The least and the most machines, and where they meet."""

    least: int
    most: int
    rendezvous: str
    """`host:port`."""
    run_id: str
    """The same on each; empty where there is one alone."""
    timeout_seconds: int = 900
    """For which the least number of machines is waited for."""
