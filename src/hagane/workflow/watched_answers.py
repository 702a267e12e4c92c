"""`watched_answers`: what of a model's answers is watched, as SQL over the log's rows."""

from __future__ import annotations

from hagane.bundle.signature import Signature
from hagane.data.engine import quote_name

PROBABILITY = "probability"


def watched_answers(signature: Signature) -> dict[str, str]:
    """Name → SQL: the prediction, and the probability of the positive class; of several labels each."""
    found: dict[str, str] = {}
    for one in signature.each if signature.labels else (signature,):
        found[one.prediction_name] = f"prediction.{quote_name(one.prediction_name)}"
        if len(one.classes) == 2:
            found[f"{one.label}_{PROBABILITY}" if signature.labels else PROBABILITY] = probability_sql(one)
    return found


def probability_sql(signature: Signature) -> str:
    """Of the positive class of two: classes stand in their order."""
    return f"prediction.{quote_name(signature.prediction_name + '_probs')}[2].prob"
