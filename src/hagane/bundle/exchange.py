"""Exchange the names of two folders in one step of the file system."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_AT_FDCWD = {"linux": -100, "darwin": -2}
_FUNCTION = {"linux": "renameat2", "darwin": "renameatx_np"}
_EXCHANGE = 2  # RENAME_EXCHANGE of Linux (linux/fs.h) and RENAME_SWAP of macOS (sys/stdio.h) are both 2


def exchange(first: Path, second: Path) -> bool:
    """Let `first` and `second` swap names, with no moment between; False where the system or its file system cannot."""
    platform = sys.platform
    function = getattr(ctypes.CDLL(None), _FUNCTION[platform], None) if platform in _FUNCTION else None
    if function is None:
        return False
    here = _AT_FDCWD[platform]
    result: int = function(here, os.fsencode(first), here, os.fsencode(second), ctypes.c_uint(_EXCHANGE))
    return result == 0
