"""ML.GLOBAL_EXPLAIN: how much each column matters, over many rows."""

from __future__ import annotations

from typing import Literal

import msgspec
import pyarrow as pa

from hagane.bundle.bundle import Bundle
from hagane.data.keep_columns import keep_columns
from hagane.errors import Fault, SpecError
from hagane.session.function_call import FunctionCall
from hagane.session.model_bundle import model_bundle
from hagane.session.table_function import FunctionContext
from hagane.workflow.evaluate import input_types
from hagane.workflow.global_explanation import GLOBAL_EXPLANATION_NAME, GlobalExplanation, explain_globally

TOP_FEATURES = 10
"""Of each class."""


class GlobalExplainOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What STRUCT(…) may say."""

    class_level_explain: bool = False
    """Whether each class is told by itself."""


class GlobalExplain:
    """`ML.GLOBAL_EXPLAIN(MODEL m [, {TABLE t | (query)}] [, STRUCT(class_level_explain)])`."""

    name = "ML.GLOBAL_EXPLAIN"
    model: Literal["required"] = "required"
    num_data = (0, 1)
    Options = GlobalExplainOptions

    def run(self, call: FunctionCall, context: FunctionContext) -> pa.Table:
        """A row a column, the largest first; of each class its own. Raises HaganeError."""
        options = call.options
        assert isinstance(options, GlobalExplainOptions)
        bundle = model_bundle(call)
        found = _found(call, bundle, context)
        if not options.class_level_explain:
            return _table(found.attributions)
        if not bundle.signature.classes or not found.outputs:
            raise SpecError(_no_classes(bundle, found))
        classes = pa.array([each.output for each in found.outputs])
        tables = [_table(dict([*each.attributions.items()][:TOP_FEATURES])) for each in found.outputs]
        numbers = [place for place, table in enumerate(tables) for _ in range(table.num_rows)]
        told = pa.concat_tables(tables)
        return told.add_column(0, bundle.signature.label, classes.take(pa.array(numbers, pa.int64())))


def _found(call: FunctionCall, bundle: Bundle, context: FunctionContext) -> GlobalExplanation:
    if call.data:
        rows = call.data[0].encoded() or call.data[0]
        table = keep_columns(rows.schema, rows.reader, input_types(bundle.signature))
        return explain_globally(bundle, table, progress=context.progress)
    if GLOBAL_EXPLANATION_NAME not in bundle.manifest.files:
        raise SpecError(
            Fault(
                what=f"the training of {bundle.name} was not asked to explain it",
                expected="a model trained with enable_global_explain = TRUE, or rows",
                next_step="name rows: ML.GLOBAL_EXPLAIN(MODEL m, TABLE t)",
            )
        )
    return GlobalExplanation.from_json(bundle.document(GLOBAL_EXPLANATION_NAME))


def _table(attributions: dict[str, float]) -> pa.Table:
    names = pa.array(list(attributions), pa.string())
    return pa.table({"feature": names, "attribution": pa.array(list(attributions.values()), pa.float64())})


def _no_classes(bundle: Bundle, found: GlobalExplanation) -> Fault:
    has_too_many = bool(bundle.signature.classes)
    return Fault(
        what="no class was explained by itself" if has_too_many else "the model has no classes",
        where="class_level_explain",
        expected="a classifier of 20 classes at most",
        received=f"{len(bundle.signature.classes)} classes" if has_too_many else bundle.signature.model_type,
        next_step="leave class_level_explain out",
    )
