"""`Preemption`: a machine's notice that it will go away (SIGTERM), seen by whoever asks between two steps."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self


class Preemption:
    """Catches SIGTERM from `with` to its end; the handler of before is back afterwards.

    Only the main thread may set handlers: elsewhere nothing is caught, and `requested` stays False. A second SIGTERM
    goes to the handler of before: whoever cannot wait for the step that runs is not kept waiting. Where it does not
    `insist`, it is one more of the same notice: several may tell a process of it at once.

    >>> import os
    >>> with Preemption() as notice:
    ...     os.kill(os.getpid(), signal.SIGTERM)
    ...     notice.requested
    True
    """

    def __init__(self, *, insists: bool = True) -> None:
        self.requested = False
        self._insists = insists
        self._before: Any = None
        self._caught = False

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGTERM, self._notice)
            self._caught = True
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._caught:
            signal.signal(signal.SIGTERM, self._before)

    def _notice(self, number: int, frame: FrameType | None) -> None:
        if self.requested and self._insists:
            signal.signal(signal.SIGTERM, self._before)
            signal.raise_signal(number)
        self.requested = True
