"""`TrialWorker`: a process that runs one trial after another, seen from the study."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from hagane.signal_name import signal_name
from hagane.tuning.trial import Trial
from hagane.tuning.worker_messages import FromWorker, RunIt, ToWorker, line_of

LAST_SECONDS = 3.0
LAST_BYTES = 4_096


class TrialWorker:
    """The process of `command`: it reads from its standard input and writes to its standard output.

    What it says otherwise goes into the file `log`. It has `num_threads` cores for itself.
    """

    def __init__(self, command: Sequence[str], log: Path, *, num_threads: int) -> None:
        self.trial: Trial | None = None
        """The one that it runs; None: it waits for one, or has not begun yet."""
        self.is_ready = False
        self._log, self._text = log, b""
        threads = {name: str(num_threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
        python_path = os.pathsep.join(filter(None, sys.path))
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, **threads, "PYTHONPATH": python_path},
                start_new_session=True,  # Ctrl-C is the study's to answer
            )

    @property
    def process(self) -> int:
        """Its number."""
        return self._process.pid

    def fileno(self) -> int:
        """What can be waited for: it has something to say, or has ended."""
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    def run(self, trial: Trial) -> None:
        """Begin a trial."""
        self.trial = trial
        self.tell(RunIt(trial.id, trial.parameters))

    def tell(self, message: ToWorker) -> None:
        """Nobody hears it where the process has ended: that shows when it is listened to."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(line_of(message))
            self._process.stdin.flush()

    def heard(self) -> list[FromWorker] | None:
        """What it has said since, once `fileno` can be read; None: it has ended, or does not speak our language."""
        told = os.read(self.fileno(), 1 << 16)
        if not told:
            return None
        *lines, self._text = (self._text + told).split(b"\n")
        try:
            return [msgspec.json.decode(line, type=FromWorker) for line in lines]
        except msgspec.DecodeError:
            return None

    def end(self, *, ends_itself: bool = False) -> str:
        """End the process, if it has not ended or does not end itself, and say how it did."""
        if not ends_itself:
            self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(LAST_SECONDS)
        self._process.kill()
        code = self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        how = f"its process was ended by {signal_name(-code)}" if code < 0 else f"its process ended with code {code}"
        if code == -signal.SIGKILL:
            how += " (the system does that where the memory is not enough)"
        last = self._last_line()
        return f"{how}: {last}" if last else how

    def _last_line(self) -> str:
        """The last that it said of itself."""
        with self._log.open("rb") as log:
            log.seek(max(0, self._log.stat().st_size - LAST_BYTES))
            lines = log.read().decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")
