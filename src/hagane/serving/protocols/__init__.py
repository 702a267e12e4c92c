"""The protocols that the server speaks: one file and one line here each.

A protocol is a module with `protocol(model: ServedModel) -> Protocol` (see `hagane.serving.protocol`). Of two that know
a path the first one answers it, and gives errors their shape; the order is this table's unless another is chosen.
"""

PROTOCOLS: dict[str, str] = {
    "vertex": "hagane.serving.protocols.vertex",
    "tensorflow": "hagane.serving.protocols.tensorflow",
    "kserve": "hagane.serving.protocols.kserve",
    "open_inference": "hagane.serving.protocols.open_inference",
    "mlflow": "hagane.serving.protocols.mlflow",
}
"""Name → module."""
