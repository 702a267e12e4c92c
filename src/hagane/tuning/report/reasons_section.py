"""`reasons_section`: why some trials have no value."""

from __future__ import annotations

from collections.abc import Sequence

from hagane.names_text import names_text
from hagane.page.markup import Markup, element
from hagane.page.pieces import card
from hagane.tuning.reasons import reasons
from hagane.tuning.study_record import StudyRecord

MOST_NAMED = 12


def reasons_section(record: StudyRecord) -> Markup | None:
    """What kept trials from a value, each reason once with the trials that had it; None where all have one."""
    found = reasons(record.trials)
    if not found:
        return None
    items = [element("li", element("b", f"{each.state}, {_trials(each.trials)}: "), each.text) for each in found]
    note = "Infeasible values belong to no training; what failed broke on the way. The study went on."
    return card("Trials without a value", element("ul", *items, class_="said"), note=note, span="wide")


def _trials(numbers: Sequence[int]) -> str:
    return ("trial " if len(numbers) == 1 else "trials ") + names_text([str(each) for each in numbers], MOST_NAMED)
