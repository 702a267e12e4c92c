"""ML.CONFUSION_MATRIX: labels against predictions."""

from __future__ import annotations

from typing import Literal

import msgspec
import pyarrow as pa

from hagane.data.arrow_types import ARROW_TYPES
from hagane.evaluation.class_column_names import class_column_names
from hagane.session.asked_trial import asked_trial, with_trial
from hagane.session.function_call import FunctionCall
from hagane.session.labelled_rows import labelled_rows
from hagane.session.model_bundle import model_bundle
from hagane.session.table_function import FunctionContext
from hagane.types import SqlType
from hagane.workflow.ml_confusion_matrix import ml_confusion_matrix


class ConfusionMatrixOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What STRUCT(…) may say."""

    threshold: float | None = None
    """Of two classes: from which probability on a row is positive; None: the model's own."""
    trial_id: int | None = None


class ConfusionMatrix:
    """`ML.CONFUSION_MATRIX(MODEL m [, {TABLE t | (query)}] [, STRUCT(…)])`."""

    name = "ML.CONFUSION_MATRIX"
    model: Literal["required"] = "required"
    num_data = (0, 1)
    Options = ConfusionMatrixOptions

    def run(self, call: FunctionCall, context: FunctionContext) -> pa.Table:
        """A row a class, ascending: its label, and how many of its rows were predicted to be of each class."""
        options = call.options
        assert isinstance(options, ConfusionMatrixOptions)
        bundle = model_bundle(call)
        trial = asked_trial(call, bundle)
        table = labelled_rows(call, bundle)
        found = ml_confusion_matrix(bundle, table, threshold=options.threshold, progress=context.progress)
        labels = pa.array(list(found.classes))
        if bundle.signature.label_type is SqlType.FLOAT64:
            labels = labels.cast(ARROW_TYPES[SqlType.FLOAT64])
        columns = zip(*found.counts, strict=True)
        names = class_column_names(found.classes)
        counts = {name: pa.array(column, pa.int64()) for name, column in zip(names, columns, strict=True)}
        return with_trial(pa.table({"expected_label": labels} | counts), trial)
