"""`check_search_space`: what may be searched changes the model, and not how it is judged or where it runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from hagane.errors import ExpressionError, Fault, SpecError
from hagane.spec.open_value import open_values
from hagane.spec.spec import Spec
from hagane.sql.hparams import find_hparams
from hagane.workflow.hyperparameters import hyperparameters

ALLOWED = (
    *("transform.", "model.", "outliers.", "training.downsample.", "training.auto_class_weights"),
    *("training.class_weights.", "training.seed", "training.warm_start.transform"),
)
"""Where a hyperparameter may stand."""
SEARCHED_TEXTS = ("transform.", "model.", "outliers.rules.", "tuning.features.")
"""Texts in which one may stand; in others it is a mistake."""


class Refusal(NamedTuple):
    """Why something is not searched, and what to do."""

    reason: str
    next_step: str


SETTLED = "write the value itself"
COMPARED = Refusal(
    "trials are compared on the same rows, and a trial with other rows would be judged by other ones",
    f"{SETTLED}; training.downsample and outliers, which change the training rows alone, may be searched",
)
PLACE = Refusal(
    "it says where and with what training runs, and no model is better for it: the search would choose by noise",
    f"{SETTLED}, the same for every trial (max_parallel_trials says how many run at once)",
)
GOAL = Refusal("it says how a model is judged, and the best trial would be the one judged most kindly",
               f"{SETTLED}; tuning.objectives says what is best")  # fmt: skip
HELD_OUT = Refusal("it is fitted on the eval rows, by which trials are judged: each would be judged on its own fit",
                   f"{SETTLED}: it is fitted to the winner")  # fmt: skip
OTHER = Refusal("it does not change what is learnt", SETTLED)
REASONS: dict[str, Refusal] = {
    "data": COMPARED,
    "tables": COMPARED,
    "label": Refusal("it says what is predicted, and figures of different labels cannot be compared", SETTLED),
    "label_form": Refusal("it says what is predicted, and figures of different labels cannot be compared", SETTLED),
    "defaults": Refusal("the default split is among them, and so the rows by which trials are compared", SETTLED),
    "exclude": Refusal("it is a list of names", "list features that may be left out under tuning.optional"),
    "split": COMPARED,
    "training.strategy": PLACE,
    "training.device": PLACE,
    "training.compile": PLACE,
    "training.memory_limit": PLACE,
    "training.checkpoint": PLACE,
    "training.tensorboard": PLACE,
    "training.max_bad_rows_fraction": COMPARED,
    "training.weight_column": COMPARED,
    "training.warm_start.model": Refusal("it is a name", SETTLED),
    "training.precision": Refusal(
        "it buys speed for rounding, and what it changes in a figure is noise", "compare both by hand: hagane compare"
    ),
    "training.communication": Refusal(
        "it buys speed for exactness between processes, and belongs to the cluster rather than to the model",
        "compare both by hand: hagane compare",
    ),
    "calibration": HELD_OUT,
    "intervals": HELD_OUT,
    "evaluation": GOAL,
    "anomalies": COMPARED,
    "schema": COMPARED,
    "tuning": Refusal("it says how the search is run", SETTLED),
}
"""Place, or what it begins with → why it is not searched; the longest that fits counts."""


def check_search_space(spec: Spec) -> None:
    """Raise SpecError with every fault of what `spec` leaves open: what `search_space_faults` finds.

    >>> from hagane.spec.open_value import OpenValue
    >>> from hagane.spec.spec import Split
    >>> check_search_space(Spec(data="f.csv", label="y", split=Split(seed=OpenValue("HPARAM_RANGE(1, 9)", (1, 9)))))
    Traceback (most recent call last):
    ...
    hagane.errors.SpecError: split.seed is no hyperparameter: trials are compared on the same rows, ...
    """
    if faults := search_space_faults(spec):
        raise SpecError(*faults)


def search_space_faults(spec: Spec) -> list[Fault]:
    """What is open and must not be, each with its reason, and what is written wrongly."""
    open_texts = {place: value.text for place, value in open_values(spec).items() if not place.startswith(ALLOWED)}
    texts = {place: text for place, text in _texts(spec, "") if not place.startswith(SEARCHED_TEXTS) and _is_open(text)}
    refused = [_refused(place, text) for place, text in (open_texts | texts).items()]
    told = {fault.where for fault in refused}
    return [*(fault for fault in _mistakes(spec) if fault.where not in told), *refused]


def _mistakes(spec: Spec) -> tuple[Fault, ...]:
    """What is written wrongly."""
    try:
        hyperparameters(spec)
    except SpecError as error:
        return error.faults
    return ()


def _refused(place: str, received: str) -> Fault:
    refusal = REASONS.get(max((name for name in REASONS if _begins(place, name)), key=len, default=""), OTHER)
    what = f"{place} is no hyperparameter: {refusal.reason}"
    return Fault(what=what, where=place, received=received, next_step=refusal.next_step)


def _begins(place: str, name: str) -> bool:
    """Whether the place is of that name, or within it."""
    return place == name or place.startswith((f"{name}.", f"{name}["))


def _is_open(text: str) -> bool:
    try:
        return bool(find_hparams(text))
    except ExpressionError:  # one that is written wrongly is none the less one
        return True


def _texts(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """Every text of the spec, with its place."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, msgspec.Struct | dict):
        parts = msgspec.structs.asdict(value) if isinstance(value, msgspec.Struct) else value
        for name, part in parts.items():
            yield from _texts(part, f"{place}.{name}" if place else str(name))
    elif isinstance(value, tuple | list):
        for index, part in enumerate(value):
            yield from _texts(part, f"{place}[{index}]")
