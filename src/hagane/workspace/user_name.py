"""`user_name`: who makes a change."""

from __future__ import annotations

import getpass
import os


def user_name() -> str:
    """The name of the account, or its number where it has none (in many containers).

    >>> user_name() != ""
    True
    """
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return str(os.getuid())
