"""ML.TRAINING_INFO: how a model was trained, iteration by iteration."""

from __future__ import annotations

from typing import Literal

import msgspec
import pyarrow as pa

from hagane.session.function_call import FunctionCall
from hagane.session.table_function import FunctionContext
from hagane.workflow.training_info import training_info

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
        """A row an iteration. Raises HaganeError."""
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
        return pa.Table.from_pylist(rows, SCHEMA)
