"""`answer_columns`: what of a model's answers is watched, as columns of its log."""

from __future__ import annotations

from hagane.bundle.signature import Signature
from hagane.serving.request_log.row_schema import class_type
from hagane.types import SqlType
from hagane.workflow.logged_column import LoggedColumn

PROBABILITY = "probability"
PREDICTION = "prediction."
"""How the names of the columns begin."""


def answer_columns(signature: Signature) -> dict[str, LoggedColumn]:
    """By name the prediction, and of two classes the probability of the positive one; of several labels each.

    Of a model without a label its columns of one value a row.
    """
    columns = [each for each in signature.output_columns if each.type and not each.type.is_array]
    found = {each.name: _answer(each.name, each.type) for each in columns if each.type}
    if signature.output_columns:
        return found
    for one in signature.each if signature.labels else (signature,):
        name = one.prediction_name
        found[name] = _answer(name, SqlType.FLOAT64 if one.task == "regression" else class_type(one))
        if len(one.classes) == 2:
            called = probability_name(one, signature)
            found[called] = probability_column(one, called)
    return found


def probability_column(signature: Signature, name: str = PROBABILITY) -> LoggedColumn:
    """Of the positive class of two."""
    field = f"{signature.prediction_name}_probs"
    return LoggedColumn(PREDICTION + name, SqlType.FLOAT64, "prediction", field, is_positive=True)


def probability_name(one: Signature, whole: Signature) -> str:
    """Of one of a model's labels, or its only one."""
    return f"{one.label}_{PROBABILITY}" if whole.labels else PROBABILITY


def _answer(name: str, type_: SqlType) -> LoggedColumn:
    return LoggedColumn(PREDICTION + name, type_, "prediction", name)
