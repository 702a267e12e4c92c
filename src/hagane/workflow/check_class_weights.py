"""Whether the classes that a spec weighs are those of the label."""

from __future__ import annotations

from collections.abc import Iterator

from hagane.errors import Fault, SpecError, nearest
from hagane.features.several_labels import Labels
from hagane.spec.spec import Spec, Training, class_text


def check_class_weights(spec: Spec, label: Labels) -> None:
    """Raise SpecError for weights of classes that are not the label's, or where the label has no classes."""
    faults = [*task_faults(spec, label.task, label.column)]
    if label.task == "classification" and spec.training.class_weights:
        faults += _class_faults(spec.training, label)
    if faults:
        raise SpecError(*faults)


def task_faults(spec: Spec, task: str, column: str) -> Iterator[Fault]:
    """Ways of weighing classes, where a number is predicted."""
    for name in ("auto_class_weights", "class_weights", "downsample"):
        if task != "classification" and getattr(spec.training, name):
            yield _no_classes(name, column)


def _no_classes(name: str, column: str) -> Fault:
    return Fault(
        what=f"{name} needs classes, but the label '{column}' is a number to predict",
        where=f"training.{name}",
        next_step="remove it, or choose a classifier; weight_column weighs the rows of a regression",
    )


def _class_faults(training: Training, label: Labels) -> Iterator[Fault]:
    classes = [class_text(name) for name in label.classes]
    for name in training.class_weights:
        if name not in classes:
            yield Fault(
                what=f"the label '{label.column}' has no class '{name}' in the training rows",
                where=f"training.class_weights.{name}",
                expected="one of " + ", ".join(classes[:20]),
                nearest=nearest(name, classes),
            )
    missing = [name for name in classes if name not in training.class_weights]
    if missing:
        yield Fault(
            what="class_weights leaves classes out: " + ", ".join(missing[:20]),
            where="training.class_weights",
            expected="a weight for every class",
            next_step="add them (1 leaves a class as it is)",
        )
