"""`hagane package`: what an image that serves a model is built from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hagane.counted import counted
from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import FLAG, JsonOption, ModelArgument, WorkspaceOption


def package(
    model: ModelArgument,
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FOLDER", help="The folder to write.", show_default="MODEL-image"),
    ] = None,
    image: Annotated[
        str, typer.Option(metavar="NAME", help="What the image is to be called.", show_default="MODEL:VERSION")
    ] = "",
    extra: Annotated[
        list[str] | None,
        typer.Option(help="A part of the server that needs packages: grpc, log, sign, otel.", show_default="none"),
    ] = None,
    hashes: Annotated[
        bool,
        typer.Option("--hashes/--no-hashes", metavar=FLAG, help="Ask the package index for the digests of the wheels."),
    ] = True,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Write a Dockerfile with all that it needs, and manifests for Kubernetes, Knative and KServe.

    The image holds the model and what serves it, and nothing that trains.

    [dim]Example:[/dim]  hagane package late -o late-image
    """
    from hagane.workflow.package import package_model
    from hagane.workspace.workspace import Workspace

    output = Output(json=json)
    made = package_model(
        model,
        out,
        workspace=Workspace(workspace),
        image=image,
        extras=extra or (),
        hashes=hashes,
        progress=output.progress,
    )
    pins = "versions and digests" if made.has_hashes else "versions"
    output.show(
        f"wrote {made.path}: {counted(len(made.requirements), 'package')} pinned by {pins}",
        f"next: docker build -t {made.image} {made.path}",
    )
    output.result(
        {
            "path": made.path,
            "image": made.image,
            "requirements": made.requirements,
            "has_hashes": made.has_hashes,
        }
    )
