"""What the trials of a study say of how far its best one can be trusted."""

from __future__ import annotations

from typing import Any

import pytest

from hagane.tuning.dimension import Dimension
from hagane.tuning.edge_notes import edge_notes
from hagane.tuning.objective import Objective
from hagane.tuning.study_notes import study_notes
from hagane.tuning.study_record import StudyRecord
from hagane.tuning.trial import Measurement, Trial, TrialState

RATE = Dimension(name="model.options.learn_rate", low=0.001, high=0.1, scale="log")
DEPTH = Dimension(name="model.options.max_tree_depth", low=2, high=10)
SHARE = Dimension(name="model.options.subsample", low=0.0, high=1.0)
BUCKETS = Dimension(name="transform.age", candidates=(5, 10, 20))
CODE = Dimension(name="transform.code", low=8, high=4096, scale="log")


@pytest.mark.parametrize(("dimension", "value", "told"), [
    (RATE, 0.0999, "try up to 1"),
    (RATE, 0.00101, "try down to 0.0001"),
    (RATE, 0.01, None),
    (RATE, 0.002, None),  # near the end on a linear scale alone
    (DEPTH, 10, "try up to 14"),
    (DEPTH, 9, None),
    (DEPTH, 2, "try down to 1"),
    (SHARE, 0.99, "try up to 1.5"),
    (SHARE, 0.0, None),  # what is not negative ends there
    (BUCKETS, 20, "try up to 28"),
    (BUCKETS, 10, None),
    (CODE, 4000, "try up to 92,680"),
    (Dimension(name="x", low=0.0, high=0.9, scale="linear"), True, None),
    (Dimension(name="x", candidates=("a", "b", "c")), "c", None),
    (Dimension(name="x", candidates=(1, 2)), 2, None),
    (Dimension(name="x", low=0.5, high=0.99, scale="reverse_log"), 0.989, "try up to 1.235"),
])  # fmt: skip
def test_ends_of_ranges(dimension: Dimension, value: Any, told: str | None) -> None:
    notes = list(edge_notes([dimension], {dimension.name: value}))
    assert len(notes) == (told is not None)
    assert told is None or notes[0].endswith(told)


def test_beyond_what_can_be_there_is_no_edge() -> None:
    assert not list(edge_notes([SHARE], {SHARE.name: 1.0}, lambda name, value: value <= 1))


def record_of(values: list[float], dimensions: tuple[Dimension, ...], parameters: dict[str, Any]) -> StudyRecord:
    trials = tuple(
        Trial(id=i + 1, parameters=parameters, state=TrialState.SUCCEEDED,
              final_measurement=Measurement(iteration=0, elapsed_seconds=1.0, metrics={"roc_auc": value}))
        for i, value in enumerate(values)
    )  # fmt: skip
    return StudyRecord(name="s", objectives=(Objective("roc_auc", "MAXIMIZE"),), dimensions=dimensions, trials=trials)


def test_few_trials_and_a_first_one_that_stays_the_best() -> None:
    record = record_of([0.9, 0.8, 0.7, 0.6], (RATE, DEPTH), {RATE.name: 0.01, DEPTH.name: 5})
    notes = list(study_notes(record, record.trials[0]))
    assert len(notes) == 2
    assert notes[0].startswith("4 trials over 2 hyperparameters leave most")
    assert notes[1].startswith("no trial was better than the first")
    assert len(list(study_notes(record, record.trials[1]))) == 1


def test_a_space_that_was_tried_whole_is_not_left_untried() -> None:
    record = record_of([0.7, 0.8, 0.75], (BUCKETS,), {BUCKETS.name: 10})
    assert list(study_notes(record, record.trials[1])) == []


def test_a_lucky_seed_is_told() -> None:
    seeds = Dimension(name="training.seed", low=1, high=9)
    record = record_of([0.7] * 10, (seeds,), {"training.seed": 4})
    assert "luckiest" in next(study_notes(record, record.trials[1]))
