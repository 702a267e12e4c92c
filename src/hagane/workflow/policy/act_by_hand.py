"""`act_by_hand`: one step of a policy, because a person says so."""

from __future__ import annotations

from collections.abc import Callable

from hagane.errors import Fault, SpecError, nearest
from hagane.monitoring.policy_state import check_step
from hagane.monitoring.policy_step import Action
from hagane.progress import SILENT, Progress
from hagane.workflow.policy.act_on_policy import finish_begun, new_turn, report_of
from hagane.workflow.policy.deploy_canary import deploy_canary
from hagane.workflow.policy.evaluate_candidate import evaluate_candidate
from hagane.workflow.policy.policy_report import PolicyReport
from hagane.workflow.policy.retrain_candidate import begin_retraining, forget_rows
from hagane.workflow.policy.shift_traffic import promote, roll_back
from hagane.workflow.policy.turn import Turn
from hagane.workspace.user_name import user_name
from hagane.workspace.workspace import Workspace

ACTIONS: tuple[Action, ...] = ("retrain", "evaluate", "canary", "promote", "rollback", "reject", "pause", "resume")
BY_HAND = "asked for by hand"


def act_by_hand(
    endpoint: str,
    action: str,
    *,
    why: str = "",
    workspace: Workspace,
    by: str | None = None,
    now: int | None = None,
    progress: Progress = SILENT,
) -> PolicyReport:
    """Take the step, whatever the policy would wait for; `by` is by default the account's name.

    Without a declared policy the defaults count. Raises SpecError for a step that there is none of, or that cannot be
    taken now; NotFoundError; StorageError where another process acts.
    """
    chosen = next((each for each in ACTIONS if each == action), None)
    if chosen is None:
        near = nearest(action, ACTIONS)
        raise SpecError(Fault(what=f"a policy has no step {action!r}", expected=", ".join(ACTIONS), nearest=near))
    turn = new_turn(endpoint, workspace=workspace, now=now, by=by or user_name(), or_default=True, progress=progress)
    assert turn is not None
    if chosen in ("pause", "resume"):
        before = len(turn.journal.steps())
        turn.note(chosen, "done", why or BY_HAND)
        return report_of(turn, before)
    with turn.journal.acting():
        before = len(turn.journal.steps())
        _take(turn, chosen, why or BY_HAND)
        return report_of(turn, before)


def _take(turn: Turn, action: Action, why: str) -> None:
    state = turn.state
    if state.begun is not None and not (state.begun.action == "retrain" and action == "reject"):
        finish_begun(turn, state)
    check_step(turn.state, turn.step(action, "done" if action in ("evaluate", "reject") else "begun", why))
    steps: dict[Action, Callable[[], None]] = {
        "retrain": lambda: begin_retraining(turn, why),
        "evaluate": lambda: evaluate_candidate(turn),
        "canary": lambda: deploy_canary(turn),
        "promote": lambda: promote(turn, why),
        "rollback": lambda: roll_back(turn, why),
        "reject": lambda: _reject(turn, why),
    }
    steps[action]()


def _reject(turn: Turn, why: str) -> None:
    turn.note("reject", "done", why)
    forget_rows(turn)
