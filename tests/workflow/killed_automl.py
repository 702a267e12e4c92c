"""An AutoML run in a process of its own, to be killed: `python killed_automl.py WORKSPACE DATA`."""

from __future__ import annotations

import sys
from pathlib import Path

from hagane.progress import SILENT
from hagane.progress.events import Event, TrialStarted
from hagane.spec.spec import Model, Spec
from hagane.workflow.automl import automl
from hagane.workspace.workspace import Workspace


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Spoken:
    """Prints the trials that are begun."""

    phase, note = SILENT.phase, SILENT.note

    def tell(self, event: Event) -> None:
        if isinstance(event, TrialStarted):
            say(f"trial {event.trial}")


if __name__ == "__main__":
    options = {"budget": "1h", "families": ["boosted_tree", "linear"], "num_trials": 0}
    spec = Spec(data=sys.argv[2], name="m", label="late", exclude=("minutes",), model=Model(options=options))
    found = automl(spec, workspace=Workspace(Path(sys.argv[1])), progress=Spoken())
    say(f"done {found.trained.version.reference}")
