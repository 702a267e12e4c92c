"""`UsageError`: a command line that says nothing that could be done."""

from __future__ import annotations

from hagane.errors import HaganeError


class UsageError(HaganeError):
    """The command line itself is wrong."""

    exit_code = 2
