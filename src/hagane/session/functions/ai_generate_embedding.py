"""AI.GENERATE_EMBEDDING: ML.GENERATE_EMBEDDING under names of its own."""

from __future__ import annotations

from hagane.session.functions.generate_embedding import GenerateEmbedding


class AiGenerateEmbedding(GenerateEmbedding):
    """`AI.GENERATE_EMBEDDING(MODEL m, {TABLE t | (query)})`."""

    name = "AI.GENERATE_EMBEDDING"
    columns = ("embedding", "status")
