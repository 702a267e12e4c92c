"""`check_comparable`: models that predict different things are not laid side by side."""

from __future__ import annotations

from collections.abc import Mapping

from hagane.errors import Fault, SpecError
from hagane.workflow.model_facts import ModelFacts

TASKS = {"classification": "the classes of", "regression": "the number"}


def check_comparable(facts: Mapping[str, ModelFacts]) -> None:
    """Raise SpecError for models of different tasks, or of different labels, naming what each of them predicts."""
    told = {name: _predicted(each) for name, each in facts.items()}
    if len(set(told.values())) > 1:
        raise SpecError(
            Fault(
                what="the models predict different things: no figure of one can be held against another's",
                where="models",
                expected="models of one label, all of its classes or all of its number",
                received="; ".join(f"{name}: {predicted}" for name, predicted in told.items()),
                next_step="compare models that were trained for the same",
            )
        )


def _predicted(model: ModelFacts) -> str:
    """The task and the columns of the label; that of a one-hot label may be called anything."""
    labels = model.spec.labels
    return f"{TASKS[model.bundle.signature.task]}{'s' * (len(labels) > 1)} {', '.join(labels)}"
