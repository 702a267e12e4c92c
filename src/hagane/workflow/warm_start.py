"""What a training takes from the earlier model with which it begins: family, options, features, classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from hagane.errors import DataError, Fault, SpecError
from hagane.features.label import LabelEncoding
from hagane.features.several_labels import Labels, SeveralLabels
from hagane.features.transform import Transform
from hagane.models import get_family
from hagane.models.options import FamilyOptions
from hagane.models.require_same_shape import shape_faults
from hagane.spec.spec import Model, Spec
from hagane.spec.warm_start import WarmStartOptions, as_warm_start
from hagane.types import Schema
from hagane.workflow.beginning import Beginning

AT = "training.warm_start"


def begin_spec(spec: Spec, beginning: Beginning) -> Spec:
    """The spec with what it leaves open as the earlier model had it: family, options, features.

    So it is with BigQuery ML's WARM_START. Raises SpecError for another family, and for options in which the two must
    agree and do not.
    """
    earlier, asked = beginning.spec, as_warm_start(spec.training.warm_start)
    assert asked is not None
    if spec.model.type not in ("auto", earlier.model.type):
        raise SpecError(_other_family(spec, beginning))
    options = get_family(earlier.model.type).Options
    assert issubclass(options, FamilyOptions)
    if faults := list(shape_faults(beginning.reference, options.shaping, earlier.model.options, spec.model.options)):
        raise SpecError(*faults)
    pinned = WarmStartOptions(model=beginning.reference, transform=asked.transform)
    return msgspec.structs.replace(
        spec,
        transform=earlier.transform if spec.transform is None else spec.transform,
        model=Model(type=earlier.model.type, options=earlier.model.options | spec.model.options),
        training=msgspec.structs.replace(spec.training, warm_start=pinned),
    )


def check_beginning(beginning: Beginning, spec: Spec, schema: Schema) -> None:
    """Raise SpecError or DataError where a resolved spec, or the rows, do not fit features that are to be reused."""
    asked = as_warm_start(spec.training.warm_start)
    assert asked is not None
    if asked.transform == "refit":
        return
    if faults := _other_features(spec.transform or {}, beginning):
        raise SpecError(*faults)
    columns = ((column, schema[column.name].type if column.name in schema else None)
               for column in beginning.transform.columns)  # fmt: skip
    faults = [_other_column(column.name, column.type.value, found and found.value, beginning.reference)
              for column, found in columns if found is not column.type]  # fmt: skip
    if faults:
        raise DataError(*faults)


def transform_of(beginning: Beginning | None, spec: Spec) -> Transform | None:
    """The fitted features to use; None where they are to be fitted."""
    asked = as_warm_start(spec.training.warm_start)
    return beginning.transform if beginning and asked and asked.transform == "reuse" else None


def label_of(beginning: Beginning | None, found: Labels, columns: Sequence[str]) -> Labels:
    """The encoding of the label, or of several: that `found` in the rows, with the classes that an earlier model knows.

    Raises DataError for a class that it does not know, or a label of another type; SpecError for other labels.
    """
    if beginning is None:
        return found
    if (found.columns if isinstance(found, SeveralLabels) else ()) != beginning.labels:
        raise SpecError(_other_labels(columns, beginning))
    if not isinstance(found, LabelEncoding) or found.task == "regression":
        return found
    new = [value for value in found.classes if value not in beginning.classes]
    if new:
        raise DataError(Fault(
            what=f"the label '{found.column}' has classes that {beginning.reference} does not know",
            where=AT,
            expected=_listed(beginning.classes),
            received=_listed(new),
            next_step="leave those rows out in the data query, or train without a warm start",
        ))  # fmt: skip
    return msgspec.structs.replace(found, classes=beginning.classes)


def _other_family(spec: Spec, beginning: Beginning) -> Fault:
    return Fault(
        what=f"a {spec.model.type} cannot begin with {beginning.reference}, which is another family",
        where="model.type",
        expected=beginning.spec.model.type,
        received=spec.model.type,
        next_step="leave model.type out, or train without a warm start",
    )


def _other_labels(columns: Sequence[str], beginning: Beginning) -> Fault:
    return Fault(
        what=f"{beginning.reference} predicts other labels, or in another order",
        where=AT,
        expected=_listed(beginning.labels) or "one label",
        received=_listed(columns),
        next_step="name the same labels, or train without a warm start",
    )


def _other_features(transform: Mapping[str, str], beginning: Beginning) -> list[Fault]:
    earlier = beginning.spec.transform or {}
    names = [name for name in dict.fromkeys((*transform, *earlier)) if transform.get(name) != earlier.get(name)]
    return [
        Fault(
            what=f"the feature '{name}' is another one in {beginning.reference}",
            where=f"transform.{name}",
            expected=earlier.get(name, "no such feature"),
            received=transform.get(name, "no such feature"),
            next_step="leave 'transform' out, or learn the features anew: warm_start: {transform: refit}",
        )
        for name in names
    ]


def _other_column(name: str, wanted: str, found: str | None, reference: str) -> Fault:
    return Fault(
        what=f"the data do not have the column '{name}' as {reference} read it",
        where=AT,
        expected=wanted,
        received=found or "no such column",
        next_step="mend it in the data query, or learn the features anew: warm_start: {transform: refit}",
    )


def _listed(classes: Any, most: int = 10) -> str:
    shown = ", ".join(repr(value) for value in classes[:most])
    return shown + (f" and {len(classes) - most} more" if len(classes) > most else "")
