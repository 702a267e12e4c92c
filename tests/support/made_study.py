"""`made_study`: a study that nobody ran, with every kind of hyperparameter and of trial."""

from __future__ import annotations

import datetime
import math
import random

from hagane.tuning.dimension import Dimension
from hagane.tuning.objective import Objective
from hagane.tuning.study_record import StudyRecord
from hagane.tuning.trial import Measurement, Trial, TrialState

BEGAN = datetime.datetime(2026, 11, 21, 19, 0, tzinfo=datetime.UTC)
BUCKETS = "ML.QUANTILE_BUCKETIZE(distance, 20) OVER ()"
DART = (("model.options.booster_type", ("dart",)),)
DIMENSIONS = (
    Dimension(name="model.options.learn_rate", low=0.001, high=0.3, scale="log", default=0.1),
    Dimension(name="model.options.max_tree_depth", low=1, high=10, default=6),
    Dimension(name="transform.route", low=64, high=1024, step=64, default=128),
    Dimension(name="model.options.booster_type", candidates=("gbtree", "dart"), default="gbtree"),
    Dimension(name="model.options.dropout", low=0.0, high=0.5, when=DART),
    Dimension(name="transform.distance", candidates=(BUCKETS, "distance", None)),
    Dimension(name="model.options.hidden_units", candidates=((64,), (64, 32), (128, 64, 32))),
)
SPEC = "data: flights.csv\nlabel: late\nmodel: {type: boosted_tree_classifier}\n"


def made_study(num_trials: int = 40, *, seed: int = 0, num_workers: int = 3, several: bool = False) -> StudyRecord:
    """The same study for the same arguments; half-way it was interrupted for three hours."""
    draw = random.Random(seed)
    free = [BEGAN] * num_workers
    trials = []
    for number in range(1, num_trials + 1):
        worker = min(range(num_workers), key=free.__getitem__)
        started = free[worker] + datetime.timedelta(hours=3 * (number == num_trials // 2))
        trial = _trial(number, draw)
        free[worker] = started + datetime.timedelta(seconds=draw.uniform(4, 20))
        trials.append(_timed(trial, started, free[worker]))
    objectives = (Objective("roc_auc", "MAXIMIZE"), Objective("model_bytes", "MINIMIZE"))[: 1 + several]
    return StudyRecord(name="late", objectives=objectives, dimensions=DIMENSIONS, trials=tuple(trials), rungs=(4, 16),
                       spec=SPEC)  # fmt: skip


def _timed(trial: Trial, started: datetime.datetime, ended: datetime.datetime) -> Trial:
    import msgspec

    return msgspec.structs.replace(trial, started=started, ended=ended)


def _trial(number: int, draw: random.Random) -> Trial:
    chosen = {
        "model.options.learn_rate": 0.1 if number == 1 else 10 ** draw.uniform(-3, -0.52),
        "model.options.max_tree_depth": draw.randint(1, 10),
        "transform.route": 64 * draw.randint(1, 16),
        "model.options.booster_type": draw.choice(["gbtree", "dart"]),
        "transform.distance": draw.choice([BUCKETS, "distance", None]),
        "model.options.hidden_units": draw.choice([[64], [64, 32], [128, 64, 32]]),
    }
    if chosen["model.options.booster_type"] == "dart":
        chosen["model.options.dropout"] = draw.uniform(0, 0.5)
    rate, depth = math.log10(chosen["model.options.learn_rate"]), chosen["model.options.max_tree_depth"]
    final = 0.82 - 0.05 * (rate + 1.2) ** 2 - 0.002 * (depth - 6) ** 2 + draw.gauss(0, 0.002)
    final = 0.2 if number == 7 else final
    state, length = TrialState.SUCCEEDED, 64
    if number % 9 == 0:
        state = TrialState.FAILED
    elif number % 11 == 0:
        state = TrialState.INFEASIBLE
    elif final < 0.79 and number > 8:
        state, length = TrialState.STOPPED, draw.choice([4, 16])
    curve = [Measurement(iteration=at, elapsed_seconds=at / 4, metrics={"roc_auc": final - 0.2 * math.exp(-at / 12)})
             for at in range(4, length + 1, 4)]  # fmt: skip
    has_value = state in (TrialState.SUCCEEDED, TrialState.STOPPED)
    last = {**curve[-1].metrics, "model_bytes": 5e3 * 2**depth}
    return Trial(
        id=number,
        parameters=chosen,
        state=state,
        measurements=tuple(curve) if has_value else (),
        final_measurement=Measurement(iteration=length, elapsed_seconds=length / 4, metrics=last)
        if has_value
        else None,
        best_iteration=length if has_value else None,
        error="TrainingError: the loss became nan: step 3" if state is TrialState.FAILED else "",
        infeasible_reason="dropout needs booster_type dart" if state is TrialState.INFEASIBLE else "",
        num_columns=9,
        num_cached=draw.randint(5, 9),
        continued_from=4 if number == 13 else None,
    )
