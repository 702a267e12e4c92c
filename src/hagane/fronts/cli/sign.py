"""`hagane sign`, `hagane verify`, `hagane inspect`: who vouches for a bundle, and what is in one from a stranger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import JsonOption, ModelArgument, WorkspaceOption

if TYPE_CHECKING:
    from rich.console import RenderableType

    from hagane.bundle.inspect_bundle import Inspection

TrustedOption = Annotated[
    Path | None,
    typer.Option(
        "--trusted-keys",
        metavar="FILE",
        help="Public keys (PEM) of which one must have signed it.",
        show_default="signatures are not asked for",
    ),
]


def sign(
    model: ModelArgument,
    *,
    key: Annotated[
        Path, typer.Option("--key", metavar="FILE", help="An Ed25519 private key in PEM.", show_default=False)
    ],
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Sign a model's bundle, so that servers may ask for it: hagane serve --trusted-keys.

    [dim]Example:[/dim]  hagane sign late@3 --key release.key
    """
    from hagane.bundle.signed_manifest import sign_bundle
    from hagane.workspace.workspace import Workspace

    output = Output(json=json)
    path = Workspace(workspace).bundle_path(model)
    fingerprint = sign_bundle(path, key)
    output.text(f"signed {path} with {fingerprint}\n")
    output.result({"bundle": path, "key": fingerprint})


def verify(
    model: ModelArgument,
    *,
    trusted_keys: TrustedOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Check a bundle's files against its manifest, and with --trusted-keys who signed it.

    [dim]Example:[/dim]  hagane verify late@3 --trusted-keys release.pub
    """
    from hagane.bundle.manifest import verify_manifest
    from hagane.bundle.signed_manifest import require_signed
    from hagane.workspace.workspace import Workspace

    output = Output(json=json)
    path = Workspace(workspace).bundle_path(model)
    manifest = verify_manifest(path)
    signers = require_signed(path, manifest, trusted_keys) if trusted_keys is not None else None
    signed = f", signed by {', '.join(signers)}" if signers else ""
    output.text(f"{len(manifest.files)} files are as {path}/MANIFEST.json says{signed}\n")
    output.result({"bundle": path, "bundle_id": manifest.bundle_id, "signed_by": signers})


def inspect(
    model: ModelArgument,
    *,
    trusted_keys: TrustedOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show what a bundle takes, answers and consists of, without running any of it.

    [dim]Example:[/dim]  hagane inspect downloads/late
    """
    from hagane.bundle.inspect_bundle import inspect_bundle
    from hagane.workspace.workspace import Workspace

    output = Output(json=json)
    path = Workspace(workspace).bundle_path(model)
    found = inspect_bundle(path, trusted_keys)
    output.show(_rendered(found))
    output.result({"bundle": path, **{name: getattr(found, name) for name in found.__struct_fields__}})
    if found.faults:
        raise typer.Exit(6)


def _rendered(found: Inspection) -> RenderableType:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    for name, text in _facts(found):
        facts.add_row(name, Text(text))
    faults = [Text(f"not loadable: {fault.render()}", "red") for fault in found.faults]
    return Group(facts, *faults)


def _facts(found: Inspection) -> list[tuple[str, str]]:
    signature, graph = found.signature, found.graph
    inputs = ", ".join(f"{each.name} {each.type.name}" for each in signature.inputs)
    operators = ", ".join(f"{name} {count}" for name, count in graph.operators.items())
    files = ", ".join(f"{name} {size:,}" for name, size in found.files.items())
    largest = f", the largest {graph.largest_tensor} {graph.largest_tensor_bytes:,}" if graph.num_tensors else ""
    repeating = ", ".join(f"{name} {count}" for name, count in graph.repeating.items())
    return [
        ("bundle", found.bundle_id),
        ("model", f"{signature.model_name or '(no name)'}: {signature.about}"),
        ("takes", inputs),
        ("answers", ", ".join(signature.outputs)),
        ("files, bytes", files),
        ("operator sets", ", ".join(f"{name} {version}" for name, version in graph.opsets.items())),
        ("operators", operators),
        *([("repeating", f"{repeating}: how long they run is in the data")] if repeating else []),
        ("tensors", f"{graph.num_tensors}, {graph.tensor_bytes:,} bytes{largest}"),
        *((name.replace("_", " "), str(value)) for name, value in found.lineage.items()),
        ("signed by", _signers(found)),
    ]


def _signers(found: Inspection) -> str:
    if not found.signed_by:
        return "nobody"
    claimed = ", ".join(found.signed_by)
    if found.trusted is None:
        return f"{claimed} (not checked: --trusted-keys)"
    return f"{', '.join(found.trusted)} (checked)" if found.trusted else f"{claimed} (not trusted)"
