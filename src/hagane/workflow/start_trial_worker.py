"""A process that runs trials of a study: `python -P -m hagane.workflow.start_trial_worker FOLDER PARENT`.

It ends with `PARENT` from its first moment on. Its standard output is the study's: whatever else writes to it, a
library say, writes to its log.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from hagane.parent_death import ParentDeath


def main(folder: Path) -> None:
    """Run the trials that the study asks for; `folder` has the order (`hagane.workflow.trial_workers`)."""
    writing = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    reading = os.fdopen(os.dup(0), "rb")
    from hagane.tuning.serve_trials import serve_trials
    from hagane.workflow.trial_workers import read_order

    serve_trials(read_order(folder), reading, writing)


if __name__ == "__main__":
    ParentDeath(int(sys.argv[2]))()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    main(Path(sys.argv[1]))
