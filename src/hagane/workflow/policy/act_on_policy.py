"""`act_on_policy`: what an endpoint's policy does now, from one step to the next until it has to wait."""

from __future__ import annotations

import time
from collections.abc import Callable

from hagane.bundle.manifest import read_verified
from hagane.counted import counted
from hagane.errors import Fault, SpecError
from hagane.monitoring.alert import Alert
from hagane.monitoring.policy_state import Phase, PolicyState
from hagane.monitoring.policy_step import Action
from hagane.progress import SILENT, Progress
from hagane.spec.monitoring import Monitoring
from hagane.spec.policy import Policy
from hagane.spec.read_yaml import read_yaml
from hagane.workflow.monitor import MonitorReport, monitor
from hagane.workflow.policy.deploy_canary import deploy_canary
from hagane.workflow.policy.evaluate_candidate import evaluate_candidate
from hagane.workflow.policy.policy_report import PolicyReport
from hagane.workflow.policy.retrain_candidate import begin_retraining, resume_retraining
from hagane.workflow.policy.shift_traffic import promote, roll_back
from hagane.workflow.policy.turn import Turn, serving_model
from hagane.workflow.policy.watch_canary import watch_canary
from hagane.workspace.policy_journal import PolicyJournal
from hagane.workspace.workspace import Workspace

MOST_STEPS = 10
"""Of one call: more would be a machine that does not end."""


def act_on_policy(
    endpoint: str,
    *,
    workspace: Workspace,
    report: MonitorReport | None = None,
    now: int | None = None,
    progress: Progress = SILENT,
) -> PolicyReport:
    """Take every step that the policy of the serving model's spec can take now.

    `report` is what monitoring found against the rows of training; by default it is looked for. What an earlier call
    had begun when its process ended is found out, and gone on with. Raises NotFoundError for an endpoint that there is
    not, SpecError where the serving model declares no policy, StorageError where another process acts.
    """
    turn = new_turn(endpoint, workspace=workspace, now=now, progress=progress)
    if turn is None:
        step = "add it to the spec and train: monitoring: {policy: {retrain_after: 3}}"
        raise SpecError(Fault(what=f"the model that serves '{endpoint}' declares no policy", where="monitoring.policy",
                              next_step=step))  # fmt: skip
    with turn.journal.acting():
        before = turn.journal.steps()
        for _ in range(MOST_STEPS):
            state = turn.state
            _advance(turn, state, report)
            if turn.state == state or turn.waits:
                break
        return report_of(turn, len(before))


def policy_report(endpoint: str, *, workspace: Workspace) -> PolicyReport:
    """How far it has come; nothing is done. Raises NotFoundError."""
    turn = new_turn(endpoint, workspace=workspace, or_default=True)
    assert turn is not None
    turn.waits = _standing(turn, turn.state)
    found = report_of(turn, None)
    return found if declared_by(endpoint, workspace).policy else _undeclared(found)


def new_turn(
    endpoint: str,
    *,
    workspace: Workspace,
    now: int | None = None,
    by: str = "policy",
    or_default: bool = False,
    progress: Progress = SILENT,
) -> Turn | None:
    """A look at the endpoint; None where its model declares no policy, unless the default one will do."""
    monitoring = declared_by(endpoint, workspace)
    policy = monitoring.policy or (Policy() if or_default else None)
    if policy is None:
        return None
    name = workspace.endpoints.get(endpoint).name
    return Turn(
        endpoint=name,
        workspace=workspace,
        monitoring=monitoring,
        policy=policy,
        journal=PolicyJournal(workspace.monitoring_folder, name),
        clock=(lambda: int(time.time() * 1e6)) if now is None else (lambda: now),
        by=by,
        progress=progress,
    )


def declared_by(endpoint: str, workspace: Workspace) -> Monitoring:
    """What the spec of the serving model says. Raises NotFoundError, BundleError."""
    serving = serving_model(workspace.endpoints.get(endpoint))
    document = read_verified(serving.path, keep=("spec.yaml",))[1].get("spec.yaml")
    return (read_yaml(document.decode()).monitoring if document else None) or Monitoring()


def report_of(turn: Turn, num_before: int | None) -> PolicyReport:
    """The journal as it is now; steps past `num_before` are new."""
    steps = tuple(turn.journal.steps())
    num_new = 0 if num_before is None else len(steps) - num_before
    return PolicyReport(endpoint=turn.endpoint, policy=turn.policy, state=turn.state, steps=steps, num_new=num_new,
                        waits=turn.waits)  # fmt: skip


def finish_begun(turn: Turn, state: PolicyState) -> None:
    """Find out what came of a step whose end nothing is known of, and bring it to one."""
    assert state.begun is not None
    begun: dict[Action, Callable[[], None]] = {
        "retrain": lambda: resume_retraining(turn),
        "canary": lambda: deploy_canary(turn),
        "promote": lambda: promote(turn, state.begun.why if state.begun else ""),
        "rollback": lambda: roll_back(turn, state.begun.why if state.begun else ""),
    }
    begun[state.begun.action]()


def _standing(turn: Turn, state: PolicyState) -> str:
    """What it waits for, by the journal alone."""
    if state.is_paused:
        return _paused(turn)
    if state.last is not None and state.last.status == "waiting":
        return state.last.why
    return _cooldown(turn, state)


def _paused(turn: Turn) -> str:
    who = next((each.by for each in reversed(turn.journal.steps()) if each.action == "pause"), "somebody")
    return f"{who} has paused it: hagane policy {turn.endpoint} resume"


def _cooldown(turn: Turn, state: PolicyState) -> str:
    """What is left of it; empty where nothing is."""
    ends = state.since + int(turn.policy.seconds("cooldown") * 1e6)
    if state.phase != "idle" or not state.outcome or turn.now >= ends:
        return ""
    return f"{turn.policy.cooldown} after the last attempt, which was {state.outcome.replace('_', ' ')}"


def _advance(turn: Turn, state: PolicyState, report: MonitorReport | None) -> None:
    if state.is_paused:
        turn.waits = _paused(turn)
    elif state.begun is not None:
        finish_begun(turn, state)
    else:
        phases: dict[Phase, Callable[[], None]] = {
            "idle": lambda: _look_for_drift(turn, state, report),
            "retraining": lambda: resume_retraining(turn),
            "evaluating": lambda: evaluate_candidate(turn),
            "accepted": lambda: _accepted(turn),
            "canary": lambda: watch_canary(turn),
        }
        phases[state.phase]()


def _look_for_drift(turn: Turn, state: PolicyState, report: MonitorReport | None) -> None:
    """Begin an attempt where an alert has held for long enough."""
    if waits := _cooldown(turn, state):
        turn.waits = waits
        return
    alert = _alert(turn, report)
    if alert is None:
        turn.waits = f"nothing has drifted for {counted(turn.policy.retrain_after, 'window')}"
    elif turn.policy.approve.retrain == "manual":
        turn.wait("retrain", f"a person is to say: hagane policy {turn.endpoint} retrain", _why(alert))
    else:
        begin_retraining(turn, _why(alert))


def _alert(turn: Turn, report: MonitorReport | None) -> Alert | None:
    """The one that has held for longest, of the serving model."""
    if report is None or report.baseline != "training" or report.monitoring != turn.monitoring:
        report = monitor(
            turn.endpoint, workspace=turn.workspace, monitoring=turn.monitoring, now=turn.now, progress=turn.progress
        )
    serving = serving_model(turn.deployed())
    found = [
        alert
        for alert in report.alerts
        if alert.until is None
        and alert.deployed_model_id == serving.id
        and alert.of in turn.policy.subjects
        and alert.num_windows >= turn.policy.retrain_after
    ]
    return max(found, key=lambda alert: alert.num_windows, default=None)


def _why(alert: Alert) -> str:
    change = f": {alert.change}" if alert.change else ""
    return f"{alert.title} has been past its threshold for {counted(alert.num_windows, 'window')}{change}"


def _accepted(turn: Turn) -> None:
    if turn.policy.approve.canary == "manual":
        turn.wait("canary", f"a person is to say: hagane policy {turn.endpoint} canary")
    else:
        deploy_canary(turn)


def _undeclared(report: PolicyReport) -> PolicyReport:
    import msgspec

    return msgspec.structs.replace(report, policy=None)
