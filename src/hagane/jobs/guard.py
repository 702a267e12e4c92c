"""`Guard`: the launcher's side of the process that ends the replicas of a launcher that was killed."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

PROGRAM = Path(__file__).with_name("guard_process.py")


class Guard:
    """Knows the process groups of the replicas from `with` to its end."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._tell("done")
        with contextlib.suppress(OSError):
            self._process.communicate()

    def began(self, group: int) -> None:
        """A replica leads this process group."""
        self._tell(f"+{group}")

    def ended(self, group: int) -> None:
        """Nothing is left of it."""
        self._tell(f"-{group}")

    def _tell(self, line: str) -> None:
        """A guard that somebody killed is missed by nobody while the launcher lives."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.write(f"{line}\n".encode())
            self._process.stdin.flush()
