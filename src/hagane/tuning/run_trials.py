"""`run_trials`: the trials of a search, one after another, in this process."""

from __future__ import annotations

import time

from hagane.errors import PreemptedError
from hagane.tuning.run_trial import RunTrial
from hagane.tuning.search import Search

WAIT_SECONDS = 0.5
"""How often it is looked whether another machine has left a trial."""


def run_trials(search: Search, run: RunTrial) -> None:
    """Until there are no more. Whatever breaks in a trial ends that trial alone; an interruption gives it back."""
    while True:
        begun = search.next_trial()
        if begun is None and search.is_waiting:
            time.sleep(WAIT_SECONDS)
            continue
        if begun is None:
            return
        try:
            outcome = run(begun.id, begun.parameters, lambda measured, begun=begun: search.measured(begun, measured))  # type: ignore[misc]
        except PreemptedError:
            search.give_back(begun)
            raise
        except Exception as error:
            search.failed(begun, error)
        else:
            search.ended(begun, outcome)
