"""What the server says when it listens."""

from __future__ import annotations

import shlex
from urllib.parse import quote

import msgspec

from hagane.serving.served_model import ServedModel


def start_message(model: ServedModel, url: str) -> str:
    """The model, the URL, and a command that works as it stands."""
    signature = model.bundle.signature
    return "\n".join(
        [
            f"Serving {model.name} version {model.version} ({signature.model_type} of {signature.label}) at {url}",
            "Try it:",
            f"  {curl_command(model, url)}",
            f"What it takes and answers: {url}/metadata",
            "Press Ctrl+C to stop.",
        ]
    )


def curl_command(model: ServedModel, url: str) -> str:
    """A curl command that asks for a prediction of the example, quoted for a shell."""
    body = msgspec.json.encode({"instances": [model.example]}).decode()
    address = f"{url}/v1/models/{quote(model.name, safe='')}:predict"
    return f"curl -s {address} -H 'Content-Type: application/json' -d {shlex.quote(body)}"
