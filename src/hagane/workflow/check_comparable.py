"""`check_comparable`: models that predict different things are not laid side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from hagane.errors import Fault, SpecError
from hagane.names_text import names_text
from hagane.workflow.model_facts import ModelFacts

MOST_LABELS = 8
"""Named in a fault."""


class Predicted(NamedTuple):
    """What a model predicts, and of which columns: that of a one-hot label may be called anything."""

    kind: str
    columns: tuple[str, ...]
    are_ordered: bool = False
    """Whether the order of the columns is that of scores."""

    @property
    def things(self) -> tuple[str, tuple[str, ...]]:
        """Equal for models that may be compared, the order of scores aside."""
        return self.kind, tuple(sorted(self.columns))

    @property
    def told(self) -> str:
        """In words."""
        return f"{self.kind} {names_text(self.columns, MOST_LABELS)}"


def check_comparable(facts: Mapping[str, ModelFacts]) -> None:
    """Raise SpecError for models of different tasks, or of different labels, naming what each of them predicts.

    Several labels may stand in any order; the columns of a one-hot label are its classes, and stand in one.
    """
    found = {name: _predicted(each) for name, each in facts.items()}
    is_same = len({each.things for each in found.values()}) == 1
    if is_same and len({each.columns for each in found.values() if each.are_ordered}) <= 1:
        return
    what, step = (
        ("the models have the same classes in another order", "train one again with the label's columns in that order")
        if is_same
        else (
            "the models predict different things: no figure of one can be held against another's",
            "compare models that were trained for the same",
        )
    )
    raise SpecError(
        Fault(
            what=what,
            where="models",
            expected="classes in one order" if is_same else "models of one label, or of the same several labels",
            received="; ".join(f"{name}: {each.told}" for name, each in found.items()),
            next_step=step,
        )
    )


def _predicted(model: ModelFacts) -> Predicted:
    signature, columns = model.bundle.signature, model.spec.labels
    several = tuple(label.name for label in signature.labels)
    if not columns:
        return Predicted(f"no label ({signature.task})", ())
    if signature.task == "regression":
        return Predicted("the numbers", several) if several else Predicted("the number", columns)
    if several:
        return Predicted("each of the labels", several)
    if model.spec.label_form == "one_hot":
        return Predicted("one class of", columns, are_ordered=True)
    return Predicted("the classes of", columns)
