"""What must hold between the ways in which a spec weighs rows, and those in which it trains."""

from __future__ import annotations

from collections.abc import Iterator

from hagane.errors import Fault
from hagane.spec.checkpoint_policy import checkpoint_faults
from hagane.spec.communication import WHERE as COMMUNICATION
from hagane.spec.communication import Communication, communication_faults
from hagane.spec.spec import Spec
from hagane.spec.strategy import Strategy, strategy_faults
from hagane.spec.warm_start import as_warm_start, warm_start_faults

MAX_WEIGHT = 1e12
"""Weights are held as float32, and their squares are added up."""


def training_faults(spec: Spec) -> Iterator[Fault]:
    """Weights out of range, ways of weighing that contradict each other, strategies and places that cannot be."""
    yield from _weights(spec)
    yield from _downsample(spec)
    if isinstance(spec.training.strategy, Strategy):
        yield from strategy_faults(spec.training.strategy)
        yield from _communication(spec.training.communication, spec.training.strategy)
    if spec.training.tensorboard == "":
        where, expected = "training.tensorboard", "a folder, or true for one in the workspace"
        yield Fault(what="TensorBoard's folder has no name", where=where, expected=expected)
    yield from checkpoint_faults(spec.training.checkpoint, "training.checkpoint")
    yield from warm_start_faults(as_warm_start(spec.training.warm_start), "training.warm_start")


def _communication(communication: Communication, strategy: Strategy) -> Iterator[Fault]:
    yield from communication_faults(communication)
    if communication.departs and strategy.type == "single":
        step = "add a strategy (mirrored, multi_worker), or remove it"
        yield Fault(what="one process has nobody to tell anything", where=COMMUNICATION, next_step=step)
    if communication.departs and strategy.sharding == "full":
        what, step = "communication and sharding: full do not go together", "take sharding: replicated, or remove it"
        yield Fault(what=what, where=COMMUNICATION, next_step=step)


def _weights(spec: Spec) -> Iterator[Fault]:
    training = spec.training
    for name, weight in training.class_weights.items():
        if not 0 < weight < MAX_WEIGHT:
            where = f"training.class_weights.{name}"
            yield Fault(what="a class weight is out of range", where=where, expected="> 0", received=f"{weight:g}")
    by_class = [name for name in ("auto_class_weights", "class_weights") if getattr(training, name)]
    given = [name for name in ("weight_column", "downsample") if getattr(training, name) is not None]
    for one, others in ((by_class[:1], by_class[1:]), (by_class[:1], given)):
        for other in others if one else ():
            yield Fault(
                what=f"{one[0]} and {other} do not go together",
                where=f"training.{other}",
                next_step=TOGETHER.get(other, "remove one of them"),
            )


TOGETHER = {
    "weight_column": "remove one of them, or multiply the class weights into the column in the data query",
    "downsample": "remove one of them: downsampling keeps probabilities true, class weights move them",
}
"""Option that does not go with class weights → what to do."""


def _downsample(spec: Spec) -> Iterator[Fault]:
    wanted = spec.training.downsample
    if wanted is None:
        return
    if (wanted.rate is None) == (wanted.ratio is None):
        expected = "either rate (share of the majority's rows) or ratio (rows for each row of the next class)"
        yield Fault(what="downsample needs one of rate and ratio", where="training.downsample", expected=expected)
    if wanted.rate is not None and not 0 < wanted.rate <= 1:
        where, expected = "training.downsample.rate", "0 < rate <= 1"
        yield Fault(what=f"{where} is out of range", where=where, expected=expected, received=f"{wanted.rate:g}")
    if wanted.ratio is not None and not 0 < wanted.ratio < MAX_WEIGHT:
        where, expected = "training.downsample.ratio", "ratio > 0"
        yield Fault(what=f"{where} is out of range", where=where, expected=expected, received=f"{wanted.ratio:g}")
