"""ML.TRAINING_INFO: how a model was trained, iteration by iteration."""

from __future__ import annotations

from typing import Literal

import msgspec
import pyarrow as pa

from hagane.session.function_call import FunctionCall
from hagane.session.table_function import FunctionContext
from hagane.workflow.training_info import TrainingIteration, training_info

SCHEMA = pa.schema(
    [
        ("training_run", pa.int64()),
        ("iteration", pa.int64()),
        ("loss", pa.float64()),
        ("eval_loss", pa.float64()),
        ("learning_rate", pa.float64()),
        ("duration_ms", pa.int64()),
    ]
)
OF_PCA = ("training_run", "iteration", "duration_ms")
CLUSTER_INFO = pa.list_(
    pa.struct([("centroid_id", pa.int64()), ("cluster_radius", pa.float64()), ("cluster_size", pa.int64())])
)
FROM_ONE = ("boosted_tree_", "random_forest_")
"""Families whose iterations BigQuery counts from 1; it counts those of all others from 0."""


class TrainingInfoOptions(msgspec.Struct, frozen=True, kw_only=True):
    """There are none."""


class TrainingInfo:
    """`ML.TRAINING_INFO(MODEL m)`."""

    name = "ML.TRAINING_INFO"
    model: Literal["required"] = "required"
    num_data = (0, 0)
    Options = TrainingInfoOptions

    def run(self, call: FunctionCall, context: FunctionContext) -> pa.Table:
        """A row an iteration; of k-means with its clusters, of a PCA without losses. Raises HaganeError."""
        assert call.model is not None
        info = training_info(call.model.path, workspace=context.workspace)
        first = 1 if info.model_type.startswith(FROM_ONE) else 0
        rows = [
            {
                "training_run": each.training_run,
                "iteration": each.iteration - 1 + first,
                "loss": each.loss,
                "eval_loss": each.eval_loss,
                "learning_rate": each.learning_rate,
                "duration_ms": round(each.duration_ms),
            }
            for each in info.iterations
        ]
        if info.model_type == "pca":
            return pa.Table.from_pylist([{name: row[name] for name in OF_PCA} for row in rows]).cast(
                pa.schema([SCHEMA.field(name) for name in OF_PCA])
            )
        if info.model_type == "kmeans":
            clusters = [_clusters(each) for each in info.iterations]
            told = pa.Table.from_pylist(rows, SCHEMA).drop_columns(["eval_loss"])
            return told.append_column("cluster_info", pa.array(clusters, CLUSTER_INFO))
        return pa.Table.from_pylist(rows, SCHEMA)


def _clusters(iteration: TrainingIteration) -> list[dict[str, float]]:
    found = iteration.cluster_info or ()
    return [{**msgspec.to_builtins(each), "cluster_size": round(each.cluster_size)} for each in found]
