"""`hagane models`: list, show and delete what was trained; its cards."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import FLAG, JsonOption, ModelArgument, WorkspaceOption, complete_model

if TYPE_CHECKING:
    from hagane.evaluation.evaluation import Evaluation
    from hagane.workspace.model_version import ModelVersion
    from hagane.workspace.workspace import Workspace

models = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="List, show and delete models; their cards.\n\n[dim]Example:[/dim]  hagane models list",
)


@models.command("list")
def list_models(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Only versions of this model.", autocompletion=complete_model),
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List every version, the newest first.

    [dim]Example:[/dim]  hagane models list late
    """
    from hagane.fronts.cli.render_models import render_models
    from hagane.workspace.workspace import Workspace

    output = Output(json=json)
    versions = Workspace(workspace).list(name)
    output.show(render_models(versions))
    if not versions:
        output.hint("train one with: hagane train DATA --label COLUMN")
    output.result({"models": [version.as_json() for version in versions]})


@models.command("show")
def show_model(model: ModelArgument, workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Show one model: what it was trained on, its features, how good it is.

    [dim]Example:[/dim]  hagane models show late@3
    """
    from hagane.fronts.cli.render_models import render_model
    from hagane.workspace.workspace import Workspace

    output = Output(json=json)
    place = Workspace(workspace)
    path = place.bundle_path(model)
    version = place.version_at(path)
    evaluation = read_evaluation(path)
    spec = _document(path, "spec.yaml")
    output.show(render_model(model, path, version, spec, evaluation))
    output.result(
        {
            "model": version.as_json() if version else None,
            "bundle": path,
            "spec": spec,
            "evaluation": evaluation,
        }
    )


@models.command("card")
def show_card(
    model: ModelArgument,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the card as one HTML page.")
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show a model's card: data, use, metrics, slices, limits. Where it is read on, it is Markdown.

    [dim]Example:[/dim]  hagane models card late@3 > late.md
    """
    from rich.markdown import Markdown

    from hagane.workflow.check_output import check_page_output
    from hagane.workflow.write_text import write_text
    from hagane.workspace.workspace import Workspace

    output = Output(json=json)
    if html is not None:
        check_page_output(html, option="--html")
    path = Workspace(workspace).bundle_path(model)
    text = _document(path, "model_card.md")
    if output.console.is_terminal:
        output.show(Markdown(text))
    else:
        output.text(text)
    if html is not None:
        write_text(html, _document(path, "model_card.html"))
        output.hint(f"wrote {html}")
    output.result({"model": model, "card": text, "html": html})


@models.command("delete")
def delete_model(
    model: ModelArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", metavar=FLAG, help="Do not ask.")] = False,
    every: Annotated[bool, typer.Option("--all", metavar=FLAG, help="Every version of the name.")] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Delete a version for good, or with --all every version of a name.

    [dim]Example:[/dim]  hagane models delete late@2
    """
    from hagane.workspace.workspace import Workspace

    output = Output(json=json)
    place = Workspace(workspace)
    doomed = _doomed(place, model, every)
    names = ", ".join(version.reference for version in doomed)
    if not yes and not _agreed(names):
        raise typer.Exit(1)
    for version in doomed:
        place.delete(version.reference)
    output.show(f"deleted {names}")
    output.result({"deleted": [version.as_json() for version in doomed]})


def _doomed(place: Workspace, model: str, every: bool) -> list[ModelVersion]:
    """What is to be deleted; a bare name of several versions needs --all."""
    newest = place.get(model)
    same = place.list(newest.name)
    if every:
        return same
    if "@" not in model and len(same) > 1:
        raise typer.BadParameter(f"'{model}' has {len(same)} versions: name one ({newest.reference}), or say --all")
    return [newest]


def _agreed(names: str) -> bool:
    if not sys.stdin.isatty():
        raise typer.BadParameter(f"nobody can be asked whether to delete {names}: say --yes")
    return typer.confirm(f"Delete {names} for good?", err=True)


def _document(path: Path, name: str) -> str:
    """A text file of a bundle. Raises BundleError where it is missing."""
    from hagane.errors import BundleError, Fault

    try:
        return (path / name).read_text(encoding="utf-8")
    except OSError as error:
        raise BundleError(Fault(what=f"the bundle at {path} has no readable {name}: {error.strerror}")) from None


def read_evaluation(path: Path) -> Evaluation:
    """The report in the bundle at `path`. Raises BundleError where it is missing or not one."""
    import msgspec

    from hagane.errors import BundleError, Fault
    from hagane.evaluation.evaluation import Evaluation

    try:
        return Evaluation.from_json(_document(path, "evaluation.json"))
    except msgspec.DecodeError as error:
        raise BundleError(Fault(what=f"{path / 'evaluation.json'} is damaged: {error}")) from None
