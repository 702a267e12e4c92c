"""A study that is to be killed: `python -m tests.workflow.studied WORKSPACE [WORKERS]`.

Of a spec in a process of its own, as a user's command would run it.
"""

from __future__ import annotations

import sys

from hagane.spec.spec import Model, Spec, Split
from hagane.spec.tuning import TrialStopping, Tuning
from hagane.workflow.tune import TuneResult, tune
from hagane.workspace.workspace import Workspace

NUM_TRIALS = 6


def studied(workspace: Workspace, data: str, num_workers: int = 1) -> TuneResult:
    return tune(spec_of(data, num_workers), workspace=workspace)


def spec_of(data: str, num_workers: int = 1) -> Spec:
    return Spec(
        data=data,
        label="value",
        name="killed",
        transform={"x": "ML.QUANTILE_BUCKETIZE(x, HPARAM_RANGE(2, 30)) OVER ()", "k": "k"},
        split=Split(test_fraction=0.2, eval_fraction=0.2),
        model=Model(type="boosted_tree_regressor",
                    options={"max_iterations": 40, "learn_rate": "HPARAM_RANGE(0.05, 0.3)"}),
        tuning=Tuning(num_trials=NUM_TRIALS, algorithm="random", max_parallel_trials=num_workers,
                      stopping=TrialStopping(method="none")),
    )  # fmt: skip


if __name__ == "__main__":
    studied(Workspace(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
