"""`ParentDeath`: a process that ends when the one that started it does, however that ends.

Linux sends a signal of the child's choice when its parent's thread ends (PR_SET_PDEATHSIG, prctl(2)). Other systems
have no such thing.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


class ParentDeath:
    """To be called in the child: between fork and exec (made in the parent then, since a child should load nothing), or
    before anything else that it does, with the parent's number."""

    def __init__(self, parent: int | None = None) -> None:
        self._parent = parent or os.getpid()
        self._prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
        self._request = (ctypes.c_int(PR_SET_PDEATHSIG), *map(ctypes.c_ulong, (signal.SIGKILL, 0, 0, 0)))

    def __call__(self) -> None:
        """Ask for SIGKILL at the parent's death; end at once if that has come before."""
        if self._prctl is not None:
            self._prctl(*self._request)
        if os.getppid() != self._parent:
            os._exit(1)
