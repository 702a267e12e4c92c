"""`ModelWeights`: what a linear model adds up, feature by feature, as BigQuery ML's ML.WEIGHTS shows it.

A model whose parameters are weights of features has a method `weights` (`HasWeights`); others have none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

import msgspec

INTERCEPT = "__INTERCEPT__"
MOST_CATEGORIES = 100_000
"""Weights of categories that are listed, of all features and classes together; of more, the largest."""


class CategoryWeight(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The weight of one slot of a feature: what it adds to the raw score."""

    category: str | None
    """None for NULL, and for what training never saw or too rarely."""
    kind: Literal["value", "null", "unknown"] = "value"
    weight: float
    standard_error: float | None = None
    p_value: float | None = None
    """Of the hypothesis that the weight is 0; None where the rows do not tell, or of the category left out."""


class FeatureWeight(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A feature's weight: of a number `weight`, of categories and words `category_weights`."""

    processed_input: str
    """The feature's name, `__INTERCEPT__` for the intercept."""
    class_label: str | None = None
    """Of three classes and more: whose raw score it is."""
    input: str | None = None
    """What one unit is of, where the feature is a scaled value: the SQL inside the scaler."""
    weight: float | None = None
    standardized_weight: float | None = None
    """As if each number had mean 0 and deviation 1 over the training rows."""
    standard_error: float | None = None
    """Of `weight`."""
    p_value: float | None = None
    category_weights: tuple[CategoryWeight, ...] = ()
    num_left_out: int = 0
    """Categories of smaller weights, where there are too many to list."""


class ModelWeights(msgspec.Struct, frozen=True, kw_only=True):
    """`weights.json`. Of two classes, the weights are those of the log odds of the second."""

    model_type: str
    label: str
    classes: tuple[str, ...] = ()
    test: Literal["t", "z"] | None = None
    """Whose p-values these are: Student's t, or the normal z; None without."""
    degrees_of_freedom: float | None = None
    weights: tuple[FeatureWeight, ...]

    def rows(self) -> list[dict[str, Any]]:
        """One mapping a weight, in ML.ADVANCED_WEIGHTS' columns: `pandas.DataFrame(model.weights().rows())`."""
        return [row for weight in self.weights for row in _rows(weight, with_class=len(self.classes) > 2)]

    @staticmethod
    def from_json(document: bytes) -> ModelWeights:
        """What `to_json` wrote. Raises msgspec.DecodeError for anything else."""
        return msgspec.json.decode(document, type=ModelWeights)

    def to_json(self) -> bytes:
        """As a document of a bundle."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2)


class Scaling(NamedTuple):
    """How a feature was made: (value − centre) / width, and what the value is, as SQL."""

    centre: float
    width: float
    input: str


@runtime_checkable
class HasWeights(Protocol):
    """A fitted model that is a sum of weighted features."""

    def weights(self, label: str, classes: Sequence[str], scalings: Mapping[str, Scaling]) -> ModelWeights:
        """Its weights; of features in `scalings` for a unit of the value that was scaled."""


def _rows(weight: FeatureWeight, *, with_class: bool) -> list[dict[str, Any]]:
    start: dict[str, Any] = {"processed_input": weight.processed_input}
    if with_class:
        start["class_label"] = weight.class_label
    if weight.weight is not None:
        end = {name: getattr(weight, name) for name in ("weight", "standardized_weight", "standard_error", "p_value")}
        return [{**start, "category": None, **end}]
    return [
        {
            **start,
            "category": category.category if category.kind == "value" else f"({category.kind})",
            "weight": category.weight,
            "standardized_weight": category.weight,
            "standard_error": category.standard_error,
            "p_value": category.p_value,
        }
        for category in weight.category_weights
    ]
