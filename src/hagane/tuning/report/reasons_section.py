"""`reasons_section`: why some trials have no value."""

from __future__ import annotations

from collections.abc import Sequence

from hagane.page.markup import Markup, element
from hagane.page.pieces import card
from hagane.tuning.states_text import STATES
from hagane.tuning.study_record import StudyRecord
from hagane.tuning.trial import TrialState

MOST_NAMED = 12


def reasons_section(record: StudyRecord) -> Markup | None:
    """What kept trials from a value, each reason once with the trials that had it; None where all have one."""
    reasons: dict[tuple[str, str], list[int]] = {}
    for trial in record.trials:
        if trial.state in (TrialState.FAILED, TrialState.INFEASIBLE):
            why = trial.error or trial.infeasible_reason or "no reason is known"
            reasons.setdefault((STATES[trial.state], why), []).append(trial.id)
    if not reasons:
        return None
    items = [
        element("li", element("b", f"{state}, {_numbers(ids)}: "), why)
        for (state, why), ids in sorted(reasons.items(), key=lambda each: (-len(each[1]), each[1]))
    ]
    note = "Infeasible values belong to no training; what failed broke on the way. The study went on."
    return card("Trials without a value", element("ul", *items, class_="said"), note=note, span="wide")


def _numbers(ids: Sequence[int]) -> str:
    named = ", ".join(map(str, ids[:MOST_NAMED]))
    rest = len(ids) - MOST_NAMED
    return f"{'trial' if len(ids) == 1 else 'trials'} {named}" + (f" and {rest} more" if rest > 0 else "")
