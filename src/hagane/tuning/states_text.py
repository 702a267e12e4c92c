"""`states_text`: how many trials of a study there are of each kind."""

from __future__ import annotations

from collections.abc import Sequence

from hagane.counted import counted
from hagane.tuning.trial import Trial, TrialState

STATES = {
    TrialState.SUCCEEDED: "succeeded",
    TrialState.STOPPED: "stopped early",
    TrialState.INFEASIBLE: "infeasible",
    TrialState.FAILED: "failed",
    TrialState.ACTIVE: "running",
    TrialState.REQUESTED: "requested",
}
"""What people call them."""


def states_text(trials: Sequence[Trial]) -> str:
    """The states that occur, those first that are hoped for.

    >>> states_text([Trial(id=1, parameters={}, state=TrialState.SUCCEEDED), Trial(id=2, parameters={})])
    '2 trials: 1 succeeded, 1 requested'
    """
    counts = {state: sum(trial.state is state for trial in trials) for state in STATES}
    told = [f"{count:,} {STATES[state]}" for state, count in counts.items() if count]
    return counted(len(trials), "trial") + (f": {', '.join(told)}" if told else "")
