"""`Image`: what the recipe and the manifests say of one model's image."""

from __future__ import annotations

import re
from dataclasses import dataclass

PORT = 8080
GRPC_PORT = 9000
USER = 65532
"""Nobody's number, as distroless images have it: clusters ask for one that is not root."""
DRAIN_SECONDS = 5
"""From the word that a pod goes to the end of what balancers still send it."""


@dataclass(frozen=True, slots=True)
class Image:
    """One bundle in an image."""

    name: str
    """The image: `registry.example.com/late:3`."""
    model: str
    """The model's name in its workspace, and in the server's paths."""
    bundle_id: str
    model_bytes: int
    """Of `model.onnx`."""
    python: str
    """`3.11`."""
    hagane: str
    has_hashes: bool
    has_grpc: bool
    shutdown_seconds: int
    """What the server takes at most to finish what is in flight."""

    @property
    def label(self) -> str:
        """What clusters call it (RFC 1123)."""
        return dns_label(self.model)

    @property
    def memory_mebibytes(self) -> int:
        """To ask for: the libraries, and the model a few times (its file, its graph, its optimised graph)."""
        return 192 + -(-4 * self.model_bytes // (64 << 20)) * 64


def dns_label(name: str) -> str:
    """A name as clusters want them: small letters, digits and `-`, 50 at most, beginning with a letter.

    >>> dns_label("Late_Flights v2"), dns_label("2x"), dns_label("日本")
    ('late-flights-v2', 'model-2x', 'model')
    """
    label = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:50].strip("-")
    return label if label[:1].isalpha() else f"model-{label}".strip("-")
