"""`policy`: what is done about drift at an endpoint, in Python."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hagane.progress import SILENT, Progress

if TYPE_CHECKING:
    from hagane.workflow.policy.policy_report import PolicyReport


def policy(
    endpoint: str,
    action: str | None = None,
    *,
    why: str = "",
    workspace: str | Path | None = None,
    progress: Progress | None = None,
) -> PolicyReport:
    """How far the policy of an endpoint has come: `.state`, `.steps`, `.waits`; with an `action` take that step.

    `act`: every step that the policy itself can take now. By hand: `retrain`, `evaluate`, `canary`, `promote`,
    `rollback`, `reject`, `pause`, `resume`, of which the journal keeps who took them and `why`. Raises HaganeError.
    """
    from hagane.workflow.policy.act_by_hand import act_by_hand
    from hagane.workflow.policy.act_on_policy import act_on_policy, policy_report
    from hagane.workspace.workspace import Workspace

    place, told = Workspace(None if workspace is None else Path(workspace)), progress or SILENT
    if action is None:
        return policy_report(endpoint, workspace=place)
    if action == "act":
        return act_on_policy(endpoint, workspace=place, progress=told)
    return act_by_hand(endpoint, action, why=why, workspace=place, progress=told)
