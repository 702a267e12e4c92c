"""The weights of a linear model as its user reads them: by feature, category and class, in the features' own units.

Shapes: w columns, f of them free, c outputs; weights [w, c].
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hagane.features.feature import Feature, FeatureKind
from hagane.models.design import slot_offsets
from hagane.models.weights import (
    INTERCEPT,
    MOST_CATEGORIES,
    CategoryWeight,
    FeatureWeight,
    ModelWeights,
    Scaling,
)

if TYPE_CHECKING:
    from hagane.models.linear_model import LinearModel

Floats = npt.NDArray[np.float64]


def linear_weights(
    model: LinearModel, label: str, classes: Sequence[str], scalings: Mapping[str, Scaling]
) -> ModelWeights:
    """Every weight, class by class; of a scaled feature for a unit of what was scaled, as if it had not been."""
    degrees = None if model.errors is None else model.errors.degrees_of_freedom
    table = _Table(model, scalings)
    several = len(model.coefficients.intercept) > 1
    return ModelWeights(
        model_type=model.family,
        label=label,
        classes=tuple(classes),
        test=None if model.errors is None else "z" if degrees is None else "t",
        degrees_of_freedom=degrees,
        weights=tuple(
            weight
            for output in range(len(model.coefficients.intercept))
            for weight in table.of_output(output, classes[output] if several else None)
        ),
    )


class _Table:
    """Weights and errors for columns as their user knows them: divided by `width` [d], with `centre` [d] taken off."""

    def __init__(self, model: LinearModel, scalings: Mapping[str, Scaling]) -> None:
        self.features = model.features
        self.scalings = scalings
        self.coefficients = model.coefficients
        self.columns = model.columns
        dense = [f for f in model.features if f.kind is FeatureKind.DENSE]
        self.width = np.array([scalings[f.name].width if f.name in scalings else 1.0 for f in dense])
        self.centre = np.array([scalings[f.name].centre if f.name in scalings else 0.0 for f in dense])
        self.offsets, num_slots = slot_offsets(model.features)
        self.room = MOST_CATEGORIES // max(1, len(model.coefficients.intercept))
        self.errors, self.p_values = self._errors(model)
        self.intercept = model.coefficients.intercept - (self.centre / self.width) @ model.coefficients.dense
        self.intercept_errors, self.intercept_p_values = self._intercept_errors(model)
        self.share = min(1.0, self.room / max(num_slots, 1))

    def of_output(self, output: int, class_label: str | None) -> Iterator[FeatureWeight]:
        """The intercept, then every feature."""
        mean = self.columns.mean @ self.coefficients.dense[:, output] + self.coefficients.intercept[output]
        yield FeatureWeight(
            processed_input=INTERCEPT,
            class_label=class_label,
            weight=float(self.intercept[output]),
            standardized_weight=float(mean),
            standard_error=_known(self.intercept_errors[output]),
            p_value=_known(self.intercept_p_values[output]),
        )
        dense, slots = 0, 0
        for feature in self.features:
            if feature.kind is FeatureKind.DENSE:
                yield self._number(feature, dense, output, class_label)
                dense += 1
            else:
                yield self._categories(feature, slots, output, class_label)
                slots += 1

    def _number(self, feature: Feature, index: int, output: int, class_label: str | None) -> FeatureWeight:
        weight = float(self.coefficients.dense[index, output])
        scaling = self.scalings.get(feature.name)
        error = self.errors[index, output] / self.width[index]
        return FeatureWeight(
            processed_input=feature.name,
            class_label=class_label,
            input=None if scaling is None else scaling.input,
            weight=weight / float(self.width[index]),
            standardized_weight=weight * float(self.columns.deviation[index]),
            standard_error=_known(error),
            p_value=_known(self.p_values[index, output]),
        )

    def _categories(self, feature: Feature, index: int, output: int, class_label: str | None) -> FeatureWeight:
        first = len(self.width) + int(self.offsets[index])
        slots = np.arange(feature.cardinality)
        room = math.ceil(self.share * feature.cardinality)
        sizes = np.abs(self.coefficients.table[int(self.offsets[index]) + slots, output])
        listed = slots if room >= len(slots) else np.sort(np.argsort(-sizes, kind="stable")[:room])
        return FeatureWeight(
            processed_input=feature.name,
            class_label=class_label,
            category_weights=tuple(self._category(feature, slot, first, output) for slot in listed.tolist()),
            num_left_out=len(slots) - len(listed),
        )

    def _category(self, feature: Feature, slot: int, first: int, output: int) -> CategoryWeight:
        column = first + slot
        weight = float(self.coefficients.table[column - len(self.width), output])
        error, p_value = _known(self.errors[column, output]), _known(self.p_values[column, output])
        if slot == 0:
            return CategoryWeight(category=None, kind="unknown", weight=weight, standard_error=error, p_value=p_value)
        if slot == feature.cardinality - 1:
            return CategoryWeight(category=None, kind="null", weight=weight, standard_error=error, p_value=p_value)
        name = feature.vocabulary[slot - 1] if feature.vocabulary else str(slot - 1)
        return CategoryWeight(category=name, weight=weight, standard_error=error, p_value=p_value)

    def _errors(self, model: LinearModel) -> tuple[Floats, Floats]:
        """[w, c] of the weights as the model has them, and their p-values. The slot left out: 0, and none."""
        whole = np.concatenate([model.coefficients.dense, model.coefficients.table])
        errors = np.full(whole.shape, np.nan)
        p_values = np.full(whole.shape, np.nan)
        if model.errors is not None:
            free, scale = model.columns.free, model.columns.scale[:, None]
            errors[free] = model.errors.of_each() / scale[free]
            p_values[free] = model.errors.p_values(whole[free], errors[free])
            errors[~free] = 0.0
        return errors, p_values

    def _intercept_errors(self, model: LinearModel) -> tuple[Floats, Floats]:
        """[c] of the intercept: that of columns with their means taken off, less what this adds up to."""
        c, errors = len(self.intercept), model.errors
        if errors is None or len(errors.covariance[0]) == len(errors.mean):
            return np.full(c, np.nan), np.full(c, np.nan)
        columns = model.columns
        shift = np.zeros(len(columns.free))
        d = len(self.width)
        shift[:d] = (columns.centre + self.centre / self.width) / columns.scale[:d]
        combination = np.append(-shift[columns.free] - errors.mean, 1.0)
        found = errors.of(combination)
        return found, errors.p_values(self.intercept, found)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
