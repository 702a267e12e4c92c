"""`Communication`: what the processes of a distributed training tell each other, and how often, declared."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from hagane.errors import Fault

WHERE = "training.communication"
MAX_RANK = 1024


class Communication(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How gradients travel, or, with `outer_steps` above 1, how seldom weights do instead.

    >>> Communication(outer_steps=32, outer_learn_rate=0.7, outer_momentum=0.9).synchronises_gradients
    False
    """

    compression: Literal["none", "bfloat16", "powersgd"] = "none"
    """What is sent in place of float32: of gradients, or of the weights' differences where `outer_steps` is above 1."""
    powersgd_rank: int = 4
    """Columns of the two factors that stand for a gradient matrix."""
    outer_steps: int = 1
    """Optimizer steps of each process by itself between two exchanges of weights. 1: gradients, at every step."""
    outer_learn_rate: float = 1.0
    """Share of the mean difference that the common weights move by. 1 without momentum: they become the mean."""
    outer_momentum: float = 0.0
    """Nesterov momentum of the common weights."""

    @property
    def departs(self) -> bool:
        """Whether anything but plain gradients is exchanged."""
        return self.compression != "none" or self.outer_steps != 1

    @property
    def synchronises_gradients(self) -> bool:
        """Whether every step has the gradient of all processes' rows."""
        return self.outer_steps == 1


def communication_faults(communication: Communication) -> Iterator[Fault]:
    """Values out of range, and what does not go together."""
    c = communication
    if not 1 <= c.powersgd_rank <= MAX_RANK:
        yield _out_of_range("powersgd_rank", f"from 1 to {MAX_RANK}", c.powersgd_rank)
    if not 1 <= c.outer_steps < 2**31:
        yield _out_of_range("outer_steps", "1 or more", c.outer_steps)
    if not (0 < c.outer_learn_rate <= 10 and math.isfinite(c.outer_learn_rate)):
        yield _out_of_range("outer_learn_rate", "> 0 and <= 10", c.outer_learn_rate)
    if not 0 <= c.outer_momentum < 1:
        yield _out_of_range("outer_momentum", ">= 0 and < 1", c.outer_momentum)
    if c.compression != "powersgd" and c.powersgd_rank != _default("powersgd_rank"):
        yield _idle("powersgd_rank", f"compression is {c.compression}", "set compression: powersgd, or remove it")
    for name in ("outer_learn_rate", "outer_momentum"):
        if c.outer_steps == 1 and getattr(c, name) != _default(name):
            yield _idle(name, "outer_steps is 1", "set outer_steps, such as 32, or remove it")
    if c.outer_steps > 1 and c.compression == "powersgd":
        yield Fault(
            what="powersgd and outer_steps do not go together",
            where=f"{WHERE}.compression",
            expected="none or bfloat16 with outer_steps above 1",
            received="powersgd",
            next_step="remove one of them: powersgd compresses the gradients of every step, outer_steps sends none",
        )


def _out_of_range(name: str, expected: str, received: float) -> Fault:
    where = f"{WHERE}.{name}"
    return Fault(what=f"{where} is out of range", where=where, expected=expected, received=f"{received:g}")


def _idle(name: str, because: str, next_step: str) -> Fault:
    return Fault(what=f"{name} has no effect: {because}", where=f"{WHERE}.{name}", next_step=next_step)


def _default(name: str) -> Any:
    return next(field.default for field in msgspec.structs.fields(Communication) if field.name == name)
