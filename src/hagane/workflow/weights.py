"""What a linear model adds up: the document `weights.json` of its bundle, made and read."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import msgspec

from hagane.bundle.bundle import Bundle
from hagane.errors import BundleError, Fault, SpecError
from hagane.features.lower import lower
from hagane.features.transform import Transform
from hagane.models.family import FittedModel
from hagane.models.weights import HasWeights, ModelWeights, Scaling
from hagane.spec.spec import class_text
from hagane.sql.bind import bind_all
from hagane.sql.expression import Analyze, Call, ColumnRef, Expression, Literal, walk
from hagane.types import Schema
from hagane.workflow.prepare import Prepared
from hagane.workspace.workspace import Workspace

WEIGHTS_NAME = "weights.json"
LINEAR = ("linear_reg", "logistic_reg")
SCALERS = ("ML.STANDARD_SCALER", "ML.MIN_MAX_SCALER", "ML.MAX_ABS_SCALER", "ML.ROBUST_SCALER")
"""A line through the values (ML.MIN_MAX_SCALER: within those of training), which can be undone."""


def weights_document(prepared: Prepared, model: FittedModel) -> bytes | None:
    """The weights of a model that has such; None for others."""
    if not isinstance(model, HasWeights):
        return None
    classes = [class_text(value) for value in prepared.label.classes]
    kept = _declared_scalers(prepared)
    scalings = {name: scaling for name, scaling in _scalings(prepared.transform) if name not in kept}
    return model.weights(prepared.label.column, classes, scalings).to_json()


def model_weights(model: str | Path, *, workspace: Workspace) -> ModelWeights:
    """The weights of a trained linear model.

    Raises NotFoundError for the model, SpecError for one that is no sum of weighted features, BundleError for a bundle
    that was written before weights were kept.
    """
    return bundle_weights(Bundle.load(workspace.bundle_path(str(model))))


def bundle_weights(bundle: Bundle) -> ModelWeights:
    """The weights in a bundle. Raises as `model_weights`."""
    kind = bundle.signature.model_type
    if WEIGHTS_NAME not in bundle.manifest.files:
        if kind in LINEAR:
            what, step = "the bundle was written before weights were kept", "train again"
            raise BundleError(Fault(what=what, where=str(bundle.folder), next_step=step))
        step = "`importance` in the bundle's lineage.json says how much each feature matters"
        what, expected = "only linear models have weights of features", "a model of type " + " or ".join(LINEAR)
        raise SpecError(Fault(what=what, where=bundle.name, expected=expected, received=kind, next_step=step))
    try:
        return ModelWeights.from_json(bundle.document(WEIGHTS_NAME))
    except msgspec.DecodeError as error:
        raise BundleError(Fault(what=f"{WEIGHTS_NAME} cannot be read: {error}", where=str(bundle.folder))) from None


def _declared_scalers(prepared: Prepared) -> frozenset[str]:
    """The features that a TRANSFORM scales: BigQuery tells their weights for a unit of what it gives."""
    declared = prepared.labelled.spec.transform
    if prepared.resolved.spec.defaults != "bigquery" or not declared:
        return frozenset()
    bound = bind_all(declared, Schema(prepared.transform.columns))
    return frozenset(name for name, node in prepared.transform.bound.items() if _scaler(node) == bound.get(name))


def _scaler(node: Expression) -> Expression:
    """The expression without what stands in for NULL around it."""
    if isinstance(node, Call) and node.function == "COALESCE" and isinstance(node.arguments[1], Literal):
        return node.arguments[0]
    return node


def _scalings(transform: Transform) -> Iterator[tuple[str, Scaling]]:
    """The features that are a scaled value and nothing else, but for what stands in for NULL: how each was scaled."""
    for feature in transform.dense:
        node = _scaler(transform.bound[feature.name])
        if isinstance(node, Analyze) and node.function == "ML.IMPUTER":
            node = node.argument
        if not (isinstance(node, Analyze) and node.function in SCALERS):
            continue
        match _line(lower(node, transform.fitted)):
            case Call(arguments=(_, Literal(float(centre)), Literal(float(width)))) if math.isfinite(width):
                sql = transform.expressions.get(feature.name, "")
                yield feature.name, Scaling(centre, width, _text(node.argument, sql))


def _line(lowered: Expression) -> Expression | None:
    return next((part for part in walk(lowered) if isinstance(part, Call) and part.function == "$SCALE"), None)


def _text(argument: Expression, sql: str) -> str:
    """What was scaled, as it is written in the feature's SQL."""
    if isinstance(argument, ColumnRef):
        return argument.name
    return sql[argument.span.start : argument.span.end] if argument.span else "the value before it was scaled"
