"""A worker of tests: `python -m tests.tuning.worker KIND FOLDER`: what it trains is a sphere."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hagane.tuning.run_trial import InfeasibleTrialError, Report, TrialOutcome
from hagane.tuning.serve_trials import serve_trials
from hagane.tuning.trial import Measurement

KIND, FOLDER = "", Path()


def run(number: int, parameters: Mapping[str, Any], report: Report) -> TrialOutcome:
    began = FOLDER / f"began-{number}-{len([*FOLDER.glob(f'began-{number}-*')])}"
    began.write_text(str(os.getpid()))
    if KIND == "kill" and number == 2:
        sys.stderr.write("no more memory\n")
        sys.stderr.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    if KIND == "once" and number == 2 and began.name.endswith("-0"):
        os._exit(3)
    if KIND == "break" and number % 2:
        raise InfeasibleTrialError("odd")
    while KIND == "pairs" and len([*FOLDER.glob("began-*")]) < 2:  # for ever, were there one process alone
        time.sleep(0.01)
    if KIND == "hang":
        time.sleep(600)
    sys.stdout.write("a library that talks\n")
    sys.stdout.flush()
    value = (parameters["x"] - 0.7) ** 2 + (parameters["y"] + 0.4) ** 2
    for iteration in range(1, 9):
        if report(Measurement(iteration=iteration, elapsed_seconds=0.0, metrics={"log_loss": value + 1 / iteration})):
            return TrialOutcome(metrics={"log_loss": value}, best_iteration=iteration, stopped=True)
    return TrialOutcome(metrics={"log_loss": value}, best_iteration=8, num_columns=int(os.environ["OMP_NUM_THREADS"]))


if __name__ == "__main__":
    KIND, FOLDER = sys.argv[1], Path(sys.argv[2])
    if KIND == "never":
        sys.stderr.write("cannot begin\n")
        sys.exit(7)
    writing = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve_trials(run, os.fdopen(os.dup(0), "rb"), writing)
