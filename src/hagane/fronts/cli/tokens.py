"""`hagane tokens`: who may ask a server."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import JsonOption, WorkspaceOption

if TYPE_CHECKING:
    from hagane.serving.tokens.token import Token
    from hagane.serving.tokens.token_file import TokenFile

tokens = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Create, list and revoke the bearer tokens of servers.\n\n"
    "[dim]Example:[/dim]  hagane tokens create shop --endpoint late",
)
_LIFETIME = re.compile(r"(\d{1,6})([dhm])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


@tokens.command("create")
def create_token(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who will bear it.", show_default=False)],
    *,
    endpoint: Annotated[
        str, typer.Option(help="The endpoint, or the name of the model that is served; * for every one.")
    ] = "*",
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="What it is for, once for each: predict, explain, feedback, metrics, admin.",
            show_default="predict and explain",
        ),
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="How long it is valid: 90d, 12h, 30m.", show_default="until it is revoked"),
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Create a token, and show it: this once, since only its hash is kept. Servers know it within a second.

    [dim]Example:[/dim]  hagane tokens create shop --endpoint late --scope predict --expires 90d
    """
    output = Output(json=json)
    scopes: Any = tuple(dict.fromkeys(scope)) if scope else ("predict", "explain")
    secret, token = _file(workspace).create(name, endpoint=endpoint, scopes=scopes, lifetime=_lifetime(expires))
    output.text(secret + "\n")
    output.hint("it is not shown again; clients send it as  Authorization: Bearer TOKEN")
    output.result({"token": secret, **_facts(token)})


@tokens.command("list")
def list_tokens(
    endpoint: Annotated[str | None, typer.Option(help="Only those for this endpoint.", show_default="all")] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List tokens by id and name, the oldest first; never the tokens themselves.

    [dim]Example:[/dim]  hagane tokens list --endpoint late
    """
    from hagane.fronts.cli.new_table import cell, new_table

    output = Output(json=json)
    found = _file(workspace).tokens(endpoint)
    now = datetime.now(UTC)
    table = new_table()
    for heading in ("id", "name", "endpoint", "scopes", "created", "expires", "state"):
        table.add_column(heading)
    for token in found:
        expires = _time(token.expires) if token.expires else "never"
        named = (cell(token.name, 30), cell(token.endpoint, 30), ", ".join(token.scopes))
        table.add_row(token.id, *named, _time(token.created), expires, token.state(now))
    if found:
        output.show(table)
    else:
        output.hint("there is none; create one with: hagane tokens create NAME")
    output.result({"tokens": [_facts(token) for token in found]})


@tokens.command("revoke")
def revoke_token(
    token: Annotated[str, typer.Argument(metavar="TOKEN", help="A token's id, or its name.", show_default=False)],
    endpoint: Annotated[str | None, typer.Option(help="Only of this endpoint.", show_default="any")] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Revoke the token of an id, or every one of a name. Servers refuse it within a second.

    [dim]Example:[/dim]  hagane tokens revoke shop --endpoint late
    """
    output = Output(json=json)
    revoked = _file(workspace).revoke(token, endpoint=endpoint)
    for each in revoked:
        output.text(f"revoked {each.id} ({each.name})\n")
    if not revoked:
        output.hint("it was revoked before")
    output.result({"revoked": [_facts(each) for each in revoked]})


def _file(workspace: Path | None) -> TokenFile:
    from hagane.serving.tokens.token_file import TokenFile
    from hagane.workspace.workspace import Workspace

    return TokenFile(Workspace(workspace).tokens_path)


def _lifetime(text: str | None) -> timedelta | None:
    if text is None:
        return None
    found = _LIFETIME.fullmatch(text)
    if found is None:
        raise typer.BadParameter(
            f"--expires {text}: expected a number of days, hours or minutes, such as 90d, 12h, 30m"
        )
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _facts(token: Token) -> dict[str, Any]:
    return {name: getattr(token, name) for name in token.__struct_fields__ if name != "sha256"}


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
