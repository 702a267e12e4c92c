"""`diagnose`: why a loss became a number that is none.

The symptoms are looked for in the order in which they are sure: inputs and labels that are not finite; weights that
are not; numbers far outside of their column, or not scaled at all; losses that grew as a power does (a learning rate
that is too large); the layer whose output first is not finite; at last a loss that is undefined for what was put out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from hagane.counted import counted
from hagane.errors import Fault
from hagane.number_text import brief_text
from hagane.training.explosion import BLOCK_STEPS, FACTOR, Explosion
from hagane.training.task import Loss, Task, TensorBatch

FAR = 1e4
"""Deviations of its column from which a number is the likely cause."""
LARGE = 1e6
"""Size from which a feature is not scaled: networks are made for numbers about 1."""
OVERFLOWING = 1e15
"""Size of an output whose square, times a few, a float32 may not hold."""


class Symptom(NamedTuple):
    """What was found: where beside the step, what was received, and what to do."""

    where: str
    received: str
    next_step: str


class Scene(NamedTuple):
    """What is left at the place: the step's batches, and the module as it was before the step (None: it is not)."""

    task: Task
    batches: Sequence[TensorBatch]
    module: nn.Module | None
    loss: Loss
    learn_rate: float
    losses: Explosion


def diagnose(what: str, where: str, scene: Scene) -> tuple[Fault, int]:
    """The fault of a loss that is not finite, `what` it became and `where` in the training; and how doubtful it is."""
    found, doubt = find_symptom(scene)
    place = f"{where}, {found.where}" if found.where else where
    fault = Fault(what=what, where=place, expected="a finite loss", received=found.received, next_step=found.next_step)
    return fault, doubt


def find_symptom(scene: Scene) -> tuple[Symptom, int]:
    """The first symptom, the surest first, and its number in that order."""
    checks: tuple[Callable[[Scene], Symptom | None], ...] = (
        _not_finite_input,
        _not_finite_label,
        _not_finite_weight,
        _far_label,
        _far_input,
        _large_input,
        _growing_loss,
        _overflowing_layer,
        _undefined_loss,
    )
    found = ((symptom, doubt) for doubt, check in enumerate(checks) if (symptom := check(scene)) is not None)
    return next(found, (_unknown(scene), len(checks)))


def exploded(seen: Explosion, where: str, learn_rate: float) -> Fault:
    """The fault of a loss that is finite still, and far from where it began."""
    levels = ", ".join(brief_text(level) for level in seen.levels)
    return Fault(
        what="the loss exploded",
        where=where,
        expected=f"less than {FACTOR:g} times the loss of the first {BLOCK_STEPS} steps, {brief_text(seen.first)}",
        received=f"{levels}: the medians of {BLOCK_STEPS} steps each",
        next_step=smaller_rate(learn_rate),
    )


def place_text(step: int, epoch: int) -> str:
    """A step, numbered from 1, and its epoch, from 0, as people count them.

    >>> place_text(1234, 2)
    'step 1,234 (epoch 3)'
    """
    return f"step {step:,} (epoch {epoch + 1:,})"


def smaller_rate(learn_rate: float) -> str:
    """What to do about a learning rate that is too large."""
    return f"take a smaller learn_rate ({learn_rate / 10:.3g} instead of {learn_rate:.3g}), or max_gradient_norm 1"


def _not_finite_input(scene: Scene) -> Symptom | None:
    for name, values in _columns(scene):
        bad = ~torch.isfinite(values)
        if bad.any():
            value = _number(values[bad][0])
            step = f"make it finite in the transform, such as IF(IS_INF({name}), NULL, {name}), or leave the rows out"
            received = f"{value} in {counted(int(bad.sum()), 'row')} of the batch"
            return Symptom(f"feature '{name}'", received, step)
    return None


def _not_finite_label(scene: Scene) -> Symptom | None:
    for batch in scene.batches:
        for name, values in (("label", batch.label), ("weight", batch.weight)):
            if values is None or not values.is_floating_point() or torch.isfinite(values).all():
                continue
            bad = values[~torch.isfinite(values)]
            received = f"{_number(bad[0])} in {counted(len(bad), 'row')} of the batch"
            return Symptom(f"the {name}", received, f"leave rows with such a {name} out of the data query")
    return None


def _not_finite_weight(scene: Scene) -> Symptom | None:
    for name, values in _state(scene.module):
        bad = ~torch.isfinite(values)
        if bad.any():
            received = f"{_number(values[bad][0])} in {int(bad.sum()):,} of {values.numel():,} numbers"
            return Symptom(f"layer parameter '{name}'", received, smaller_rate(scene.learn_rate))
    return None


def _far_label(scene: Scene) -> Symptom | None:
    floats = [batch.label for batch in scene.batches if batch.label.is_floating_point() and batch.label.numel()]
    if not floats:
        return None
    _, deviations = _farthest(torch.cat([each.reshape(-1) for each in floats]))
    if deviations < FAR:
        return None
    step = "look at the rows with such labels: leave them out in the data query, or predict the logarithm"
    return Symptom("the label", f"one that is {brief_text(deviations, 2)} deviations away from the others", step)


def _far_input(scene: Scene) -> Symptom | None:
    found = [(name, *_farthest(values)) for name, values in _columns(scene) if values.numel()]
    if not found:
        return None
    name, value, deviations = max(found, key=lambda each: each[2])
    if deviations < FAR:
        return None
    step = f"bound it in the transform: LN(1 + {name}), LEAST({name}, …), ML.QUANTILE_BUCKETIZE"
    return Symptom(
        f"feature '{name}'", f"{brief_text(value)}, {brief_text(deviations, 2)} deviations away from the others", step
    )


def _large_input(scene: Scene) -> Symptom | None:
    found = [(float(values.detach().abs().max()), name) for name, values in _columns(scene)]
    size, name = max(found, default=(0.0, ""))
    if size < LARGE:
        return None
    step = f"scale it in the transform: ML.STANDARD_SCALER({name}) OVER ()"
    return Symptom(f"feature '{name}'", f"numbers as large as {brief_text(size)}", step)


def _growing_loss(scene: Scene) -> Symptom | None:
    if not scene.losses.is_growing:
        return None
    shown = ", ".join(brief_text(loss, 3) for loss in scene.losses.last[-5:])
    return Symptom("", f"losses that grew before: {shown}", smaller_rate(scene.learn_rate))


def _overflowing_layer(scene: Scene) -> Symptom | None:
    name = None if scene.module is None else first_bad_layer(scene.module, scene.batches)
    if name is None:
        return None
    received = "numbers beyond what the type holds, from finite inputs and weights"
    return Symptom(f"layer '{name}'", received, f"scale what goes into it, or {smaller_rate(scene.learn_rate)}")


def _undefined_loss(scene: Scene) -> Symptom | None:
    """The outputs are finite, and the loss of some row is not: the logarithm of 0, a label outside of its range."""
    if scene.module is None:
        return None
    for batch in scene.batches:
        with torch.no_grad():
            output = scene.module(*batch.inputs).float()
            losses = scene.loss(output, batch.label)
        bad = ~torch.isfinite(losses.reshape(len(batch.label), -1)).all(dim=1)
        if torch.isfinite(output).all() and bad.any():
            row = int(bad.nonzero()[0])
            received = f"output {_short(output[row])} for label {_short(batch.label[row])}"
            if float(output[row].abs().max()) > OVERFLOWING:
                return Symptom("the output", received, f"scale the features, or {smaller_rate(scene.learn_rate)}")
            step = "such a label is outside of what the loss takes (the logarithm of 0 or less): check the label"
            return Symptom("the loss function", received, step)
    return None


def _unknown(scene: Scene) -> Symptom:
    return Symptom("", "no feature, label or weight that stands out", smaller_rate(scene.learn_rate))


def first_bad_layer(module: nn.Module, batches: Sequence[TensorBatch]) -> str | None:
    """The layer that, in the order of computation, is the first to put out what is not finite.

    >>> net = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))
    >>> _ = nn.init.constant_(net[1].weight, 1e38)
    >>> first_bad_layer(net, [TensorBatch((torch.full((1, 1), 1e20),), torch.ones(1))])
    '1'
    """
    found: list[str] = []

    def watch(name: str) -> Callable[..., None]:
        def look(layer: nn.Module, inputs: Any, output: Any) -> None:
            if not found and isinstance(output, Tensor) and not torch.isfinite(output).all():
                found.append(name)

        return look

    leaves = ((name, each) for name, each in module.named_modules() if not any(each.children()))
    hooks = [layer.register_forward_hook(watch(name)) for name, layer in leaves]
    try:
        with torch.no_grad():
            for batch in batches:
                module(*batch.inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return found[0] if found else None


def _columns(scene: Scene) -> Iterator[tuple[str, Tensor]]:
    """The numbers of each feature in each batch: dense columns [n], the weights of sparse features [t]."""
    for batch in scene.batches:
        names = list(scene.task.feature_names)
        dense, *others = batch.inputs
        if len(batch.inputs) > 1 and (len(others) - 1) % 3 == 0:  # dense, ids, and three tensors a sparse feature
            ids, *sparse = others
            width = dense.shape[1] if dense.dim() > 1 else 1
            behind = names[width + (ids.shape[1] if ids.dim() > 1 else 0) :]
            yield from _named(dense, names)
            yield from ((_name(behind, index), each) for index, each in enumerate(sparse[2::3]))
        else:
            for number, each in enumerate(batch.inputs):
                yield from _named(each, names if number == 0 else [])


def _named(values: Tensor, names: Sequence[str]) -> Iterator[tuple[str, Tensor]]:
    if values.is_floating_point() and values.numel():
        flat = values.reshape(len(values), -1)
        yield from ((_name(names, index), flat[:, index]) for index in range(flat.shape[1]))


def _name(names: Sequence[str], index: int) -> str:
    return names[index] if index < len(names) else f"input {index + 1}"


def _state(module: nn.Module | None) -> Iterator[tuple[str, Tensor]]:
    if module is not None:
        yield from ((name, each) for name, each in module.state_dict().items() if each.is_floating_point())


def _farthest(values: Tensor) -> tuple[float, float]:
    """The number that is farthest from the median, and how many deviations of the others that is.

    Of these the median absolute deviation, or where more than half are equal their root mean square.
    """
    numbers = values.detach().double()
    distances = (numbers - numbers.median()).abs()
    place = int(distances.argmax())
    others = torch.cat([distances[:place], distances[place + 1 :]])
    deviation = 0.0
    if len(others):
        deviation = 1.4826 * float(others.median()) or float(others.square().mean().sqrt())
    return float(numbers[place]), float(distances[place]) / (deviation or max(1.0, float(numbers.median().abs())))


def _number(value: Tensor) -> str:
    """A number that is none, as people write it."""
    number = float(value)
    return "not a number" if math.isnan(number) else "infinity" if number > 0 else "-infinity"


def _short(values: Tensor) -> str:
    shown = values.reshape(-1).tolist()
    text = ", ".join(brief_text(each) for each in shown[:4])
    return text if len(shown) == 1 else f"[{text}{', …' if len(shown) > 4 else ''}]"
