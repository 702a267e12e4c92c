"""`study_notes`: what the trials of a study say about how far its best one can be trusted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from hagane.counted import counted
from hagane.tuning.edge_notes import edge_notes
from hagane.tuning.study_record import COUNTED, StudyRecord
from hagane.tuning.trial import Trial

FEWEST_A_DIMENSION = 5
USUAL_A_DIMENSION = 10
"""What BigQuery ML asks for, and Loeppky, Sacks and Welch 2009, "Choosing the sample size of a computer experiment"."""
FEWEST_TRIALS = 4
"""Fewer are no search."""
FIRST = 1
"""The trial of the defaults."""


def study_notes(
    record: StudyRecord, best: Trial, can_be: Callable[[str, Any], bool] = lambda name, value: True
) -> Iterator[str]:
    """Sentences without a full stop: too few trials, a best one that is the first, ends of ranges.

    `can_be` says whether a hyperparameter may have a value beyond its range.
    """
    measured = [trial for trial in record.trials if trial.state in COUNTED]
    if any(name == "training.seed" for name in best.parameters):
        yield (
            "training.seed was searched: the best seed is the luckiest on the eval rows, and no model is better for it"
        )
    playing = sum(1 for dimension in record.dimensions if dimension.name in best.parameters)
    is_whole = _all_points(record) is not None and len(measured) >= (_all_points(record) or 0)
    if len(measured) < FEWEST_A_DIMENSION * playing and not is_whole:
        yield (
            f"{counted(len(measured), 'trial')} over {counted(playing, 'hyperparameter')} leave most of what was to be "
            f"searched untried; {USUAL_A_DIMENSION} a hyperparameter are usual ({USUAL_A_DIMENSION * playing:,})"
        )
    if best.id == FIRST and len(measured) >= FEWEST_TRIALS and len(record.objectives) == 1:
        yield "no trial was better than the first, with which the search started: the defaults are as good"
    yield from edge_notes(record.dimensions, best.parameters, can_be)


def _all_points(record: StudyRecord) -> int | None:
    """How many choices there are where none depends on another; None: a continuum, or they do."""
    points = 1
    for dimension in record.dimensions:
        if dimension.num_points is None or dimension.when:
            return None
        points *= dimension.num_points
    return points
