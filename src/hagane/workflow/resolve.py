"""From what the user asked to what will happen: every default of a spec written out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from hagane.errors import Fault, SpecError, nearest
from hagane.features.automatic import AutomaticTransform, LeftOut, automatic_transform
from hagane.features.bigquery_transform import bigquery_transform
from hagane.features.resolve_transform import resolve_transform
from hagane.models import FAMILIES, default_family, family_options, get_family
from hagane.models.ensemble_options import EnsembleOptions
from hagane.models.family import Family, Task
from hagane.models.options import FamilyOptions
from hagane.spec.spec import Model, Spec
from hagane.sql.bind import bind_all
from hagane.sql.expression import columns_of
from hagane.statistics.statistics import Statistics
from hagane.types import Column, Schema, SqlType
from hagane.workflow.check_declared import MANY_ROWS, declared_options
from hagane.workflow.check_strategy import check_strategy
from hagane.workflow.member_transform import member_feature_faults, member_transform, with_resolved_features
from hagane.workspace.model_version import spec_name

MOST_REASONS = 10


@dataclass(frozen=True, slots=True)
class Resolved:
    """A spec without gaps, and what its words stand for."""

    spec: Spec
    family: Family
    options: msgspec.Struct
    left_out: tuple[LeftOut, ...]
    """Columns that automatic preprocessing did not use, each with its reason."""
    as_words: tuple[str, ...] = ()
    """STRING columns that automatic preprocessing took for text: TF-IDF instead of categories."""
    like_numbers: tuple[tuple[str, str], ...] = ()
    """STRING columns that it took for categories and that look like numbers, each with an example."""
    features: Mapping[str, str] | None = None
    """What is fitted, where that is not the spec's `transform`: of `transform_only`, whose answers are of any type."""


def check_with_schema(spec: Spec, schema: Schema, unsupported: Sequence[Fault] = ()) -> None:
    """Raise SpecError with every fault that can be seen before a row is read: names, the label's type, expressions.

    `unsupported` says of columns that the data have, and that are left out, why.
    """
    transform = spec.transform
    steps: list[Callable[[], object]] = [lambda: check_names(spec, schema, unsupported)]
    if spec.model.type != "auto" and isinstance(spec.label, str) and spec.label in schema:
        label = schema[spec.label]
        if not label.type.is_array:  # its elements are looked at where they become columns
            steps.append(lambda: _check_label(get_family(spec.model.type), label))
    if transform is not None:
        steps.append(lambda: check_columns_read(spec, transform, schema))
        steps.append(lambda: _check_members(spec, transform, schema))
    errors = [error for step in steps if (error := _error_of(step)) is not None]
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise SpecError(*(fault for error in errors for fault in error.faults))


def _check_members(spec: Spec, transform: Mapping[str, str], schema: Schema) -> None:
    if spec.model.type not in FAMILIES:
        return
    family = get_family(spec.model.type)
    options = family_options(family, declared_options(spec, family, num_rows=MANY_ROWS))
    if isinstance(options, EnsembleOptions) and (faults := [*member_feature_faults(options, transform, schema)]):
        raise SpecError(*faults)


def _error_of(step: Callable[[], object]) -> SpecError | None:
    try:
        step()
    except SpecError as error:
        return error
    return None


def resolve(spec: Spec, schema: Schema, statistics: Statistics) -> Resolved:
    """Write out name, family, options and transform of a spec that `check_with_schema` let pass. Raises SpecError."""
    family = choose_family(spec, schema, statistics)
    options = family_options(family, declared_options(spec, family, num_rows=statistics.num_rows))
    options = options.for_rows(statistics.num_rows)
    check_strategy(spec.training, family)
    transform = spec.transform
    left_out: tuple[LeftOut, ...] = ()
    as_words: tuple[str, ...] = ()
    like_numbers: tuple[tuple[str, str], ...] = ()
    if transform is None:
        automatic, options = _automatic(spec, family, options, schema, statistics)
        transform, left_out, as_words, like_numbers = automatic
        if not transform:
            raise SpecError(_nothing_left(left_out))
    elif family.task is Task.PREPROCESSING:
        return _transform_alone(spec, family, options, transform, schema)
    elif spec.defaults == "bigquery" and not isinstance(options, EnsembleOptions):
        transform = bigquery_transform(transform, schema, scales=family.scales, accepts_missing=family.accepts_missing)
    if isinstance(options, EnsembleOptions):
        options = with_resolved_features(options, transform, schema)
    resolved = msgspec.structs.replace(
        spec,
        name=spec_name(msgspec.structs.replace(spec, model=Model(type=family.name))),
        transform=resolve_transform(transform, schema, accepts_missing=family.accepts_missing),
        model=Model(type=family.name, options=msgspec.to_builtins(options)),
    )
    return Resolved(resolved, family, options, left_out, as_words, like_numbers)


def _transform_alone(
    spec: Spec, family: Family, options: FamilyOptions, transform: Mapping[str, str], schema: Schema
) -> Resolved:
    """A transform stays what it is; what is learned of it is learned as if a family came behind."""
    features = bigquery_transform(transform, schema, scales=False, accepts_missing=True)
    resolved = msgspec.structs.replace(
        spec,
        name=spec_name(msgspec.structs.replace(spec, model=Model(type=family.name))),
        transform=dict(transform),
        model=Model(type=family.name, options=msgspec.to_builtins(options)),
    )
    return Resolved(resolved, family, options, (), features=resolve_transform(features, schema, accepts_missing=True))


def _automatic(
    spec: Spec, family: Family, options: FamilyOptions, schema: Schema, statistics: Statistics
) -> tuple[AutomaticTransform, FamilyOptions]:
    """What automatic preprocessing makes of the table for the family; of an ensemble for each member's."""

    def automatic(one: Family) -> AutomaticTransform:
        return automatic_transform(
            schema,
            statistics,
            spec.label,
            scales=one.scales,
            accepts_missing=one.accepts_missing and one.task.has_label,
            imputes=one.accepts_missing and not one.task.has_label,
            exclude=(*not_features(spec), *options.marks),
            rules=spec.defaults,
        )

    if isinstance(options, EnsembleOptions):
        return member_transform(options, automatic)
    return automatic(family), options


def _nothing_left(left_out: tuple[LeftOut, ...]) -> Fault:
    reasons = "; ".join(f"{left.column}: {left.reason}" for left in left_out[:MOST_REASONS])
    more = f"; and {len(left_out) - MOST_REASONS} more columns" if len(left_out) > MOST_REASONS else ""
    return Fault(
        what="no column is left to learn from",
        where="transform",
        received=reasons + more if left_out else "the label alone",
        next_step="add columns to the data query, or write the features: transform",
    )


def not_features(spec: Spec) -> tuple[str, ...]:
    """Columns that automatic preprocessing must not use: those excluded, and what says a row's part or its weight."""
    by_column = spec.split.method == "column" and spec.split.column is not None
    part = [spec.split.column] if by_column and spec.split.column else []
    return (*spec.exclude, *part, *([spec.training.weight_column] if spec.training.weight_column else []))


def check_names(spec: Spec, schema: Schema, unsupported: Sequence[Fault] = ()) -> None:
    """Raise SpecError for every column that the spec names and the data do not have."""
    several = {f"label[{i}]": name for i, name in enumerate(spec.labels)}
    named = {"label": spec.label} if isinstance(spec.label, str) else several
    if spec.split.column is not None:
        named["split.column"] = spec.split.column
    if isinstance(spec.split.stratify, str):
        named["split.stratify"] = spec.split.stratify
    if spec.training.weight_column is not None:
        named["training.weight_column"] = spec.training.weight_column
    named |= {f"exclude[{i}]": name for i, name in enumerate(spec.exclude)}
    named |= {f"evaluation.slices[{i}]": name for i, name in enumerate(spec.evaluation.slices)}
    monitored = spec.monitoring.quality.slices if spec.monitoring else ()
    named |= {f"monitoring.quality.slices[{i}]": name for i, name in enumerate(monitored)}
    named |= {f"serving.sensitive.{name}": name for name in spec.serving.sensitive}
    faults = [_not_there(name, where, schema, unsupported) for where, name in named.items() if name not in schema]
    weight = spec.training.weight_column
    if weight is not None and weight in schema and not schema[weight].type.is_numeric:
        type_ = schema[weight].type.value
        what, expected = f"the column '{weight}' cannot weigh rows", "an INT64 or FLOAT64 column"
        faults.append(Fault(what=what, where="training.weight_column", expected=expected, received=type_))
    if faults:
        raise SpecError(*faults)


def _not_there(name: str, where: str, schema: Schema, unsupported: Sequence[Fault]) -> Fault:
    for fault in unsupported:
        if fault.what.startswith(f"column {name!r} "):
            return msgspec.structs.replace(fault, where=where)
    return Fault(
        what=f"the data have no column '{name}'",
        where=where,
        expected="one of: " + _list(schema.names),
        nearest=nearest(name, schema.names),
        next_step="correct the name, or add the column to the data query",
    )


def check_columns_read(spec: Spec, transform: Mapping[str, str], schema: Schema) -> None:
    """Raise SpecError for every feature that reads the label, which no row to predict has, or an excluded column."""
    refused = dict.fromkeys(spec.exclude, "an excluded column") | dict.fromkeys(spec.labels, "the label")
    if spec.training.weight_column is not None:
        refused[spec.training.weight_column] = "the weight column"
    read = {feature: columns_of(expression) for feature, expression in bind_all(transform, schema).items()}
    faults = [
        Fault(
            what=f"the feature '{feature}' reads {refused[name]}, '{name}'",
            where=f"transform.{feature}",
            next_step="remove the feature" + (", or the column from 'exclude'" if name in spec.exclude else ""),
        )
        for feature, names in read.items()
        for name in names
        if name in refused
    ]
    if faults:
        raise SpecError(*faults)


def choose_family(spec: Spec, schema: Schema, statistics: Statistics) -> Family:
    """The family that the spec names, or for `auto` the one that suits the label. Raises SpecError."""
    name = spec.model.type
    if name == "auto":
        label = spec.labels[0]
        name = default_family(schema[label].type, statistics[label].num_distinct or 0)
    family = get_family(name)
    if isinstance(spec.label, str) or family.task is Task.REGRESSION:  # several truth values are numbers, too
        for label in spec.labels:
            _check_label(family, schema[label])
    return family


def _check_label(family: Family, label: Column) -> None:
    if family.task is Task.REGRESSION and not label.type.is_numeric:
        raise _wrong_label(
            family,
            label,
            predicts="a number",
            expected="an INT64 or FLOAT64 label",
            other=family.name.replace("regressor", "classifier").replace("linear_reg", "logistic_reg"),
            next_step="choose a classifier, or make the label a number in the data query",
        )
    if family.task is Task.CLASSIFICATION and label.type in (SqlType.FLOAT64, SqlType.TIMESTAMP):
        raise _wrong_label(
            family,
            label,
            predicts="a class",
            expected="a STRING, BOOL or INT64 label",
            other=family.name.replace("classifier", "regressor").replace("logistic_reg", "linear_reg"),
            next_step="choose a regressor, or make classes of the label in the data query (CASE, CAST, …)",
        )


def _wrong_label(
    family: Family, label: Column, *, predicts: str, expected: str, other: str, next_step: str
) -> SpecError:
    return SpecError(
        Fault(
            what=f"{family.name} predicts {predicts}, but the label '{label.name}' is {label.type.value}",
            where="model.type",
            expected=expected,
            received=label.type.value,
            nearest=other,
            next_step=next_step,
        )
    )


def _list(names: tuple[str, ...], most: int = 20) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
