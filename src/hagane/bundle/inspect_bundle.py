"""`inspect_bundle`: what a bundle is and would do, from its bytes: nothing in it is run, and no graph is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from hagane.bundle.check_graph import check_graph
from hagane.bundle.graph_outline import GraphOutline, graph_outline
from hagane.bundle.manifest import MODEL_NAME, SIGNATURE_NAME, read_verified
from hagane.bundle.signature import Signature
from hagane.bundle.signed_manifest import read_signatures, require_signed
from hagane.errors import BundleError, Fault

LINEAGE_NAME = "lineage.json"
_TOLD = ("created", "data_fingerprint", "split", "warm_start", "hagane_version")


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """What may be known of a bundle before it is trusted."""

    bundle_id: str
    signature: Signature
    files: dict[str, int]
    """Each file with its size in bytes: all are as the manifest says."""
    graph: GraphOutline
    lineage: dict[str, Any]
    """When it was made, and of what data."""
    signed_by: tuple[str, ...]
    """Fingerprints of the keys that claim to have signed it."""
    trusted: tuple[str, ...] | None
    """Those among them that are trusted, and whose signatures are right; None where nobody said who is."""
    faults: tuple[Fault, ...]
    """Why it would not be loaded; none where it would."""


def inspect_bundle(folder: Path, trusted_keys: Path | None = None) -> Inspection:
    """Raises BundleError where the files are not those of the manifest, or cannot be read at all."""
    manifest, files = read_verified(folder, keep=(MODEL_NAME, SIGNATURE_NAME))
    faults: list[Fault] = []
    try:
        signature = msgspec.json.decode(files[SIGNATURE_NAME], type=Signature)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(Fault(what=f"{SIGNATURE_NAME} cannot be read: {error}", where=str(folder))) from None
    graph = graph_outline(files[MODEL_NAME])
    try:
        check_graph(files[MODEL_NAME])
    except BundleError as error:
        faults += error.faults
    trusted: tuple[str, ...] | None = None
    if trusted_keys is not None:
        try:
            trusted = require_signed(folder, manifest, trusted_keys)
        except BundleError as error:
            trusted = ()
            faults += error.faults
    return Inspection(
        bundle_id=manifest.bundle_id,
        signature=signature,
        files={name: entry.bytes for name, entry in manifest.files.items()},
        graph=graph,
        lineage=_lineage(folder, LINEAGE_NAME in manifest.files),
        signed_by=tuple(each.key for each in read_signatures(folder)),
        trusted=trusted,
        faults=tuple(faults),
    )


def _lineage(folder: Path, is_there: bool) -> dict[str, Any]:
    """What of the lineage a person asks first; nothing where it is not there, or none of ours."""
    if not is_there:
        return {}
    try:
        read = msgspec.json.decode(read_verified(folder, keep=(LINEAGE_NAME,))[1][LINEAGE_NAME])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    return {name: read[name] for name in _TOLD if read.get(name) is not None} if isinstance(read, dict) else {}
