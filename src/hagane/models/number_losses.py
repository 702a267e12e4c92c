"""Losses for numbers, as every family that has a choice of them is told: names, ranges, and what does not go together.

| loss | what is predicted |
| --- | --- |
| squared_error | the mean |
| absolute_error | the median |
| huber | nearly the mean, errors beyond `huber_delta` (in the label's unit) counting linearly |
| poisson | the mean of counts or amounts, exp of what is learnt |
| quantile | the quantile of `quantile_level` |
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.counted import counted
from hagane.errors import Fault, TrainingError

NumberLoss = Literal["squared_error", "absolute_error", "huber", "poisson", "quantile"]
QuantileLevel = Annotated[float, msgspec.Meta(gt=0, lt=1)]
HuberDelta = Annotated[float, msgspec.Meta(gt=0)]
HUBER_SHARE = 0.9
"""Share of the labels that lie within the default `huber_delta` of their median (Friedman 2001, equation 9, takes the
same share of the residuals of each round)."""
MEDIAN = 0.5
"""`quantile_level` where none is given."""


class LossOptions(Protocol):
    """Options that name a loss."""

    @property
    def loss(self) -> NumberLoss:
        """What is lowered."""

    @property
    def quantile_level(self) -> float | None:
        """Of loss `quantile`. None: `MEDIAN`."""

    @property
    def huber_delta(self) -> float | None:
        """Of loss `huber`. None: `HUBER_SHARE` of the labels lie as near to their median."""


def loss_faults(options: LossOptions) -> Iterator[Fault]:
    """A fault for each option of a loss that is not the one chosen."""
    for option, loss in (("quantile_level", "quantile"), ("huber_delta", "huber")):
        if getattr(options, option) is not None and options.loss != loss:
            yield Fault(
                what=f"option {option!r} is for loss {loss!r} alone",
                where=f"model.options.{option}",
                expected=f"loss: {loss}, or no {option}",
                received=f"loss: {options.loss}",
            )


def require_counts(labels: Iterable[npt.NDArray[np.floating[Any]]]) -> None:
    """Raises TrainingError where labels, block by block, are nothing that a Poisson loss is of."""
    num_rows, num_negative, is_any = 0, 0, False
    for block in labels:
        num_rows += len(block)
        num_negative += int(np.count_nonzero(block < 0))
        is_any = is_any or bool((block > 0).any())
    if is_any and not num_negative:
        return
    negative = f"{num_negative:,} of {counted(num_rows, 'label')} below 0"
    raise TrainingError(
        Fault(
            what="loss 'poisson' is for counts and amounts",
            where="model.options.loss",
            expected="labels of 0 or more, some of them more",
            received=negative if num_negative else "labels of 0 alone",
            next_step="take another loss, or look at the label in the data query",
        )
    )
