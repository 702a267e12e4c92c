"""The guard: a process of its own that outlives a killed launcher by as long as it takes to kill what that started.

It reads `+GROUP` and `-GROUP` lines, the process groups of replicas that began and ended. When its input ends before
`done`, the launcher is no more: every group that is left is killed, with all processes that replicas had started and
that have not left their group. It is run as a file by itself, and imports nothing but the standard library.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys


def main() -> None:
    """Guard until the launcher says `done`, or is gone."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        if line.startswith("done"):
            return
        group = int(line[1:])
        groups.add(group) if line[0] == "+" else groups.discard(group)
    for group in groups:
        with contextlib.suppress(OSError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
