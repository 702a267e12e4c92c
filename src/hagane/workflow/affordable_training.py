"""`affordable_training`: how the models that were chosen are trained in the time that is left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from hagane.tuning.time_plan import SAFETY
from hagane.workflow.automl_candidate import TriedModel
from hagane.workflow.compared_rows import ComparedRows

OF_ROUNDS = 1.1
"""The same of rounds of trees, whose last one may be any: those of which too many were foreseen are ended in time."""
MORE_ROUNDS = 0.3
"""Trees on n times the rows take about n to this power as many rounds."""
LONGEST = 1.5
"""Rounds are cut where fewer than so many times those that were best can be afforded."""
MOST_FASTER = 4.0
"""The learn rate is raised at most so many times for want of rounds."""
LARGEST_RATE = 0.3
MOST_BEFORE = 5.0
"""Reading and encoding is shared and on every core: on many more rows it takes at most so many times as long."""
FEWEST_ROUNDS = 25
"""Fewer are no model: rather more time than was given."""


class AffordableTraining(NamedTuple):
    """What can be trained."""

    members: list[tuple[TriedModel, float]]
    """With their shares, which add up to 1; of options with which they are done in time."""
    shares: dict[str, float]
    """The key of the candidate that was tried → its share."""
    num_folds: int
    """Models of each; 0: one, watched by the eval rows."""
    because: tuple[str, ...]


def affordable_training(
    chosen: Sequence[tuple[TriedModel, float]], *, seconds: float, rows: ComparedRows, max_folds: int
) -> AffordableTraining:
    """As many models as are done in `seconds`: members with the least to say go first, then folds, then rounds.

    They were tried on `rows`.
    """
    kept, because = sorted(chosen, key=lambda each: -each[1]), []
    while len(kept) > 1 and SAFETY * sum(training_seconds(tried, rows) for tried, _ in kept) > seconds:
        least, _ = kept.pop()
        because.append(f"{least.candidate.name} left out: too little time is left to train it again")
    total = sum(own for _, own in kept)
    kept = [(tried, own / total) for tried, own in kept]
    shares = {tried.candidate.key: own for tried, own in kept}
    each = SAFETY * sum(training_seconds(tried, rows) for tried, _ in kept)
    num_folds = min(max_folds, int(seconds / max(each, 1e-9)))
    if num_folds >= 2 and not all(_is_linear(tried) for tried, _ in kept):
        because.append(f"{num_folds} models of each, every one trained without a fold of the rows and stopped by it: "
                       "their mean varies less, and eval rows are trained on, too")  # fmt: skip
        return AffordableTraining(kept, shares, num_folds, tuple(because))
    if len(kept) == 1 and each > seconds and kept[0][0].candidate.model_type.startswith("boosted_tree"):
        cut, reason = _cut(kept[0][0], rows, seconds)
        return AffordableTraining([(cut, 1.0)], shares, 0, (*because, *reason))
    return AffordableTraining(kept, shares, 0, tuple(because))


def training_seconds(tried: TriedModel, rows: ComparedRows) -> float:
    """What one fit to all rows is foreseen to take, by the trial of it."""
    if tried.iteration_seconds is None or tried.num_iterations is None:
        return tried.fit_seconds / rows.share
    grown = _more_rounds(rows.share) if tried.candidate.model_type.startswith("boosted_tree") else 1.0
    before, a_round = _costs(tried, rows)
    return before + tried.num_iterations * grown * a_round


def _costs(tried: TriedModel, rows: ComparedRows) -> tuple[float, float]:
    """Seconds before the first iteration, and of each, on all rows."""
    a_round = (tried.seconds_of(1) - tried.seconds_of(0)) * (rows.slowdown or 1 / rows.share)
    return tried.seconds_of(0) * min(1 / rows.share, MOST_BEFORE), a_round


def _more_rounds(share: float) -> float:
    return float((1 / share) ** MORE_ROUNDS)


def _is_linear(tried: TriedModel) -> bool:
    return tried.candidate.model_type in ("linear_reg", "logistic_reg")


def _cut(tried: TriedModel, rows: ComparedRows, seconds: float) -> tuple[TriedModel, tuple[str, ...]]:
    """The same model with fewer, larger steps."""
    before, a_round = _costs(tried, rows)
    affordable = max(FEWEST_ROUNDS, int((seconds / OF_ROUNDS - before) / a_round))
    wanted = LONGEST * max(1, tried.best_iteration or 1) * _more_rounds(rows.share)
    options = dict(tried.candidate.options)
    if affordable >= min(wanted, options.get("max_iterations", 1000)):
        return tried, ()
    faster = min(MOST_FASTER, wanted / affordable)
    rate = round(min(LARGEST_RATE, options.get("learn_rate", 0.05) * faster), 3)
    options |= {"max_iterations": affordable, "learn_rate": rate}
    told = f"at most {affordable} rounds with a learn rate of {rate:g}: more would take longer than there is time"
    return replace(tried, candidate=replace(tried.candidate, options=options)), (told,)
