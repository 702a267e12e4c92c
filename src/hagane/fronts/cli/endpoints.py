"""`hagane endpoints`: what is deployed where, how it came so, how versions compare."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import FLAG, EndpointArgument, JsonOption, WorkspaceOption, pairs

endpoints = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="List, show and change endpoints; compare the versions behind them.\n\n"
    "[dim]Example:[/dim]  hagane endpoints show late",
)


@endpoints.command("list")
def list_endpoints(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """List every endpoint with its models.

    [dim]Example:[/dim]  hagane endpoints list
    """
    from hagane.fronts.cli.render_endpoints import render_endpoints
    from hagane.workspace.workspace import Workspace

    output = Output(json=json)
    states = Workspace(workspace).endpoints.list()
    output.show(render_endpoints(states))
    if not states:
        output.hint("make one with: hagane deploy MODEL --to ENDPOINT")
    output.result({"endpoints": [state.as_json() for state in states]})


@endpoints.command("show")
def show_endpoint(endpoint: EndpointArgument, workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Show an endpoint: its models, who gets which requests, what each of its servers serves, and what it refused.

    [dim]Example:[/dim]  hagane endpoints show late
    """
    from hagane.fronts.cli.render_endpoints import render_endpoint
    from hagane.workspace.workspace import Workspace

    output = Output(json=json)
    place = Workspace(workspace).endpoints
    state, reports = place.get(endpoint), place.reports(endpoint)
    output.show(render_endpoint(state, reports))
    output.result({"endpoint": state.as_json(), "servers": reports})


@endpoints.command("history")
def show_history(endpoint: EndpointArgument, workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Show every revision of an endpoint: who made it what, when.

    [dim]Example:[/dim]  hagane endpoints history late
    """
    from hagane.fronts.cli.render_endpoints import render_history
    from hagane.workspace.workspace import Workspace

    output = Output(json=json)
    history = Workspace(workspace).endpoints.history(endpoint)
    output.show(render_history(history))
    output.result({"history": [state.as_json() for state in history]})


@endpoints.command("update")
def update(
    endpoint: EndpointArgument,
    *,
    traffic: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODEL=PERCENT",
            help="A model's share of the requests, once for each; those not named get none; they sum to 100.",
            show_default=False,
        ),
    ] = None,
    mirror: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODEL=PERCENT",
            help="Of how many requests a model answers copies, for comparison alone.",
            show_default=False,
        ),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(metavar="LABEL=MODEL", help="Give a label to a model; LABEL=- takes it away.", show_default=False),
    ] = None,
    key_header: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The header whose value keeps its requests at one version.",
            show_default="X-Hagane-Key",
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Change the traffic split, mirrors, labels or the key of an endpoint.

    [dim]Example:[/dim]  hagane endpoints update late --traffic late@3=50 --traffic late@4=50
    """
    from hagane.fronts.cli.render_endpoints import render_endpoint
    from hagane.workflow.update_endpoint import update_endpoint
    from hagane.workspace.workspace import Workspace

    if not (traffic or mirror or label or key_header):
        raise typer.BadParameter("say what is to change: --traffic, --mirror, --label or --key-header")
    output = Output(json=json)
    place = Workspace(workspace)
    labels = {name: "" if model == "-" else model for name, model in pairs(label, "--label").items()}
    state = update_endpoint(
        endpoint,
        traffic_split=_percentages(traffic, "--traffic") if traffic else None,
        mirror=_percentages(mirror, "--mirror"),
        labels=labels,
        key_header=key_header,
        workspace=place,
    )
    output.show(render_endpoint(state, place.endpoints.reports(state.name)))
    output.result({"endpoint": state.as_json()})


@endpoints.command("compare")
def compare_versions(endpoint: EndpointArgument, workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Show how mirrored versions answered, against what clients got.

    [dim]Example:[/dim]  hagane endpoints compare late
    """
    from hagane.fronts.cli.render_endpoints import render_mirrors
    from hagane.workspace.workspace import Workspace

    output = Output(json=json)
    place = Workspace(workspace).endpoints
    name = place.get(endpoint).name
    found = place.comparisons(name)
    output.show(render_mirrors(found))
    if not found:
        output.hint(f"mirror requests to a version with: hagane deploy MODEL --to {name} --mirror 100")
    output.result({"comparisons": [each.as_json() for each in found]})


@endpoints.command("ab")
def ab_test_versions(
    endpoint: EndpointArgument,
    *,
    metric: Annotated[
        str,
        typer.Option(
            help="What is compared: accuracy, log_loss, outcome (the share of true truths), rmse, mean_absolute_error.",
            show_default=False,
        ),
    ],
    data: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DATA",
            help="Rows with deployed_model_id, prediction and truth, once for each file.",
            show_default="the request log with its truth",
        ),
    ] = None,
    a: Annotated[str | None, typer.Option("--a", metavar="MODEL", help="What is.", show_default="stable")] = None,
    b: Annotated[
        str | None, typer.Option("--b", metavar="MODEL", help="What may be better.", show_default="the other one")
    ] = None,
    resolution: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="The smallest difference that matters; to be chosen before the first look.",
            show_default="0.01 for shares and log_loss",
        ),
    ] = None,
    level: Annotated[float, typer.Option(help="How sure, at all looks together.")] = 0.95,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Hold one version against another by what came true, with a verdict that may be looked at any time.

    [dim]Example:[/dim]  hagane endpoints ab late --metric accuracy
    """
    from hagane.fronts.cli.options import one_or_many
    from hagane.fronts.cli.render_endpoints import render_ab_test
    from hagane.workflow.ab_test import ab_test
    from hagane.workspace.workspace import Workspace

    output = Output(json=json)
    found = ab_test(
        endpoint,
        metric=metric,
        data=one_or_many(data) if data else None,
        a=a,
        b=b,
        resolution=resolution,
        level=level,
        workspace=Workspace(workspace),
    )
    output.show(render_ab_test(found))
    output.result({"ab_test": found})


@endpoints.command("delete")
def delete_endpoint(
    endpoint: EndpointArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", metavar=FLAG, help="Do not ask.")] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Delete an endpoint with its history; its models stay.

    [dim]Example:[/dim]  hagane endpoints delete late
    """
    from hagane.workspace.workspace import Workspace

    output = Output(json=json)
    place = Workspace(workspace).endpoints
    state = place.get(endpoint)
    if not yes and not _agreed(state.name):
        raise typer.Exit(1)
    place.delete(state.name)
    output.show(f"deleted {state.name}")
    output.result({"deleted": state.as_json()})


def _percentages(texts: list[str] | None, option: str) -> dict[str, int]:
    found = {}
    for name, value in pairs(texts, option).items():
        if not value.isascii() or not value.isdigit():
            raise typer.BadParameter(f"{option} {name}={value}: expected a whole percentage")
        found[name] = int(value)
    return found


def _agreed(name: str) -> bool:
    if not sys.stdin.isatty():
        raise typer.BadParameter(f"nobody can be asked whether to delete {name}: say --yes")
    return typer.confirm(f"Delete the endpoint {name} for good?", err=True)
