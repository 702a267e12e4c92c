"""One of several machines at work on a study: `python -m tests.tuning.machine URL FOLDER NUM_TRIALS KIND`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.tuning.studies import SQUARE, sphere, study_of

from hagane.tuning import liveness, run_trials
from hagane.tuning.open_study import open_or_make_study
from hagane.tuning.run_trial import Report, TrialOutcome
from hagane.tuning.search import Search

FOLDER, KIND = Path(), ""


def run(number: int, parameters: Mapping[str, Any], report: Report) -> TrialOutcome:
    (FOLDER / f"{number}-{os.getpid()}").touch()
    while KIND == "both" and len({path.name.partition("-")[2] for path in FOLDER.iterdir()}) < 2:
        time.sleep(0.01)  # for ever, were there one alone
    while KIND == "dies" and number == 2:
        time.sleep(0.1)  # until it is killed
    return TrialOutcome(metrics={"log_loss": sphere(parameters)})


if __name__ == "__main__":
    URL, FOLDER, NUM_TRIALS, KIND = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    liveness.BEAT_SECONDS, liveness.STALE_SECONDS, run_trials.WAIT_SECONDS = 0.2, 2.0, 0.1
    about = study_of(None, SQUARE).about
    with closing(open_or_make_study(URL, about)) as study, Search(study, num_trials=NUM_TRIALS) as search:
        run_trials.run_trials(search, run)
