"""What decides on candidates and canaries, against other ways to the same figures, and by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from hagane.evaluation.compare_scores import compare_scores
from hagane.evaluation.comparison import Comparison, PairedTest
from hagane.spec.policy import Policy
from hagane.workflow.policy.canary_figures import Answered, errs_more, is_slower
from hagane.workflow.policy.evaluate_candidate import judged

NONE = np.zeros(0)


def compared(noise: float, num_rows: int = 600, seed: int = 0) -> tuple[Comparison, dict[str, PairedTest]]:
    """A regressor whose errors have a deviation of 1, and a candidate's."""
    random = np.random.default_rng(seed)
    labels = random.normal(0, 3, num_rows)
    scores = {"late@3": labels + random.normal(0, 1, num_rows), "late@4": labels + random.normal(0, noise, num_rows)}
    found = compare_scores(labels, scores, task="regression")
    return found, {test.metric: test for test in found.shown_tests()}


@pytest.mark.parametrize(("metric", "sign"), [("r2_score", 1), ("root_mean_squared_error", -1)])
def test_a_gain_is_positive_whichever_way_the_metric_goes(metric: str, sign: int) -> None:
    found, tests = compared(0.5)
    verdict = judged(found, tests[metric], Policy())
    assert verdict.is_accepted
    values = dict(zip(found.models, next(each.values for each in found.metrics if each.name == metric), strict=True))
    assert values["late@3"] is not None
    assert values["late@4"] is not None
    gain = sign * (values["late@4"] - values["late@3"])
    assert verdict.figures["gain"] == pytest.approx(gain)
    assert 0 < verdict.figures["low"] < gain < verdict.figures["high"]
    assert verdict.why.startswith("better than late@3 on 600 labelled rows that neither was trained on")
    worse, tests = compared(2.0)
    verdict = judged(worse, tests[metric], Policy(require="not_worse", margin=0.001))
    assert (verdict.is_accepted, verdict.why[:5]) == (False, "worse")


def test_not_worse_allows_a_margin_and_better_does_not() -> None:
    found, tests = compared(1.0, seed=3)
    test = tests["root_mean_squared_error"]
    assert not judged(found, test, Policy()).is_accepted
    verdict = judged(found, test, Policy(require="not_worse", margin=0.3))
    assert verdict.is_accepted
    assert verdict.why.startswith("not worse by more than 0.3, beside late@3")
    narrow = judged(found, test, Policy(require="not_worse", margin=1e-6))
    assert not narrow.is_accepted
    assert narrow.why.startswith("perhaps worse by more than 1e-06")


def test_candidates_that_are_as_good_are_seldom_accepted() -> None:
    """The lower end of a 95 % interval is above 0 in 2.5 % of such evaluations."""
    accepted = 0
    for seed in range(60):
        found, tests = compared(1.0, num_rows=200, seed=seed)
        accepted += judged(found, tests["root_mean_squared_error"], Policy()).is_accepted
    assert accepted <= 6, "P(more of 60) < 0.1 % at 2.5 %"


def test_the_interval_of_a_percentile_holds_it() -> None:
    """Of 99 %, by simulation: the 95th percentile of an exponential distribution is ln 20."""
    random = np.random.default_rng(0)
    held = 0
    for _ in range(2000):
        _, low, high = Answered(0, 0, 0, random.exponential(size=300)).percentile()
        held += low <= np.log(20) <= high
    assert held / 2000 > 0.98
    assert Answered(0, 0, 0, np.ones(20)).percentile()[2] == np.inf, "too few to say how slow it can be"


def test_who_is_slow_and_who_only_looks_so() -> None:
    random = np.random.default_rng(1)
    times = [Answered(0, 0, 0, scale * random.exponential(size=500)) for scale in (1.0, 1.0, 5.0)]
    assert not is_slower(times[0], times[1], 2.0)
    assert is_slower(times[0], times[2], 2.0)
    assert not is_slower(Answered(0, 0, 0, NONE), times[2], 2.0), "nothing is known of the other"


def test_row_errors_that_are_noise_end_no_canary() -> None:
    """Looked at 40 times each: of 300 canaries that err as often as the serving model, one in a hundred may go."""
    random = np.random.default_rng(2)
    ended = 0
    for _ in range(300):
        sides = np.cumsum(random.random((2, 4000)) < 0.02, axis=1)
        looks = range(100, 4001, 100)
        ended += any(
            errs_more(Answered(n, int(sides[0, n - 1]), 0, NONE), Answered(n, int(sides[1, n - 1]), 0, NONE))
            for n in looks
        )
    assert ended <= 9
    assert errs_more(Answered(1000, 20, 0, NONE), Answered(1000, 80, 0, NONE))
