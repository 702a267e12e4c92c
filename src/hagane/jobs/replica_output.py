"""`ReplicaOutput`: what a replica writes, on its way to the log, byte by byte, and to whoever watches, by the line."""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path

from hagane.jobs.job_result import TOLD_LINES
from hagane.jobs.line_reader import LineReader, without_colours

READ_BYTES = 64 * 1024
MOST_READS = 16
"""Linux's pipes hold 64 KiB, at most 1 MiB."""
TOLD_CHARACTERS = 2_000
"""What of each of the last lines is kept."""


class ReplicaOutput:
    """One pipe for both streams, so that their order stays. It is never read further than its log is written."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.log_error: OSError | None = None
        self._file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._pipe, self.writer = os.pipe()
        os.set_blocking(self._pipe, False)
        self._lines = LineReader()
        self._last_lines: deque[str] = deque(maxlen=TOLD_LINES)
        self.is_closed = False

    def fileno(self) -> int:
        """The end that is read."""
        return self._pipe

    def close_writer(self) -> None:
        """The replica has its own copy."""
        os.close(self.writer)

    @property
    def last_lines(self) -> tuple[str, ...]:
        """The newest lines, the last one last."""
        return tuple(self._last_lines)

    def read(self) -> list[str]:
        """The lines that are complete by now; at the end of the output it is closed."""
        return self._read() or []

    def read_waiting(self) -> list[str]:
        """What had been written by now; no more than a full pipe, since others may write on."""
        lines: list[str] = []
        for _ in range(MOST_READS):
            if self.is_closed or (more := self._read()) is None:
                break
            lines += more
        return lines

    def progress(self, now: float) -> list[str]:
        """A progress bar's state, where it is time to show one."""
        state = self._lines.progress(now)
        return [] if state is None else [state]

    def drain(self) -> list[str]:
        """What is in the pipe, which is then closed: a process that left its group may hold it open for ever."""
        return self.read_waiting() + self.close()

    def close(self) -> list[str]:
        """The line that was left without an end, if any."""
        if self.is_closed:
            return []
        self.is_closed = True
        os.close(self._pipe)
        os.close(self._file)
        return self._told(self._lines.close())

    def _read(self) -> list[str] | None:
        """The lines of one read; None where there is nothing to read."""
        try:
            data = os.read(self._pipe, READ_BYTES)
        except BlockingIOError:
            return None
        if not data:
            return self.close()
        self._keep(data)
        return self._told(self._lines.feed(data))

    def _told(self, lines: list[str]) -> list[str]:
        self._last_lines.extend(without_colours(line)[:TOLD_CHARACTERS] for line in lines)
        return lines

    def _keep(self, data: bytes) -> None:
        """Write to the log; a disk that is full ends the log, not the job."""
        try:
            while data and self.log_error is None:
                data = data[os.write(self._file, data) :]
        except OSError as error:
            self.log_error = error
