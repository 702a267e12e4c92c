"""What `GET /v1/models/N` answers: the path is TensorFlow Serving's and KServe's."""

from __future__ import annotations

from typing import Any

from hagane.serving.served_model import ServedModel


def model_status(model: ServedModel, *, alone: bool = False) -> dict[str, Any]:
    """The fields of each protocol that is spoken: a client of one reads its own, and leaves the other's alone.

    Of all versions behind the name, or of this one `alone`.
    """
    fields: dict[str, Any] = {}
    if "tensorflow" in model.protocols:
        fields["model_version_status"] = _versions_status(model, alone)
    if "kserve" in model.protocols:
        fields |= {"name": model.name, "ready": True}
    return fields


def _versions_status(model: ServedModel, alone: bool) -> list[dict[str, Any]]:
    """TensorFlow Serving's states of them, as it has them."""
    if model.status is None:
        return [_status(model.version, "AVAILABLE")]
    known = model.status.report.models
    return [_status(str(each.version), each.state, each.error) for each in known if not alone or each.id == model.id]


def _status(version: str, state: str, error: str = "") -> dict[str, Any]:
    code = "UNKNOWN" if error else "OK"
    return {"version": version, "state": state, "status": {"error_code": code, "error_message": error}}
