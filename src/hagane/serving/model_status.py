"""What `GET /v1/models/N` answers: the path is TensorFlow Serving's and KServe's."""

from __future__ import annotations

from typing import Any

from hagane.serving.served_model import ServedModel


def model_status(model: ServedModel) -> dict[str, Any]:
    """The fields of each protocol that is spoken: a client of one reads its own, and leaves the other's alone."""
    fields: dict[str, Any] = {}
    if "tensorflow" in model.protocols:
        status = {"error_code": "OK", "error_message": ""}
        fields["model_version_status"] = [{"version": model.version, "state": "AVAILABLE", "status": status}]
    if "kserve" in model.protocols:
        fields |= {"name": model.name, "ready": True}
    return fields
