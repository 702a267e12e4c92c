"""`reasons`: why trials have no value, each reason once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hagane.tuning.states_text import STATES
from hagane.tuning.trial import Trial, TrialState


class Reason(NamedTuple):
    """What kept some trials from a value."""

    state: str
    """As people call it."""
    text: str
    trials: tuple[int, ...]
    """Their numbers."""


def reasons(trials: Sequence[Trial]) -> list[Reason]:
    """Of trials that failed or were infeasible, what most of them had first.

    >>> failed = [Trial(id=n, parameters={}, state=TrialState.FAILED, error="out of memory") for n in (2, 5)]
    >>> reasons(failed)
    [Reason(state='failed', text='out of memory', trials=(2, 5))]
    """
    found: dict[tuple[str, str], list[int]] = {}
    for trial in trials:
        if trial.state in (TrialState.FAILED, TrialState.INFEASIBLE):
            text = trial.error or trial.infeasible_reason or "no reason is known"
            found.setdefault((STATES[trial.state], text), []).append(trial.id)
    ordered = sorted(found.items(), key=lambda each: (-len(each[1]), each[1]))
    return [Reason(state, text, tuple(numbers)) for (state, text), numbers in ordered]
