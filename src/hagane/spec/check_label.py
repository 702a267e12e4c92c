"""What must hold for the columns that a spec calls its label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from hagane.errors import Fault
from hagane.spec.spec import Spec


def label_faults(spec: Spec) -> Iterator[Fault]:
    """Labels without a name or named twice, and labels that are to be something else besides."""
    if not spec.labels:
        yield from no_label_faults(spec)
    if not all(spec.labels):
        yield Fault(what="the label has no name", where="label", expected="the column to predict")
    for name, count in Counter(spec.labels).items():
        if count > 1:
            yield Fault(what=f"the label '{name}' is named twice", where="label", next_step="name it once")
    for name in spec.labels:
        yield from _second_uses(spec, name)
    if spec.label_form == "multi_label":
        yield from several_labels_faults(spec)


def no_label_faults(spec: Spec) -> Iterator[Fault]:
    """What a spec without a label cannot ask for.

    >>> [fault.where for fault in no_label_faults(Spec(data="f.csv", label_form="one_hot"))]
    ['label', 'label_form']
    """
    if spec.model.type == "auto":
        yield Fault(
            what="the spec names no label",
            where="label",
            expected="the column to predict",
            next_step="add 'label', or name a model.type that needs none",
        )
    if spec.label_form is not None:
        yield Fault(what="label_form is of labels, and there is none", where="label_form", next_step="remove it")
    if spec.split.stratify is True:
        step = "name a column to stratify by, or remove it"
        yield Fault(what="there is no label to stratify by", where="split.stratify", next_step=step)
    for name in ("auto_class_weights", "class_weights", "downsample"):
        if getattr(spec.training, name):
            what = f"{name} is of the classes of a label, and there is none"
            yield Fault(what=what, where=f"training.{name}", next_step="remove it; weight_column weighs rows")
    for name in ("calibration", "intervals"):
        section = getattr(spec, name)
        if section is not None and section.method != "none":
            yield Fault(what=f"{name} is of a label, and there is none", where=name, next_step="remove it")
    if spec.evaluation.slices:
        yield no_slices_fault()
    if spec.evaluation.global_explain:
        what = "attributions are of what is predicted, and the model has no label"
        yield Fault(what=what, where="evaluation.global_explain", next_step="remove it")


def no_slices_fault() -> Fault:
    """Of slices that are asked of a model without a label."""
    what = "slices are of what is predicted, and the model has no label"
    return Fault(what=what, where="evaluation.slices", next_step="remove them, or evaluate the rows of each value")


def _second_uses(spec: Spec, name: str) -> Iterator[Fault]:
    if name in spec.exclude:
        step = "the label is never a feature: remove it here"
        yield Fault(what=f"the label '{name}' is excluded", where="exclude", next_step=step)
    by_part = spec.split.method == "column" and not isinstance(spec.label, str)
    if (spec.split.method in ("key", "time") or by_part) and spec.split.column == name:
        yield Fault(what="the label cannot divide the rows", where="split.column", received=name)
    if spec.training.weight_column == name:
        yield Fault(what="the label cannot weigh the rows", where="training.weight_column", received=name)


def several_labels_faults(spec: Spec) -> Iterator[Fault]:
    """What a spec cannot ask for where several labels are predicted at once.

    >>> from hagane.spec.spec import Split
    >>> spec = Spec(data="f.csv", label=("fog", "rain"), label_form="multi_label", split=Split(stratify=True))
    >>> [fault.where for fault in several_labels_faults(spec)]
    ['split.stratify']
    """
    if spec.split.stratify is True:
        step = f"name one column, such as stratify: {spec.labels[0]}"
        yield Fault(what="rows cannot be stratified by several labels at once", where="split.stratify", next_step=step)
    training = spec.training
    for name in ("auto_class_weights", "class_weights", "downsample"):
        if getattr(training, name):
            yield Fault(
                what=f"{name} is of the classes of one label, and there are several",
                where=f"training.{name}",
                next_step="remove it, weigh rows by training.weight_column, or train a model for each label",
            )
    for name in ("calibration", "intervals"):
        section = getattr(spec, name)
        if section is not None and section.method != "none":
            yield Fault(
                what=f"{name} is of one label, and there are several",
                where=name,
                next_step="remove it, or train a model for each label",
            )
