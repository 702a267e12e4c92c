"""`evaluate_candidate`: the candidate held against the serving model, on rows newer than the training of either."""

from __future__ import annotations

from typing import NamedTuple

from hagane.counted import counted
from hagane.errors import Fault, HaganeError, SpecError, nearest
from hagane.evaluation.comparison import Comparison, PairedTest
from hagane.evaluation.metric_info import metric_info
from hagane.number_text import brief_text
from hagane.spec.policy import Policy
from hagane.workflow.compare import compare_models
from hagane.workflow.log_window import LogWindow
from hagane.workflow.model_facts import ModelFacts, read_model_facts
from hagane.workflow.policy.labelled_log import LabelledLog
from hagane.workflow.policy.turn import Turn, serving_model, told

_TESTS = {"delong": "DeLong", "mcnemar": "McNemar", "bootstrap": "paired bootstrap"}
LEAST_P_VALUE = 1e-6
"""Smaller ones are no more sure: the tests are asymptotic, or drawn."""


class Verdict(NamedTuple):
    """What the paired test says of the candidate."""

    is_accepted: bool
    why: str
    figures: dict[str, float]


def evaluate_candidate(turn: Turn) -> None:
    """Accept the candidate, reject it, or wait for labelled rows."""
    try:
        _evaluate(turn)
    except HaganeError as error:
        if turn.is_by_hand:
            raise
        turn.note("evaluate", "failed", told(error))


def _evaluate(turn: Turn) -> None:
    state = turn.state
    serving = serving_model(turn.deployed(), besides=state.candidate)
    facts = read_model_facts(serving.path)
    metric = turn.policy.metric or facts.evaluation.headline()[0]
    log, window = LabelledLog(turn.endpoint, facts.bundle.signature, turn.workspace), LogWindow(state.rows_after + 1)
    num_rows = log.num_rows(window)
    if num_rows < (2 if turn.is_by_hand else turn.policy.min_rows):
        _wait(turn, f"there {'is' if num_rows == 1 else 'are'} {num_rows:,}")
        return
    names = (serving.reference, state.candidate)
    found = compare_models(names, data=log.newest(window), workspace=turn.workspace, progress=turn.progress)
    test = _test(found, facts, metric)
    if test is None:
        _wait(turn, f"{metric} is undefined on the {num_rows:,} that there are")
        return
    verdict = judged(found, test, turn.policy)
    evaluated = turn.step("evaluate", "done", verdict.why, serving=serving.reference,
                          is_accepted=verdict.is_accepted, figures=verdict.figures)  # fmt: skip
    rejected = turn.step("reject", "done", "not what the policy requires")
    turn.journal.add(evaluated, *(() if verdict.is_accepted else (rejected,)))


def judged(found: Comparison, test: PairedTest, policy: Policy) -> Verdict:
    """Whether the candidate is better, or not worse, beyond noise: where its gain's 95 % interval begins.

    A gain is positive where the candidate is better, whichever way the metric goes.
    """
    info = metric_info(test.metric)
    sign = 1.0 if info.higher_is_better else -1.0
    assert test.interval is not None
    low, high = sorted((sign * test.interval.low, sign * test.interval.high))
    values = next(each.values for each in found.metrics if each.name == test.metric)
    least = 0.0 if policy.require == "better" else -policy.margin
    is_accepted = low > least
    word = _word(low, high, policy, is_accepted=is_accepted)
    against = f"{found.models[0]} on {counted(found.num_rows[0], 'labelled row')} that neither was trained on"
    why = (
        f"{word} {against}: {info.title} "
        f"{brief_text(values[1])} against {brief_text(values[0])}, gain {sign * test.difference:+.4g} "
        f"(95 %: {low:+.4g} to {high:+.4g}, p {_p_text(test.p_value)}, {_TESTS[test.test]})"
    )
    figures = {"num_rows": float(found.num_rows[0]), "serving": values[0], "candidate": values[1],
               "gain": sign * test.difference, "low": low, "high": high, "p_value": test.p_value}  # fmt: skip
    return Verdict(is_accepted, why, {name: value for name, value in figures.items() if value is not None})


def _word(low: float, high: float, policy: Policy, *, is_accepted: bool) -> str:
    """What the interval of the gain says, as the policy asked."""
    if low > 0:
        return "better than"
    if policy.require == "not_worse" and (is_accepted or high >= 0):
        return f"{'not' if is_accepted else 'perhaps'} worse by more than {policy.margin:g}, beside"
    return "worse than" if high < 0 else "no better than noise allows, beside"


def _p_text(value: float) -> str:
    return f"= {value:.2g}" if value >= LEAST_P_VALUE else f"< {LEAST_P_VALUE:g}"


def _test(found: Comparison, facts: ModelFacts, metric: str) -> PairedTest | None:
    """The test by the metric; None where these rows do not define it. Raises SpecError where no rows could."""
    tests = {test.metric: test for test in found.shown_tests() if test.interval is not None}
    if not tests:
        raise SpecError(Fault(what="; ".join(found.notes) or "the models cannot be held against each other"))
    if metric not in tests and metric not in facts.evaluation.metrics:
        known = sorted(tests)
        raise SpecError(Fault(what=f"models are not measured by {metric!r}", where="monitoring.policy.metric",
                              expected=", ".join(known), nearest=nearest(metric, known)))  # fmt: skip
    return tests.get(metric)


def _wait(turn: Turn, so_far: str) -> None:
    """For labelled rows, until patience ends."""
    if turn.is_by_hand:
        what = "there are too few labelled rows that are newer than its training"
        raise SpecError(Fault(what=what, expected="2 or more, of every class", received=so_far))
    if turn.now - turn.state.since > turn.policy.seconds("patience") * 1e6:
        turn.note("reject", "done", f"its evaluation had not the rows it needs after {turn.policy.patience}: {so_far}")
        return
    least = f"{turn.policy.min_rows:,} labelled rows that are newer than its training"
    turn.wait("evaluate", f"for {least}", so_far)
