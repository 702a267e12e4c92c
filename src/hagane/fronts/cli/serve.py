"""`hagane serve`: a model behind HTTP."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hagane.errors import Fault, NotFoundError
from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import FLAG, JsonOption, WorkspaceOption, complete_endpoint, complete_model

if TYPE_CHECKING:
    from hagane.workspace.workspace import Workspace

MOST_WORKERS = 256
PANEL_LOG = "Request log"


def serve(
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="MODEL",
            help="A model's name (late), name and version (late@3), or a bundle's folder; $AIP_STORAGE_URI without it.",
            autocompletion=complete_model,
            show_default=False,
        ),
    ] = None,
    *,
    endpoint: Annotated[
        str | None,
        typer.Option(
            metavar="ENDPOINT",
            help="Serve an endpoint in place of a model: its versions, and every change of them.",
            autocompletion=complete_endpoint,
            show_default=False,
        ),
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="The address to listen on; 0.0.0.0 for every one.", show_default="127.0.0.1")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The port to listen on; 0 for any.", show_default="8080")
    ] = None,
    grpc_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="The port of the Open Inference Protocol over gRPC; 0 for any.",
            show_default="no gRPC",
        ),
    ] = None,
    protocol: Annotated[
        list[str] | None,
        typer.Option(
            help="A protocol to speak, once for each, those first that are to answer paths they share: "
            "vertex, tensorflow, kserve, open-inference, mlflow.",
            show_default="all",
        ),
    ] = None,
    workers: Annotated[
        str, typer.Option(help="How many processes answer on the port; auto for as many as there are cores.")
    ] = "1",
    max_requests: Annotated[
        int | None,
        typer.Option(min=1, help="Replace a worker that has answered so many requests.", show_default="never"),
    ] = None,
    drain_seconds: Annotated[
        float, typer.Option(min=0, help="How long to go on after SIGTERM, not ready, so that clients go elsewhere.")
    ] = 0.0,
    request_timeout: Annotated[
        float, typer.Option(min=0.001, help="Seconds after which a request is given up that names no time itself.")
    ] = 60.0,
    queue_seconds: Annotated[
        float, typer.Option(min=0.001, help="How long a request may wait for others before more are turned away (429).")
    ] = 0.25,
    metrics: Annotated[bool, typer.Option("--metrics/--no-metrics", metavar=FLAG, help="Answer GET /metrics.")] = True,
    metrics_port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Tell the metrics on this port instead; 0 for any.", show_default="--port"),
    ] = None,
    access_log: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Append a line of JSON for each request; - is stderr.", show_default="none"),
    ] = None,
    traces: Annotated[
        bool,
        typer.Option("--traces", metavar=FLAG, help="Send spans to an OpenTelemetry collector: OTEL_… variables."),
    ] = False,
    require_token: Annotated[
        bool,
        typer.Option("--require-token", metavar=FLAG, help="Answer only with a token, even while none was created."),
    ] = False,
    log_rate: Annotated[
        float | None,
        typer.Option(
            "--log-rate",
            min=0,
            max=1,
            help="Share of the requests that are logged with their predictions; feedback is taken even at 0.",
            show_default="no log",
            rich_help_panel=PANEL_LOG,
        ),
    ] = None,
    log_days: Annotated[
        float | None,
        typer.Option(
            "--log-days",
            min=0,
            help="Days after which the log is deleted.",
            show_default="30",
            rich_help_panel=PANEL_LOG,
        ),
    ] = None,
    log_limit: Annotated[
        str | None,
        typer.Option(
            "--log-limit",
            metavar="SIZE",
            help="The oldest hours are deleted where the log takes more: 10GB, 500MB, …",
            show_default="10GB",
            rich_help_panel=PANEL_LOG,
        ),
    ] = None,
    sensitive: Annotated[
        list[str] | None,
        typer.Option(
            "--sensitive",
            metavar="COLUMN[=hash|leave_out]",
            help="A column that the log holds hashed (by default), or not at all; once for each.",
            show_default=False,
            rich_help_panel=PANEL_LOG,
        ),
    ] = None,
    trusted_keys: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Public keys (PEM) of which one must have signed the model.", show_default="none"
        ),
    ] = None,
    tls_cert: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="The certificate to encrypt with, and its chain, in PEM.", show_default="none"
        ),
    ] = None,
    tls_key: Annotated[str | None, typer.Option(metavar="FILE", help="Its key, in PEM.", show_default="none")] = None,
    tls_client_ca: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Authorities whose certificates clients must show, in PEM.", show_default="none"
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Answer predictions over HTTP, from raw rows as JSON, until Ctrl-C.

    [dim]Example:[/dim]  hagane serve late --port 8080
    """
    from hagane.fronts.cli.log_settings import log_settings
    from hagane.serving import serve as work
    from hagane.serving.overload_options import OverloadOptions
    from hagane.serving.secure_app import SecurityOptions
    from hagane.serving.watch_app import WatchOptions
    from hagane.workspace.endpoint_in_workspace import EndpointInWorkspace
    from hagane.workspace.workspace import Workspace

    output = Output(json=json)
    if model is not None and endpoint is not None:
        raise typer.BadParameter("name a model, or an --endpoint")
    place = Workspace(workspace)
    bundle = _bundle_path(place, model) if model is not None else None
    version = place.version_at(bundle) if bundle is not None else None

    def announce(text: str) -> None:
        found = re.search(r"https?://\S+", text)
        output.text(text + "\n")
        url = found[0] if found else None
        output.result({"model": model, "endpoint": endpoint, "bundle": bundle, "url": url, "message": text})

    work(
        bundle,
        endpoint=EndpointInWorkspace(root=str(place.root), name=endpoint) if endpoint is not None else None,
        host=host,
        port=port,
        grpc_port=grpc_port,
        metrics_port=metrics_port,
        announce=announce,
        version=str(version.version) if version else "1",
        protocols=protocol,
        workers=_num_workers(workers),
        max_requests=max_requests,
        drain_seconds=drain_seconds,
        security=SecurityOptions(
            tokens=str(place.tokens_path),
            require_token=require_token,
            trusted_keys=trusted_keys,
            tls_cert=tls_cert,
            tls_key=tls_key,
            tls_client_ca=tls_client_ca,
        ),
        watch=WatchOptions(metrics=metrics, access_log=access_log, traces=traces),
        request_log=log_settings(
            place.logs_folder, rate=log_rate, days=log_days, limit=log_limit, sensitive=sensitive or ()
        ),
        overload=OverloadOptions(queue_seconds=queue_seconds, timeout_seconds=request_timeout),
    )


def _bundle_path(place: Workspace, model: str) -> Path:
    """Raises NotFoundError, which knows endpoints, too."""
    try:
        return place.bundle_path(model)
    except NotFoundError:
        if place.endpoints.find(model) is None:
            raise
        what, step = f"no model {model!r}, but an endpoint of that name", f"hagane serve --endpoint {model}"
        raise NotFoundError(Fault(what=what, where=f"workspace {place.root}", next_step=step)) from None


def _num_workers(text: str) -> int:
    """Raises UsageError for what is no number of processes."""
    from hagane.usable_cores import usable_cores

    if text == "auto":
        return usable_cores()
    if not text.isdigit() or not 1 <= int(text) <= MOST_WORKERS:
        raise typer.BadParameter(
            f"{text!r} is neither auto nor a number from 1 to {MOST_WORKERS}", param_hint="--workers"
        )
    return int(text)
