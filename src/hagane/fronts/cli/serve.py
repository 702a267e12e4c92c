"""`hagane serve`: a model behind HTTP."""

from __future__ import annotations

from typing import Annotated

import typer

from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import JsonOption, ModelArgument, WorkspaceOption


def serve(
    model: ModelArgument,
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 for every one.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on.")] = 8080,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Answer predictions over HTTP, from raw rows as JSON. Ends with Ctrl-C.

    [dim]Example:[/dim]  hagane serve late --port 8080
    """
    from hagane.serving import serve as work
    from hagane.workspace.workspace import Workspace

    output = Output(json=json)
    bundle = Workspace(workspace).bundle_path(model)
    url = f"http://{host}:{port}"
    output.result({"model": model, "bundle": bundle, "host": host, "port": port, "url": url})
    output.hint(f"serving {model} from {bundle} on {url}  (Ctrl-C ends it)")
    work(bundle, host=host, port=port)
