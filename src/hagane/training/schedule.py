"""Learning-rate schedules: what the rate is multiplied by at each step."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda share: 1.0,
    "cosine": lambda share: 0.5 * (1 + math.cos(math.pi * share)),
    "linear": lambda share: 1 - share,
    "exponential": lambda share: 0.01**share,
}
"""Name → the factor when `share` (0 to 1) of the steps behind the warm-up are done.

`cosine` is that of Loshchilov and Hutter, SGDR (arXiv 1608.03983), without restarts; `exponential` ends at a hundredth.
"""


@dataclass(frozen=True)
class Schedule:
    """The factor rises evenly over the first `warmup_steps`, then follows `name` down to the last of `num_steps`.

    >>> rise = Schedule("linear", num_steps=6, warmup_steps=2)
    >>> [round(rise.factor(step), 2) for step in range(6)]
    [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]
    """

    name: str
    num_steps: int
    warmup_steps: int = 0

    def factor(self, step: int) -> float:
        """For step number `step`, from 0."""
        if step < self.warmup_steps:
            return (step + 1) / self.warmup_steps
        behind = max(self.num_steps - self.warmup_steps, 1)
        return SCHEDULES[self.name](min((step - self.warmup_steps) / behind, 1.0))
