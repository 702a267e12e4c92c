"""`hagane cache`: the encoded columns that trainings share."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import FLAG, JsonOption, WorkspaceOption

UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40}


def cache(
    clear: Annotated[bool, typer.Option("--clear", metavar=FLAG, help="Remove every column.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", metavar=FLAG, help="Read every column and remove the damaged ones.")
    ] = False,
    limit: Annotated[
        str | None,
        typer.Option("--limit", metavar="SIZE", help="Keep to this size from now on: 20GiB, 500MB, …",
                     show_default="a tenth of the disk"),
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:  # fmt: skip
    """Show, check, limit or clear the encoded columns that trainings share.

    [dim]Example:[/dim]  hagane cache --limit 20GiB
    """
    from hagane.fronts.cli.render_cache import render_cache
    from hagane.workspace.workspace import Workspace

    if clear and (verify or limit is not None):
        raise typer.BadParameter("--clear goes with neither --verify nor --limit")
    output = Output(json=json)
    columns = Workspace(workspace).cache
    damaged = columns.verify(output.progress) if verify else []
    removed = columns.clear() if clear else []
    removed += columns.set_limit(num_bytes(limit)) if limit is not None else []
    entries, limit_bytes = columns.entries(), columns.limit_bytes
    output.show(render_cache(entries, limit_bytes, removed=removed, damaged=damaged if verify else None))
    output.result(
        {
            "folder": columns.folder,
            "limit_bytes": limit_bytes,
            "num_bytes": sum(entry.num_bytes for entry in entries),
            "columns": [entry.as_json() for entry in entries],
            "removed": [entry.as_json() for entry in removed],
            "damaged": [entry.as_json() for entry in damaged],
        }
    )


def num_bytes(text: str, *, option: str = "--limit") -> int:
    """A size in words as bytes. Raises typer.BadParameter naming the option.

    >>> num_bytes("20GiB"), num_bytes("1.5 MB"), num_bytes("0")
    (21474836480, 1500000, 0)
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]I?)?B?\s*", text, re.IGNORECASE)
    if not found:
        raise typer.BadParameter(f"{option} {text}: expected a size such as 20GiB or 500MB")
    return int(float(found[1]) * UNITS[(found[2] or "").upper()])
