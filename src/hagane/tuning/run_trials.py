"""`run_trials`: the trials of a search, one after another, in this process."""

from __future__ import annotations

from hagane.errors import PreemptedError
from hagane.tuning.run_trial import RunTrial
from hagane.tuning.search import Search


def run_trials(search: Search, run: RunTrial) -> None:
    """Until there are no more. Whatever breaks in a trial ends that trial alone; an interruption gives it back."""
    while (trial := search.next_trial()) is not None:
        begun = trial
        try:
            outcome = run(begun.id, begun.parameters, lambda measured, begun=begun: search.measured(begun, measured))  # type: ignore[misc]
        except PreemptedError:
            search.give_back(begun)
            raise
        except Exception as error:
            search.failed(begun, error)
        else:
            search.ended(begun, outcome)
