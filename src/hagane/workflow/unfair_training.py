"""`unfair_training`: in what the models of a comparison had not the same chance."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from hagane.spec.spec import Spec
from hagane.workflow.model_facts import ModelFacts
from hagane.workflow.score import asked_of

LONGER = 3.0
"""Times the training seconds of another that are told."""
LEAST_SECONDS = 5.0
"""Shorter trainings are not told apart by their seconds."""
WEIGHTS = ("auto_class_weights", "class_weights", "weight_column", "downsample")


def unfair_training(models: Mapping[str, ModelFacts]) -> Iterator[str]:
    """A sentence for each thing that differs between the trainings and bears on what their figures mean."""
    for what, describe in DESCRIBED.items():
        told = {name: describe(each) for name, each in models.items()}
        if len(set(told.values())) > 1:
            yield f"{what}: " + "; ".join(f"{name}: {value}" for name, value in told.items())
    yield from _began(models)
    yield from _iterations(models)
    yield from _seconds(models)
    yield from _judged_on(models)


def _data(model: ModelFacts) -> str:
    rows = sum(model.lineage.split_counts.values())
    return f"{rows:,} rows, fingerprint {model.lineage.data_fingerprint[:8]}"


def _split(model: ModelFacts) -> str:
    return model.lineage.split


def _label(model: ModelFacts) -> str:
    """Several in whatever order."""
    return ", ".join(sorted(model.spec.labels))


def _predicted(model: ModelFacts) -> str:
    """Means, medians and quantiles: each is best by a metric of its own."""
    asked = asked_of(model.spec.model)
    return f"its {asked.predicted if asked else 'mean'}"


def _weights(model: ModelFacts) -> str:
    training = model.spec.training
    given = {name: getattr(training, name) for name in WEIGHTS if getattr(training, name)}
    return ", ".join(f"{name} {_short(value)}" for name, value in given.items()) or "none"


def _outliers(model: ModelFacts) -> str:
    found = model.lineage.outliers
    return f"{found.num_outliers:,} rows" if found is not None else "none"


def _trials(model: ModelFacts) -> str:
    chosen = len(model.lineage.hyperparameters)
    return f"{chosen} chosen" if chosen else "none"


DESCRIBED: dict[str, Callable[[ModelFacts], str]] = {
    "trained on different data": _data,
    "the splits differ": _split,
    "the labels differ": _label,
    "rows weigh differently": _weights,
    "they predict different things of the label": _predicted,
    "different training rows were set aside": _outliers,
    "hyperparameters were chosen for some alone": _trials,
}
"""What → what each model says of it."""


def _began(models: Mapping[str, ModelFacts]) -> Iterator[str]:
    """A model that began with an earlier one has had the training of both."""
    names = {each.bundle.bundle_id: name for name, each in models.items()}
    for name, each in models.items():
        if (began := each.lineage.warm_start) is None:
            continue
        reference, _, digest = began.removesuffix(")").rpartition(" (")
        if digest in names:
            yield f"{name} began with {names[digest]}, and has had the training of both"
        else:
            yield f"{name} began with an earlier model ({reference}), and has had the training of both"


def _iterations(models: Mapping[str, ModelFacts]) -> Iterator[str]:
    """Of one family alone: an iteration of another is something else."""
    families = {each.spec.model.type for each in models.values()}
    budgets = {name: _budget(each.spec) for name, each in models.items()}
    if len(families) == 1 and len(set(budgets.values())) > 1:
        yield "the budgets differ: " + "; ".join(f"{name}: {value}" for name, value in budgets.items())


def _budget(spec: Spec) -> str:
    options = spec.model.options
    most = options.get("max_iterations")
    if most is None:
        return "its own"
    return f"{most:,} iterations" + ("" if options.get("early_stop", False) else " without early stopping")


def _seconds(models: Mapping[str, ModelFacts]) -> Iterator[str]:
    seconds = {name: each.lineage.training_seconds for name, each in models.items()}
    least, most = min(seconds.values()), max(seconds.values())
    if most >= LEAST_SECONDS and most > LONGER * max(least, 1e-9):
        shown = "; ".join(f"{name}: {value:,.0f} s" for name, value in seconds.items())
        yield f"some were given far more time: {shown}"


def _judged_on(models: Mapping[str, ModelFacts]) -> Iterator[str]:
    """Models that were judged, when they were trained, on rows that they had seen."""
    for name, each in models.items():
        part = each.evaluation.part
        served = eval_rows_served(each)
        if part == "eval" and served:
            yield f"{name} was tuned on the rows that it was judged on: eval rows served for {' and '.join(served)}"
        if part == "train":
            yield f"{name} was judged on the rows that it was trained on: its split keeps none back"


def eval_rows_served(model: ModelFacts) -> list[str]:
    """What the eval rows were used for, besides being looked at."""
    lineage = model.lineage
    watched = any(each.eval_loss is not None for each in lineage.training_info)
    served = ["choosing the iteration"] if watched else []
    served += ["calibration"] if lineage.calibration else []
    served += ["prediction intervals"] if lineage.intervals else []
    return served


def _short(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 60 else text[:59] + "…"
