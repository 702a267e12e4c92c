"""Monotone constraints: of features by name, for LightGBM's columns by number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hagane.errors import Fault, SpecError, nearest
from hagane.features.feature import FeatureKind
from hagane.models.tree_columns import TreeColumns
from hagane.models.tree_options import TreeOptions

SIGNS = {"increasing": 1, "decreasing": -1}
WHERE = "model.options.monotone_constraints"


def monotone_parameters(options: TreeOptions, columns: TreeColumns, num_classes: int) -> dict[str, Any]:
    """LightGBM's parameters; none without constraints.

    Raises SpecError for a feature that is not there or is no number, and for more than two classes, of whose scores
    none can rise alone.
    """
    constraints = options.monotone_constraints
    if not constraints:
        return {}
    if faults := [*_faults(constraints, columns, num_classes)]:
        raise SpecError(*faults)
    signs = [0] * columns.num_columns
    for column in range(columns.num_dense):
        name = columns.features[columns.owners[column]].name
        signs[column] = SIGNS[constraints[name]] if name in constraints else 0
    return {"monotone_constraints": signs, "monotone_constraints_method": options.monotone_constraints_method}


def _faults(constraints: Mapping[str, str], columns: TreeColumns, num_classes: int) -> Iterator[Fault]:
    if num_classes > 2:
        yield Fault(
            what="monotone constraints need one score",
            where=WHERE,
            expected="two classes, or a number",
            received=f"{num_classes} classes",
        )
    features = {feature.name: feature for feature in columns.features}
    numbers = [name for name, feature in features.items() if feature.kind is FeatureKind.DENSE]
    for name in constraints:
        if name not in features:
            yield Fault(
                what=f"there is no feature {name!r} to constrain",
                where=f"{WHERE}.{name}",
                expected="one of: " + ", ".join(numbers[:20]) + (", …" if len(numbers) > 20 else ""),
                nearest=nearest(name, numbers),
            )
        elif features[name].kind is not FeatureKind.DENSE:
            yield Fault(
                what=f"feature {name!r} has no order to be constrained in",
                where=f"{WHERE}.{name}",
                expected="a feature that is a number",
                received="categories" if features[name].kind is FeatureKind.ID else "words or several values a row",
            )
