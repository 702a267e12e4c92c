"""The protocols that the server speaks: one file and one line here each.

A protocol is a module with `protocol(model: ServedModel) -> Protocol` (see `hagane.serving.protocol`). The first one
that knows a path answers it, and gives errors their shape; the first of all answers for paths that none knows.
"""

PROTOCOLS: dict[str, str] = {
    "vertex": "hagane.serving.protocols.vertex",
}
"""Name → module."""
