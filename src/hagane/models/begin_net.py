"""`begin_net`: the state with which a network begins, where it is an earlier model's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
import torch
from torch import Tensor, nn

from hagane.errors import Fault, SpecError
from hagane.features.feature import Feature
from hagane.models.family import FitContext
from hagane.models.require_same_shape import require_same_shape
from hagane.models.target import Target
from hagane.models.torch_options import TorchOptions
from hagane.models.torch_parameters import TorchParameters, read_torch_parameters
from hagane.models.warm_start import WarmStart
from hagane.training.seeded import seeded


class NetStart(msgspec.Struct, frozen=True):
    """What a network is trained towards, and the state of its module at the first step (None: fresh)."""

    target: Target
    state: dict[str, Tensor] | None = None


Options = TypeVar("Options", bound=TorchOptions)
MakeNet = Callable[[Sequence[Feature], Options, int], nn.Module]
"""How a family makes an untrained network for features, by options, with so many outputs."""
Carry = Callable[[Any, Any, WarmStart, Options], None]
"""Lets the second network begin as the first, which is the earlier one, of the options given."""


def begin_net(
    make: MakeNet[Options],
    options: Options,
    target: Target,
    shift: Sequence[float],
    context: FitContext,
    *,
    carry: Carry[Options],
    last: Callable[[Any], nn.Module],
) -> NetStart:
    """`target` in the unit of the earlier model's label, and its parameters; without a warm start `target` alone.

    `last` gives the layer that puts out. Raises SpecError with every option in which the two must agree and do not.
    """
    start = context.warm_start
    if start is None:
        return NetStart(target)
    left = earlier_parameters(start, options, target)
    with seeded(context.seed), torch.no_grad():
        earlier_options = msgspec.convert(start.options, type(options))
        net = make(context.features, options, target.num_outputs)
        earlier = make(start.features, earlier_options, target.num_outputs)
        earlier.load_state_dict(left.state)
        carry(earlier, net, start, earlier_options)
        layer = last(net)
        assert isinstance(layer, nn.Linear)
        layer.bias += _difference(left.shift, shift, target.num_outputs)
    return NetStart(target.in_unit_of(left.target), dict(net.state_dict()))


def earlier_parameters(start: WarmStart, options: TorchOptions, target: Target) -> TorchParameters:
    """What the earlier fit left. Raises SpecError for options of another shape, or outputs of another meaning."""
    require_same_shape(start, options)
    left = read_torch_parameters(start)
    if (left.target.link, left.target.num_outputs) != (target.link, target.num_outputs):
        raise SpecError(other_output(start))
    return left


def _difference(earlier: Sequence[float], now: Sequence[float], num_outputs: int) -> Tensor:
    """[outputs] what the earlier outputs lacked and these do not."""
    zeros = (0.0,) * num_outputs
    return torch.tensor(earlier or zeros) - torch.tensor(now or zeros)


def other_output(start: WarmStart) -> Fault:
    """Of a model whose scores mean something else."""
    return Fault(
        what=f"it cannot begin with {start.reference}, which predicts something else",
        where="training.warm_start",
        expected="as many outputs with the same meaning",
    )
