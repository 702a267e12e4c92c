"""What must hold for the columns that a spec calls its label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from hagane.errors import Fault
from hagane.spec.spec import Spec


def label_faults(spec: Spec) -> Iterator[Fault]:
    """Labels without a name or named twice, and labels that are to be something else besides."""
    if not spec.labels or not all(spec.labels):
        yield Fault(what="the label has no name", where="label", expected="the column to predict")
    for name, count in Counter(spec.labels).items():
        if count > 1:
            yield Fault(what=f"the label '{name}' is named twice", where="label", next_step="name it once")
    for name in spec.labels:
        yield from _second_uses(spec, name)
    if spec.label_form == "multi_label":
        yield from several_labels_faults(spec)


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
