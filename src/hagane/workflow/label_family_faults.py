"""`label_family_faults`: whether a family can predict the labels that a spec names, before a row is read."""

from __future__ import annotations

from collections.abc import Iterator

from hagane.errors import Fault
from hagane.models import SEVERAL_LABELS, get_family
from hagane.models.family import Family, Task
from hagane.spec.spec import Spec


def label_family_faults(spec: Spec, family: Family) -> Iterator[Fault]:
    """A label for a family without one, or none; several for a family of one; a form of classes for one of numbers.

    Columns that a classifier may take for the classes of one label are left to the data.
    """
    if bool(spec.labels) is not family.task.has_label:
        yield _no_label(family) if family.task.has_label else _needless_label(spec, family)
        return
    if isinstance(spec.label, str) or not spec.labels:
        return
    if family.task is Task.REGRESSION and spec.label_form is not None:
        yield Fault(
            what=f"{family.name} predicts numbers, and label_form is of classes",
            where="label_form",
            received=spec.label_form,
            next_step="remove label_form, or choose a classifier",
        )
    if family.task is Task.REGRESSION or spec.label_form == "multi_label":
        yield from one_label_faults(spec, family)


def _no_label(family: Family) -> Fault:
    step = "add 'label'"
    return Fault(what=f"{family.name} predicts a label, and the spec names none", where="label",
                 expected="the column to predict", next_step=step)  # fmt: skip


def _needless_label(spec: Spec, family: Family) -> Fault:
    return Fault(
        what=f"{family.name} has no label",
        where="label",
        received=", ".join(spec.labels),
        next_step="remove it: the column is then one of the features; 'exclude' leaves it out",
    )


def one_label_faults(spec: Spec, family: Family) -> Iterator[Fault]:
    """A fault where the family predicts one label."""
    if family.name in SEVERAL_LABELS:
        return
    others = [name for name in SEVERAL_LABELS if get_family(name).task is family.task]
    yield Fault(
        what=f"{family.name} predicts one label, and the spec names {len(spec.labels)}",
        where="model.type",
        expected="one of " + ", ".join(others),
        received=family.name,
        next_step="choose another family, or train a model for each label",
    )
