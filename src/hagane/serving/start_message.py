"""What the server says when it listens."""

from __future__ import annotations

import shlex

import msgspec

from hagane.serving.served_model import ServedModel

_PREDICT_PATHS = {
    "vertex": "/predict",
    "tensorflow": "/v1/models/{model}:predict",
    "kserve": "/v1/models/{model}:predict",
    "mlflow": "/invocations",
}
"""Of the protocols that take `{"instances": [...]}`."""


def start_message(model: ServedModel, url: str, grpc_address: str = "", warning: str = "") -> str:
    """The model, the URL, a command that works as it stands, and what there is to know before others use it."""
    signature = model.bundle.signature
    state = model.status.state if model.status is not None else None
    served = f"{model.name} version {model.version} ({signature.about})"
    if state is not None:
        shares = ", ".join(f"{each.reference} {each.traffic}%" for each in state.models)
        served = f"the endpoint {state.name} ({shares})"
    return "\n".join(
        [
            f"Serving {served} at {url}",
            "Try it:",
            f"  {curl_command(model, url)}",
            *([f"gRPC, inference.GRPCInferenceService: {grpc_address}"] if grpc_address else []),
            f"What it takes and answers: {url}/metadata",
            *([warning] if warning else []),
            "Press Ctrl+C to stop.",
        ]
    )


def curl_command(model: ServedModel, url: str) -> str:
    """A curl command that asks for a prediction of the example, quoted for a shell.

    Where none of the protocols takes `{"instances": [...]}`, it asks what the model takes.
    """
    template = next((_PREDICT_PATHS[name] for name in model.protocols if name in _PREDICT_PATHS), None)
    if template is None:
        return f"curl -s {url}/metadata"
    body = msgspec.json.encode({"instances": [model.example]}).decode()
    return f"curl -s {url}{model.path(template)} -H 'Content-Type: application/json' -d {shlex.quote(body)}"
