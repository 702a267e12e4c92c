"""`label_rows`: the label of a spec as columns that a family is trained towards, where it is none of these itself.

A one-hot label becomes one column of classes here, at the border, so that everything behind knows labels of one column
and several labels, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count

import msgspec

from hagane.bundle.signature import Signature
from hagane.counted import counted
from hagane.data.class_column import with_class_column
from hagane.data.count_indicators import INDICATOR_TYPES, IndicatorCounts, count_indicators
from hagane.data.spread_tags import distinct_tags, spread_tags
from hagane.data.spread_vector import spread_vector, vector_length
from hagane.data.table import Table
from hagane.data.vector_class import with_vector_class
from hagane.errors import Fault, SpecError
from hagane.features.label import LabelEncoding
from hagane.features.several_labels import Labels
from hagane.models import get_family
from hagane.models.family import Task
from hagane.names_text import names_text
from hagane.spec.check_label import several_labels_faults
from hagane.spec.spec import LabelForm, Model, Spec
from hagane.types import SqlType
from hagane.workflow.check_answer_names import check_answer_names
from hagane.workflow.label_family_faults import one_label_faults
from hagane.workspace.model_version import model_name

CLASS_NAMES = ("class", "class_label", "one_hot_class")
"""What the column of a one-hot label's classes may be called: the first that no other column is, else with a number."""
FORMS = "one_hot (one class a row) or multi_label"


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """Rows, and what of them is the label."""

    table: Table
    spec: Spec
    """With the label's columns as the table has them."""
    label_columns: Mapping[str, SqlType]
    """The columns of the data that the label is made of; none where it is a column itself."""
    form: LabelForm | None = None
    notes: tuple[str, ...] = ()

    def in_order(self, label: Labels) -> Labels:
        """The classes of a one-hot label in the order of its columns, so that the last of two is the positive one."""
        if len(self.label_columns) < 2 or not isinstance(label, LabelEncoding):
            return label
        return msgspec.structs.replace(
            label, classes=tuple(name for name in self.label_columns if name in label.classes)
        )

    def asked(self, resolved: Spec) -> Spec:
        """The resolved spec with the label as the data have it, and its form written out."""
        label = tuple(self.label_columns) or self.spec.label
        return msgspec.structs.replace(resolved, label=label, label_form=self.form)


def label_rows(spec: Spec, table: Table) -> LabelledRows:
    """What the label of `spec` is, by its family and the rows of `table`. Raises SpecError."""
    if not spec.labels:
        return LabelledRows(table, spec, {})
    if isinstance(spec.label, str):
        if table.schema[spec.label].type.is_array:
            return _array(spec, spec.label, table)
        if spec.label_form is not None:
            raise SpecError(_form_of_one(spec.label, spec.label_form))
        return LabelledRows(table, spec, {})
    spec = msgspec.structs.replace(spec, name=spec.name or model_name("_".join(spec.label)))
    task = None if spec.model.type == "auto" else get_family(spec.model.type).task
    if task is Task.REGRESSION:
        return _several(spec, table, Task.REGRESSION)
    _check_types(spec, table)
    counts = count_indicators(table, spec.label)
    if task is None and spec.label_form is None and not counts.are_indicators:
        return _several(spec, table, Task.REGRESSION)
    if counts.others:
        raise SpecError(*(_other_values(name, count) for name, count in counts.others.items()))
    form = spec.label_form or ("one_hot" if counts.is_one_hot else "multi_label")
    return _one_hot(spec, table, counts) if form == "one_hot" else _several(spec, table, Task.CLASSIFICATION)


def with_label(table: Table, signature: Signature) -> Table:
    """Other rows with the label's column as `signature` names it, made as in training. The columns must be there."""
    columns = signature.label_columns
    if not columns:
        return table
    first, type_ = next(iter(columns.items()))
    if not type_.is_array:
        return with_class_column(table, tuple(columns), signature.label)
    if signature.label == first:
        return with_vector_class(table, first)
    names = [label.name for label in signature.labels] or [signature.label]
    if type_ is SqlType.ARRAY_STRING:
        return spread_tags(table, first, {name: name.removeprefix(f"{first}_") for name in names})
    return spread_vector(table, first, names)


def _array(spec: Spec, column: str, table: Table) -> LabelledRows:
    """The elements of a label that is an array, as columns: of one class, or of several labels."""
    type_ = table.schema[column].type
    named = msgspec.structs.replace(spec, name=spec.name or model_name(column))
    if type_ is SqlType.ARRAY_STRING:
        return _tags(named, column, table)
    names = tuple(f"{column}_{place}" for place in range(vector_length(table, column)))
    _check_free(names, column, table)
    spread = spread_vector(table, column, names)
    if len(names) == 1:
        one = label_rows(msgspec.structs.replace(named, label=names), spread)
        return replace(one, label_columns={column: type_})
    found = label_rows(msgspec.structs.replace(named, label=names), spread)
    if found.form != "one_hot":
        return replace(found, label_columns={column: type_})
    one_class = msgspec.structs.replace(found.spec, label=column)
    return replace(found, table=with_vector_class(table, column), spec=one_class, label_columns={column: type_})


def _tags(spec: Spec, column: str, table: Table) -> LabelledRows:
    """A set of words: each word is a label."""
    if spec.label_form == "one_hot" or (
        spec.model.type != "auto" and get_family(spec.model.type).task is Task.REGRESSION
    ):
        raise SpecError(_no_tags(column, "label_form" if spec.label_form else "model.type"))
    tags = {f"{column}_{tag}": tag for tag in distinct_tags(table, column)}
    _check_free(tuple(tags), column, table)
    several = msgspec.structs.replace(spec, label=tuple(tags), label_form="multi_label" if len(tags) > 1 else None)
    found = label_rows(several, spread_tags(table, column, tags))
    return replace(found, label_columns={column: SqlType.ARRAY_STRING})


def _check_free(names: Sequence[str], column: str, table: Table) -> None:
    """What the elements of an array are called must not be another column's name."""
    faults = [
        Fault(
            what=f"the data have a column '{name}', as an element of the label '{column}' would be called",
            where="label",
            next_step="rename one of them in the data query",
        )
        for name in names
        if name in table.schema
    ]
    if faults:
        raise SpecError(*faults)


def _no_tags(column: str, where: str) -> Fault:
    return Fault(
        what=f"the label '{column}' is an array of texts, of which a row has any number",
        where=where,
        expected="label_form: multi_label and a classifier",
        next_step="take them, or make numbers or one text of it in the data query",
    )


def _several(spec: Spec, table: Table, task: Task) -> LabelledRows:
    """Each column a label of its own."""
    if spec.model.type == "auto":
        type_ = "dnn_classifier" if task is Task.CLASSIFICATION else "dnn_regressor"
        spec = msgspec.structs.replace(spec, model=Model(type=type_, options=spec.model.options))
    if faults := [*one_label_faults(spec, get_family(spec.model.type)), *several_labels_faults(spec)]:
        raise SpecError(*faults)
    if task is Task.REGRESSION:
        return LabelledRows(table, spec, {})
    check_answer_names(spec.labels)
    told = (
        f"the columns {names_text(spec.labels)} were taken for labels of their own (label_form: multi_label): there "
        "are rows in which none or several are true"
    )
    return LabelledRows(table, spec, {}, "multi_label", () if spec.label_form else (told,))


def _one_hot(spec: Spec, table: Table, counts: IndicatorCounts) -> LabelledRows:
    """One class a row."""
    columns = spec.labels
    _check_one_hot(spec)
    others = {name.casefold() for name in table.schema.names if name not in columns}
    names = chain(CLASS_NAMES, (f"{CLASS_NAMES[0]}_{number}" for number in count(2)))
    name = next(name for name in names if name not in others)
    told = []
    if spec.label_form is None:
        told.append(f"the columns {names_text(columns)} were taken for one class (label_form: one_hot)")
    if counts.num_none + counts.num_several:
        none, several = f"{counts.num_none:,}", f"{counts.num_several:,}"
        told.append(f"rows without a class have no label: no column of it is true in {none}, several are in {several}")
    types = {column: table.schema[column].type for column in columns}
    one = msgspec.structs.replace(spec, label=name, label_form=None)
    return LabelledRows(with_class_column(table, columns, name), one, types, "one_hot", tuple(told))


def _check_types(spec: Spec, table: Table) -> None:
    types = {name: table.schema[name].type for name in spec.labels}
    faults = [
        Fault(
            what=f"the label '{name}' is {type_.value}, and several labels are truth values or numbers",
            where="label",
            expected="BOOL, or numbers that are 0 or 1 (for a regressor any)",
            received=type_.value,
            next_step="make it one in the data query, or train a model for each label",
        )
        for name, type_ in types.items()
        if type_ not in INDICATOR_TYPES
    ]
    if faults:
        raise SpecError(*faults)


def _check_one_hot(spec: Spec) -> None:
    """Columns of the label that are asked for by themselves are there no more."""
    split = spec.split.stratify
    asked = {"split.stratify": split if isinstance(split, str) else ""}
    asked |= {f"evaluation.slices[{i}]": name for i, name in enumerate(spec.evaluation.slices)}
    faults = [
        Fault(what=f"'{name}' is a class of the one-hot label", where=where, next_step=step)
        for where, name in asked.items()
        if name in spec.labels
        for step in ["write stratify: true" if where == "split.stratify" else "remove it: classes are reported"]
    ]
    if faults:
        raise SpecError(*faults)


def _form_of_one(label: str, form: str) -> Fault:
    return Fault(
        what=f"label_form is of a label of several columns, and '{label}' is one",
        where="label_form",
        received=form,
        next_step="remove it, or name the columns: label: [a, b, c]",
    )


def _other_values(name: str, count: int) -> Fault:
    return Fault(
        what=f"the label '{name}' holds values that are neither 0 nor 1",
        where="label",
        expected=f"0 and 1, or BOOL: several columns are {FORMS}",
        received=f"others in {counted(count, 'row')}",
        next_step="mend the column in the data query, or choose a regressor for numbers",
    )
