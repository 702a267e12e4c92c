"""`watch_canary`: whether a canary may take all traffic, has failed, or is watched on."""

from __future__ import annotations

from hagane.counted import counted
from hagane.errors import HaganeError
from hagane.monitoring.policy_state import PolicyState
from hagane.serving.endpoint_state import DeployedModel, EndpointState
from hagane.workflow.ab_test import MISMATCH, ab_test
from hagane.workflow.log_window import LogWindow
from hagane.workflow.policy.canary_figures import Answered, canary_figures, errs_more, is_slower
from hagane.workflow.policy.shift_traffic import promote, roll_back
from hagane.workflow.policy.turn import Turn, serving_model, told
from hagane.workflow.read_signature import read_signature

RESOLUTION_SHARE = 0.05
"""The smallest difference of an RMSE that matters, as a share of it: fixed by the evaluation, before the first look."""


def watch_canary(turn: Turn) -> None:
    """Promote the canary, roll it back, or wait. What people have done to the endpoint meanwhile is what counts."""
    state, endpoint = turn.state, turn.deployed()
    own = next((each for each in endpoint.models if each.reference == state.candidate), None)
    if own is None or own.traffic == 100:
        _note_by_hand(turn, endpoint, own)
        return
    try:
        failure, figures = look(turn, state, endpoint, own, serving_model(endpoint, besides=state.candidate))
    except HaganeError as error:
        _wait(turn, f"until more can be told of it: {told(error)}", {})
        return
    if failure:
        roll_back(turn, failure, figures)
        return
    missing = _missing(turn, state, figures)
    if missing:
        _wait(turn, missing, figures)
    elif turn.policy.approve.promote == "manual":
        turn.wait("promote", f"nothing speaks against it; a person is to say: hagane policy {turn.endpoint} promote")
    else:
        promote(turn, f"watched for {turn.policy.watch}: {_well(figures)}", figures)


def look(
    turn: Turn, state: PolicyState, endpoint: EndpointState, own: DeployedModel, serving: DeployedModel
) -> tuple[str, dict[str, float]]:
    """Why the canary has failed, or nothing; and what is known of it. Raises HaganeError where nothing can be."""
    for report in turn.workspace.endpoints.reports(endpoint.name):
        for status in report.models:
            if status.id == own.id and status.state == "END":
                return f"a server could not take it: {status.error}", {}
    signature = read_signature(own.path)
    ids = (serving.id, own.id)
    there, canary = canary_figures(turn.endpoint, ids, signature.label, since=state.since, workspace=turn.workspace)
    figures = {"rows": float(canary.num_rows), "serving_rows": float(there.num_rows),
               "labelled": float(canary.num_labelled), "errors": float(canary.num_errors)}  # fmt: skip
    if errs_more(there, canary):
        return f"it errs on more rows than {serving.reference}: {_errors(canary)} against {_errors(there)}", figures
    if is_slower(there, canary, turn.policy.max_slowdown):
        times = canary.percentile()[0] / there.percentile()[0]
        slow = f"it is slow: the 95th percentile of its run times is {times:.1f} times that of {serving.reference}"
        return slow, figures
    return _worse(turn, state, ids, signature.task, figures), figures


def _worse(turn: Turn, state: PolicyState, ids: tuple[str, str], task: str, figures: dict[str, float]) -> str:
    """By what came true of each one's own rows, at a level that holds at every look."""
    if not figures["labelled"]:
        return ""
    metric = "rmse" if task == "regression" else "accuracy"
    resolution = _resolution(turn) if metric == "rmse" else None
    test = ab_test(turn.endpoint, metric=metric, a=ids[0], b=ids[1], resolution=resolution,
                   window=LogWindow(state.since), workspace=turn.workspace)  # fmt: skip
    figures |= {f"serving_{metric}": test.a.value, metric: test.b.value}
    if test.sample_ratio is not None:
        figures["sample_ratio_p_value"] = test.sample_ratio.p_value
    return test.text if test.verdict == "a_is_better" else ""


def _resolution(turn: Turn) -> float:
    """By the RMSE of the serving model's own evaluation, which the watching does not change."""
    from hagane.workflow.model_facts import read_model_facts

    serving = turn.workspace.get(turn.state.serving)
    value = read_model_facts(serving.path).evaluation.metrics.get("root_mean_squared_error")
    return RESOLUTION_SHARE * value if value else 1.0


def _missing(turn: Turn, state: PolicyState, figures: dict[str, float]) -> str:
    """What it has to be watched for yet."""
    policy = turn.policy
    if turn.now - state.since < policy.seconds("watch") * 1e6:
        return f"until it has been watched for {policy.watch}"
    least = "labelled" if policy.watch_rows else "rows"
    if figures.get(least, 0.0) < max(1, policy.watch_rows):
        told_rows = f"{policy.watch_rows:,} labelled rows" if policy.watch_rows else "a row"
        return f"for {told_rows} that it answered"
    return ""


def _wait(turn: Turn, missing: str, figures: dict[str, float]) -> None:
    """Until patience ends."""
    if turn.now - turn.state.since > turn.policy.seconds("patience") * 1e6:
        roll_back(turn, f"it had not what it needs after {turn.policy.patience}: it waited {missing}", figures)
        return
    turn.wait("promote", missing, _well(figures))


def _well(figures: dict[str, float]) -> str:
    rows = f"{counted(int(figures.get('rows', 0)), 'row')}, {int(figures.get('labelled', 0)):,} of them labelled"
    for metric in ("accuracy", "rmse"):
        if metric in figures:
            rows += f", {metric} {figures[metric]:.4g} against {figures[f'serving_{metric}']:.4g}"
    is_mismatch = figures.get("sample_ratio_p_value", 1.0) < MISMATCH
    return f"{rows}; it did not get the share of the requests that the split says" if is_mismatch else rows


def _errors(answered: Answered) -> str:
    return f"{answered.num_errors:,} of {answered.num_rows:,}"


def _note_by_hand(turn: Turn, endpoint: EndpointState, own: DeployedModel | None) -> None:
    """Somebody has ended the watching."""
    who = endpoint.changed_by or "somebody"
    if own is None:
        turn.note("rollback", "done", f"{who} took it from the endpoint: {endpoint.change}")
    else:
        turn.note("promote", "done", f"{who} gave it all traffic: {endpoint.change}")
