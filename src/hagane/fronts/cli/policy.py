"""`hagane policy`: what is done about drift at an endpoint: how far it has come, and any step of it by hand."""

from __future__ import annotations

from typing import Annotated

import typer

from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import EndpointArgument, JsonOption, WorkspaceOption

ACTIONS = ("retrain", "evaluate", "canary", "promote", "rollback", "reject", "pause", "resume")


def policy(
    endpoint: EndpointArgument,
    action: Annotated[
        str | None,
        typer.Argument(
            metavar="[STEP]",
            help="By hand: retrain, evaluate, canary, promote, rollback, reject, pause or resume.",
            autocompletion=lambda: list(ACTIONS),
            show_default="show how far it has come",
        ),
    ] = None,
    *,
    why: Annotated[str, typer.Option(metavar="TEXT", help="Of a step by hand: what the journal is to say.")] = "",
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show what the policy of an endpoint has done about drift and what it waits for, or take one of its steps by hand.

    By itself it acts in the rounds of `hagane monitor ENDPOINT --act`.

    [dim]Example:[/dim]  hagane policy late promote --why "looked at by hand"
    """
    from hagane.fronts.cli.render_policy import render_policy
    from hagane.workflow.policy.act_by_hand import act_by_hand
    from hagane.workflow.policy.act_on_policy import policy_report
    from hagane.workspace.workspace import Workspace

    output, place = Output(json=json), Workspace(workspace)
    if action is None:
        report = policy_report(endpoint, workspace=place)
    else:
        report = act_by_hand(endpoint, action, why=why, workspace=place, progress=output.progress)
    output.show(render_policy(report))
    output.result({"policy": report.as_json()})
    failed = [step for step in report.new if step.status == "failed"]
    if failed:
        output.hint(f"{failed[-1].action} failed: {failed[-1].why}")
        raise typer.Exit(1)
