"""`SeveralTargets`: several labels at once, each under a `Target` of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from hagane.features.emit import Emitter
from hagane.models.family import Array
from hagane.models.target import MOST_LOG_RATE, Target
from hagane.training.task import Loss


class SeveralTargets(Target, frozen=True, tag="several_labels"):
    """k targets of one output each, with one loss and one link. A row's loss is the mean of its labels' losses.

    Shapes: output and label [n, k]; scores [n, k] numbers, or [n, k, 2] probabilities of false and true.

    >>> units = (3.0, 2.0), (50.0, 10.0)
    >>> both = several_targets([Target(1, "squared_error", "identity", *unit) for unit in units])
    >>> both.label(np.array([[5.0, 40.0]])), both.scores(torch.tensor([[1.0, -1.0]])).tolist()
    (tensor([[ 1., -1.]]), [[5.0, 40.0]])
    """

    targets: tuple[Target, ...] = ()

    @property
    def score_unit(self) -> float | npt.NDArray[np.float64]:
        """[k] the labels' scales; 1 for probabilities."""
        return np.array([target.scale for target in self.targets]) if self.is_number else 1.0

    @property
    def units(self) -> tuple[list[float], list[float]]:
        """[k] each."""
        return [target.scale for target in self.targets], [target.level for target in self.targets]

    @property
    def num_labels(self) -> int:
        """k."""
        return len(self.targets)

    @property
    def num_classes(self) -> int:
        """Of each label; 0 for numbers."""
        return self.targets[0].num_classes

    @property
    def losses(self) -> Loss:
        """Output and label → the mean of the labels' losses [n]."""
        losses = [target.losses for target in self.targets]
        alike = all(target.loss_numbers == self.targets[0].loss_numbers for target in self.targets)

        def mean(output: Tensor, label: Tensor) -> Tensor:
            if alike:  # as if each label of each row were a row
                found = losses[0](output.reshape(-1, 1), label.reshape(-1)).reshape(output.shape)
            else:
                found = torch.stack([losses[k](output[:, k : k + 1], label[:, k]) for k in range(len(losses))], dim=1)
            return found.mean(dim=1)

        return mean

    @property
    def loss_unit(self) -> float:
        """1: labels of several units are averaged as they are scaled."""
        return 1.0

    def by_label(self, output: Tensor, label: Tensor) -> Iterator[tuple[Target, Tensor, Tensor]]:
        """Target, output [n, 1] and label [n] of each."""
        for place, target in enumerate(self.targets):
            yield target, output[:, place : place + 1], label[:, place]

    def in_unit_of(self, other: Target) -> Target:
        """The same for labels scaled as those of `other`, which are as many."""
        assert isinstance(other, SeveralTargets)
        pairs = zip(self.targets, other.targets, strict=True)
        return several_targets([mine.in_unit_of(theirs) for mine, theirs in pairs])

    def label(self, label: Array) -> Tensor:
        """Labels [n, k] as the loss takes them."""
        return torch.stack([target.label(label[:, place]) for place, target in enumerate(self.targets)], dim=1)

    def own_label(self, label: Tensor) -> Array:
        """What `label` gave, in the labels' own units again."""
        found = [target.own_label(label[:, place]) for place, target in enumerate(self.targets)]
        return np.stack(found, axis=1)

    def scores(self, output: Tensor) -> npt.NDArray[np.floating]:
        """Output [n, k] → scores [n, k] or [n, k, 2]."""
        found = [target.scores(output[:, place : place + 1]) for place, target in enumerate(self.targets)]
        return np.stack(found, axis=1)

    def emit_scores(self, emitter: Emitter, output: str) -> str:
        """The same as nodes."""
        if self.link == "sigmoid":
            logits = emitter.node("Unsqueeze", output, emitter.constant([2], np.int64))
            negative = emitter.node("Sigmoid", emitter.node("Neg", logits))
            return emitter.node("Concat", negative, emitter.node("Sigmoid", logits), axis=2)
        number = output
        if self.link == "exp":
            number = emitter.node("Exp", emitter.node("Min", number, emitter.constant(self.dtype(MOST_LOG_RATE))))
        scales = emitter.constant(np.array([target.scale for target in self.targets], self.dtype))
        levels = emitter.constant(np.array([target.level for target in self.targets], self.dtype))
        return emitter.node("Add", emitter.node("Mul", number, scales), levels)


AnyTarget = Target | SeveralTargets
"""What JSON may hold: the types are told apart by their tag."""


def several_targets(targets: Sequence[Target]) -> SeveralTargets:
    """Targets of one output each, with one loss and one link, as one."""
    first = targets[0]
    assert {(target.num_outputs, target.loss, target.link) for target in targets} == {(1, first.loss, first.link)}
    return SeveralTargets(len(targets), first.loss, first.link, targets=tuple(targets))
