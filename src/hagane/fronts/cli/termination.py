"""`Termination`: a command that SIGTERM ends promptly, whatever it is doing, with an exit code of its own.

SIGTERM is what a preemptible machine, Kubernetes or a scheduler sends, some 30 seconds before it takes the machine
away. While a family is fitted `hagane.training.preemption` sees it, and the state is saved after the step that runs.
Anywhere else it ends the command as Ctrl-C does. A thread watches that this happens in time: a step of half a minute, a
solver in the middle of its work hear of no signal. It ends the process, which is as safe as `kill -9` is. So does a
second signal.
"""

from __future__ import annotations

import functools
import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, ParamSpec, Self, TypeVar

from hagane.errors import Fault, PreemptedError

Given = ParamSpec("Given")
Gives = TypeVar("Gives")
SAVE_SECONDS = 15.0
"""What saving may take, the step that runs included; then the command is ended as if by Ctrl-C."""
LAST_SECONDS = 5.0
"""What ending may take after that; then the process is ended."""
SHOW_CURSOR = b"\x1b[?25h"
OVER, TIMEOUT = 0, -1
INTERRUPTED = 130


class Terminated(KeyboardInterrupt):
    """SIGTERM, for whatever tidies up after Ctrl-C.

    A KeyboardInterrupt itself that leaves an eval() makes Python end the process as if SIGINT had killed it, whatever
    its exit code; one of another class does not.
    """


def ended_by_sigterm(command: Callable[Given, Gives]) -> Callable[Given, Gives]:
    """The command within a `Termination`."""

    @functools.wraps(command)
    def run(*arguments: Given.args, **options: Given.kwargs) -> Gives:
        with Termination():
            return command(*arguments, **options)

    return run


class Termination:
    """From `with` to its end SIGTERM raises PreemptedError; in a thread other than the main one nothing is caught."""

    def __init__(self, *, save_seconds: float = SAVE_SECONDS, last_seconds: float = LAST_SECONDS) -> None:
        self.requested = False
        self._save_seconds, self._last_seconds = save_seconds, last_seconds
        self._before: Any = None
        self._pipe: tuple[int, int] | None = None
        self._wakeup_before = -1

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._pipe = os.pipe()
            os.set_blocking(self._pipe[1], False)
            self._wakeup_before = signal.set_wakeup_fd(self._pipe[1], warn_on_full_buffer=False)
            self._before = signal.signal(signal.SIGTERM, self._told)
            self._watcher = threading.Thread(target=self._watch, args=(self._pipe[0],), name="signals", daemon=True)
            self._watcher.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._pipe is not None:
            signal.signal(signal.SIGTERM, self._before)
            signal.set_wakeup_fd(self._wakeup_before)
            os.close(self._pipe[1])  # the thread reads its end, and closes the other
            self._watcher.join(1)
        if self.requested and kind is not None and not issubclass(kind, PreemptedError):
            step = "run the same command again: it begins anew, or goes on from where its state was saved last"
            raise PreemptedError(Fault(what="the command was told to end (SIGTERM)", next_step=step)) from None

    def _told(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        raise Terminated

    def _watch(self, reading: int) -> None:
        """Read the signals as the system hands them over, whatever the main thread does."""
        number = self._next_signal(reading, None)
        if number == signal.SIGTERM:
            number = self._next_signal(reading, self._save_seconds)
            if number == TIMEOUT:
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
                self._next_signal(reading, None)  # its own
                number = self._next_signal(reading, self._last_seconds)
            if number != OVER:
                self._end(PreemptedError.exit_code)
        elif number == signal.SIGINT and self._next_signal(reading, None) != OVER:
            self._end(INTERRUPTED)
        os.close(reading)

    def _next_signal(self, reading: int, seconds: float | None) -> int:
        """SIGTERM or SIGINT when it comes, TIMEOUT after `seconds`, OVER when the command is."""
        while select.select([reading], [], [], seconds)[0]:
            numbers = os.read(reading, 1)
            if not numbers:
                return OVER
            if numbers[0] in (signal.SIGTERM, signal.SIGINT):
                return numbers[0]
        return TIMEOUT

    def _end(self, code: int) -> None:
        """End the process now: nothing that it leaves behind is taken for whole."""
        if sys.stderr.isatty():
            os.write(sys.stderr.fileno(), SHOW_CURSOR)
        os._exit(code)
