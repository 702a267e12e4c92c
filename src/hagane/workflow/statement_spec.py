"""`statement_spec`: what a CREATE MODEL asks for, as the `Spec` that YAML and Python would have written."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from hagane.errors import Fault, HaganeError, SpecError, SqlError
from hagane.spec.decode_python import decode_python
from hagane.spec.spec import Model, Spec
from hagane.sql.statement import CreateModel
from hagane.types import Schema, SqlType
from hagane.workflow.asked_automl import asked_automl
from hagane.workflow.check_declared import check_declared
from hagane.workflow.hyperparameters import Hyperparameter, hyperparameters, set_hyperparameters
from hagane.workflow.model_options.as_spelled import as_spelled
from hagane.workflow.model_options.fault_places import FaultPlaces, placed_faults
from hagane.workflow.model_options.given_option import GivenOption, clause_fault, given_options
from hagane.workflow.model_options.known_options import WIDE_PARTS, without_effect
from hagane.workflow.model_options.model_types import (
    LATER,
    REMOTE,
    WIDE,
    ModelKind,
    kind_of,
    known_types,
    nearest_type,
)
from hagane.workflow.model_options.option_rules import broken_rules
from hagane.workflow.model_options.short_model_type import short_model_type
from hagane.workflow.model_options.spec_sections import DEFAULT_LABEL, spec_sections
from hagane.workflow.model_options.statement_transform import Feature, StatementTransform, statement_transform
from hagane.workflow.resolve import check_with_schema

PLACES = {
    "input_label_cols": ("label",),
    "data_split_col": ("split.column", "exclude"),
    "data_split_method": ("split.method", "split"),
    "num_trials": ("tuning.num_trials", "tuning"),
}
"""Options whose place is more than one."""
CLASS_WEIGHTS = ("auto_class_weights", "class_weights")
P_VALUES = "calculate_p_values beside {}: a row counts as often as it weighs, so p-values claim more than the rows say"


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """A CREATE MODEL, understood."""

    statement: CreateModel
    kind: ModelKind
    model_type: str
    """In lower case."""
    spec: Spec | None
    """Of a model that is trained or searched; None of one that is imported, or asked far away."""
    options: dict[str, Any]
    """Every option that was given, in lower case, with its value."""
    notices: tuple[str, ...]
    """What has no effect here, and why."""
    description: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    expiration_timestamp: str | None = None
    places: FaultPlaces | None = None

    def located(self, error: HaganeError) -> HaganeError:
        """An error of the training, with its faults underlined in the statement."""
        return self.places.placed_error(error) if self.places is not None else error


def statement_spec(
    statement: CreateModel, *, schema: Schema | None = None, name: str | None = None, data: str | None = None
) -> ModelRequest:
    """What the statement asks for.

    `schema` is that of its query: stars of TRANSFORM are written out by it, and names are checked; `name` the model's
    name in the workspace, by default as it was written; `data` the query that is trained on, by default as it was
    written. Raises SqlError with every fault, underlined at its clause; of a model that cannot be made yet it says
    what is missing.

    >>> from hagane.sql.parse_script import parse_script
    >>> text = "CREATE MODEL late OPTIONS(model_type='LOGISTIC_REG', labels=['is_late'], l2_reg=1) AS SELECT * FROM f"
    >>> request = statement_spec(parse_script(text)[0])
    >>> request.spec.label, request.spec.model.options, request.spec.defaults
    ('is_late', {'l2_reg': 1}, 'bigquery')
    """
    faults: list[Fault] = []
    model_type = _model_type(statement, schema, faults)
    kind = kind_of(model_type)
    if faults or kind is None:
        raise SqlError(*faults)
    given = given_options(statement, model_type, faults)
    faults += [
        clause_fault(statement, given[broken.option].clause, broken.what, **_parts(broken))
        for broken in broken_rules(given, model_type)
        if broken.option in given
    ]
    faults += _shape_faults(statement, kind, model_type)
    if kind == "later" and not faults:
        faults.append(_later_fault(statement, model_type))
    if kind not in ("trained", "searched") and faults:
        raise SqlError(*sorted(faults, key=lambda fault: fault.start))
    request = _described(statement, kind, model_type, given)
    if kind not in ("trained", "searched"):
        return request
    return _with_spec(request, given, faults, schema=schema, name=name, data=data)


def _parts(broken: Any) -> dict[str, str]:
    return {name: getattr(broken, name) for name in ("expected", "received", "nearest", "next_step")}


def _model_type(statement: CreateModel, schema: Schema | None, faults: list[Fault]) -> str:
    """In lower case; a fault where none is given, or one that nobody knows."""
    clause = next((clause for clause in statement.options if clause.name == "model_type"), None)
    if clause is None and statement.connection is not None:
        return REMOTE
    if clause is None:
        step = "add OPTIONS(model_type = 'LINEAR_REG'), say"
        faults.append(_head_fault(statement, "the statement names no model_type", step))
        return ""
    model_type = str(clause.value).lower()
    model_type = short_model_type(model_type, _label_type(statement, schema)) or model_type
    if kind_of(model_type) is None:
        near = nearest_type(model_type) if isinstance(clause.value, str) else ""
        expected = "" if near else "one of " + ", ".join(each.upper() for each in known_types())
        what = f"there is no model_type {clause.value!r}"
        faults.append(clause_fault(statement, clause, what, nearest=near, expected=expected))
    return model_type


def _label_type(statement: CreateModel, schema: Schema | None) -> SqlType | None:
    """The type of the label's column, where it is known."""
    names = [clause.value for clause in statement.options if clause.name in ("input_label_cols", "labels")]
    label = str(names[0][0] if names and isinstance(names[0], list) and names[0] else DEFAULT_LABEL).lower()
    return next((column.type for column in schema or () if column.name.lower() == label), None)


def _head_fault(statement: CreateModel, what: str, next_step: str = "") -> Fault:
    """One that lies in no clause: the statement's first line is underlined."""
    return Fault(what=what, sql=statement.sql, start=statement.start, end=statement.end, next_step=next_step)


def _shape_faults(statement: CreateModel, kind: ModelKind, model_type: str) -> Iterator[Fault]:
    """Clauses that models of this type do not have, and those that are missing."""
    is_made_of_rows = kind in ("trained", "searched", "later")
    shown = model_type.upper()
    if is_made_of_rows and statement.query is None:
        yield _head_fault(statement, "there are no rows to train on", "add AS SELECT … at the end")
    if not is_made_of_rows and statement.query is not None:
        what = f"a {shown} model is trained on no rows"
        yield Fault(what=what, sql=statement.sql, start=statement.query_start, end=statement.query_end,
                    next_step="remove AS and the query")  # fmt: skip
    if statement.transform is not None and not is_made_of_rows:
        first, last = statement.transform[0], statement.transform[-1]
        yield Fault(what=f"a {shown} model has no TRANSFORM", sql=statement.sql, start=first.start, end=last.end,
                    next_step="compute the features in the query that is given to ML.PREDICT")  # fmt: skip
    if statement.transform is None and model_type == "transform_only":
        step = "add TRANSFORM(…) behind the name"
        yield _head_fault(statement, "a TRANSFORM_ONLY model is its TRANSFORM, and there is none", step)
    if statement.holidays is not None and kind != "later":
        yield _head_fault(statement, f"a {shown} model knows no holidays", "write AS SELECT … alone")
    if (statement.inputs or statement.outputs) and is_made_of_rows:
        yield _head_fault(statement, "INPUT and OUTPUT are of models that are not trained here", "remove them")
    if statement.connection is not None and kind != "remote":
        yield _head_fault(statement, f"a {shown} model is not REMOTE", "remove REMOTE WITH CONNECTION, or model_type")


def _later_fault(statement: CreateModel, model_type: str) -> Fault:
    clause = next(clause for clause in statement.options if clause.name == "model_type")
    later = LATER[model_type]
    what = f"{model_type.upper()} models cannot be made yet: what is missing is {later.missing}"
    return clause_fault(statement, clause, what, next_step=later.next_step)


def _described(
    statement: CreateModel, kind: ModelKind, model_type: str, given: Mapping[str, GivenOption]
) -> ModelRequest:
    notices = {
        name: notice
        for name, option in given.items()
        if option.known is not None and (notice := without_effect(option.known, model_type))
    }
    if "data_split_eval_fraction" in given and "data_split_method" not in given:
        notices["data_split_eval_fraction"] = "AUTO_SPLIT has shares of its own; data_split_method = 'RANDOM' takes it"
    notices = {name: f"{name} has no effect: {notice}" for name, notice in notices.items()}
    if "calculate_p_values" in given and (weighed := [name for name in CLASS_WEIGHTS if name in given]):
        notices["calculate_p_values"] = P_VALUES.format(weighed[0])
    labels = given["labels"].value if "labels" in given else []
    return ModelRequest(
        statement=statement,
        kind=kind,
        model_type=model_type,
        spec=None,
        options={name: option.value for name, option in given.items()},
        notices=tuple(notices.values()),
        description=given["description"].value if "description" in given else "",
        labels=label_texts(labels),
        expiration_timestamp=given["expiration_timestamp"].value if "expiration_timestamp" in given else None,
    )


def label_texts(value: Any) -> dict[str, str]:
    """`[('team', 'ml')]`, or `[STRUCT('team' AS key, 'ml' AS value)]`, as names and values.

    >>> label_texts([("team", "ml"), {"key": "stage", "value": "dev"}])
    {'team': 'ml', 'stage': 'dev'}
    """
    pairs = [tuple(each.values()) if isinstance(each, dict) else each for each in value if each]
    return {str(pair[0]): str(pair[1]) for pair in pairs if isinstance(pair, tuple) and len(pair) == 2}


def _with_spec(
    request: ModelRequest,
    given: Mapping[str, GivenOption],
    faults: list[Fault],
    *,
    schema: Schema | None,
    name: str | None,
    data: str | None,
) -> ModelRequest:
    statement = request.statement
    sections = spec_sections(given, request.model_type)
    sections = sections if schema is None else as_spelled(sections, schema)
    transform = _transform(statement, schema, sections)
    places = FaultPlaces(statement, _clauses(statement, given, request.model_type), _features(transform))
    if transform is not None:
        faults += transform.faults
        sections |= {"transform": transform.expressions, "exclude": []}
    written = {
        "data": statement.sql[statement.query_start : statement.query_end] if data is None else data,
        "dialect": "bigquery",
        "name": statement.name if name is None else name,
        "defaults": "bigquery",
        **sections,
    }
    spec: Spec | None = None
    try:
        spec = decode_python(written, Spec)
        check_request(spec, schema)
    except SpecError as error:
        faults += error.faults
    if faults or spec is None:
        raise SqlError(*placed_faults((_without_label(fault, given) for fault in faults), places))
    return dataclasses.replace(request, spec=spec, places=places)


def _without_label(fault: Fault, given: Mapping[str, GivenOption]) -> Fault:
    """Of a label that nobody named, what to add to the statement."""
    if fault.where != "label" or "input_label_cols" in given:
        return fault
    what = f"the statement names no label, and the query has no column '{DEFAULT_LABEL}'"
    return replace(fault, what=what, next_step="add input_label_cols = ['column'] to OPTIONS")


def check_request(spec: Spec, schema: Schema | None) -> None:
    """Raise SpecError with everything that can be wrong before a row is read."""
    closed = first_of_each(spec)
    steps: list[Any] = []
    if closed.model.type.startswith("automl_"):
        searched, closed = closed, replace(closed, model=Model())
        steps.append(lambda: asked_automl(searched))
    steps.append(lambda: check_declared(closed))
    if schema is not None:
        steps.append(lambda: check_with_schema(closed, schema))
    faults: list[Fault] = []
    for step in steps:
        try:
            step()
        except SpecError as error:
            faults += error.faults
    if faults:
        raise SpecError(*faults)


def first_of_each(spec: Spec) -> Spec:
    """The spec with the first value of each hyperparameter, for what can be checked of it before it is tuned."""
    found = hyperparameters(spec)
    return set_hyperparameters(spec, {one.name: _first(one) for one in found}) if found else spec


def _first(hyperparameter: Hyperparameter) -> Any:
    return hyperparameter.candidates[0] if hyperparameter.candidates else hyperparameter.high


def _transform(statement: CreateModel, schema: Schema | None, sections: Mapping[str, Any]) -> StatementTransform | None:
    if statement.transform is None:
        return None
    label, split, training = sections["label"], sections["split"], sections["training"]
    init = sections["model"]["options"].get("kmeans_init_col")
    labels = [label] if isinstance(label, str) else label
    read = [*labels, split.get("column"), training.get("weight_column"), init]
    return statement_transform(statement, schema, [name for name in dict.fromkeys(read) if name])


def _features(transform: StatementTransform | None) -> dict[str, Feature]:
    return {} if transform is None else {feature.name: feature for feature in transform.features}


def _clauses(statement: CreateModel, given: Mapping[str, GivenOption], model_type: str) -> dict[str, tuple[int, int]]:
    """Place in the spec → clause."""
    clauses: dict[str, tuple[int, int]] = {"data": (statement.query_start, statement.query_end)}
    if statement.transform:
        clauses["transform"] = (statement.transform[0].start, statement.transform[-1].end)
    for name, option in given.items():
        span = (option.clause.start, option.clause.end)
        place = option.known.place if option.known is not None and option.known.place else f"model.options.{name}"
        for each in PLACES.get(name, (place,)):
            clauses[each] = span
        if model_type in WIDE and name in WIDE_PARTS:
            clauses[f"model.options.linear_{name}"] = span
    if "calculate_p_values" in given:  # what is wrong with it is said of what it needs
        clauses.setdefault("model.options.category_encoding_method", clauses["model.options.calculate_p_values"])
    return clauses
