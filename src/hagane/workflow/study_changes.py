"""`study_changes`: where a spec differs from the one that a study was begun with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from hagane.errors import Fault, SpecError
from hagane.spec.checkpoint_policy import CheckpointPolicy
from hagane.spec.read_yaml import read_yaml
from hagane.spec.spec import Serving, Spec
from hagane.spec.tuning import Tuning
from hagane.spec.value_text import value_text
from hagane.tuning.study_about import StudyAbout

FREE = ("num_trials", "max_parallel_trials", "budget", "retrain", "select", "nested_folds", "study", "storage")
"""Of `tuning`: what says how much is tried and what becomes of it, not what is tried."""


def check_same_study(found: StudyAbout, asked: StudyAbout, spec: Spec) -> None:
    """Raise SpecError with every difference that makes another study of it.

    How many trials it has, how many run at once and for how long may change; so may what trials do not look at.
    """
    faults = [*_differences(_comparable(read_yaml(found.spec)), _comparable(spec))]
    if found.data != asked.data:
        faults.append(Fault(what="the rows are not those that the study was begun with", where="data"))
    if faults:
        step = f"choose another name for it (--study NAME), or go on with the spec that '{found.name}' was begun with"
        what = f"the study '{found.name}' searches something else: figures of both cannot be compared"
        raise SpecError(Fault(what=what, next_step=step), *faults)


def _comparable(spec: Spec) -> dict[str, Any]:
    training = msgspec.structs.replace(
        spec.training, memory_limit=None, checkpoint=CheckpointPolicy(), tensorboard=False
    )
    tuning = spec.tuning or Tuning()
    bare = Tuning()
    tuning = msgspec.structs.replace(tuning, **{name: getattr(bare, name) for name in FREE})
    spec = msgspec.structs.replace(spec, training=training, tuning=tuning, name=None, serving=Serving(), card=None)
    return dict(_leaves(msgspec.to_builtins(spec, enc_hook=str), ""))


def _leaves(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, part in value.items():
            yield from _leaves(part, f"{place}.{name}" if place else str(name))
    else:
        yield place, value


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Fault]:
    for place in dict.fromkeys((*before, *now)):
        if before.get(place) != now.get(place):
            yield Fault(
                what=f"{place} is another", where=place, expected=_text(before, place), received=_text(now, place)
            )


def _text(values: Mapping[str, Any], place: str) -> str:
    return value_text(values[place]) if place in values else "nothing"
