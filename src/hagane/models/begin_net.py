"""`begin_net`: the state with which a network of the dnn families begins, where it is an earlier model's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import msgspec
import torch
from torch import Tensor, nn

from hagane.errors import Fault, SpecError
from hagane.features.feature import Feature
from hagane.models.carry_over import carry_over
from hagane.models.family import FitContext
from hagane.models.tabular_net import TabularNet
from hagane.models.target import Target
from hagane.models.torch_options import TorchOptions
from hagane.models.torch_parameters import read_torch_parameters
from hagane.models.warm_start import WarmStart
from hagane.training.seeded import seeded

SHAPING = ("hidden_units", "activation_fn", "batch_norm", "embedding_dims", "max_embedding_dim")
"""Options in which both networks must agree."""


class Beginning(msgspec.Struct, frozen=True):
    """What a network is trained towards, and the state of its module at the first step (None: fresh)."""

    target: Target
    state: dict[str, Tensor] | None = None


Options = TypeVar("Options", bound=TorchOptions)
MakeNet = Callable[[Sequence[Feature], Options, int], TabularNet]
"""How a family makes an untrained network for features, by options, with so many outputs."""


def begin_net(
    make: MakeNet[Options], options: Options, target: Target, shift: Sequence[float], context: FitContext
) -> Beginning:
    """`target` in the unit of the earlier model's label, and its parameters; without a warm start `target` alone.

    Raises SpecError with every option in which the two cannot agree.
    """
    start = context.warm_start
    if start is None:
        return Beginning(target)
    if faults := list(_unlike(start, options)):
        raise SpecError(*faults)
    left = read_torch_parameters(start)
    if (left.target.link, left.target.num_outputs) != (target.link, target.num_outputs):
        raise SpecError(_other_output(start))
    with seeded(context.seed), torch.no_grad():
        earlier_options = msgspec.convert(start.options, type(options))
        net = make(context.features, options, target.num_outputs)
        earlier = make(start.features, earlier_options, target.num_outputs)
        earlier.load_state_dict(left.state)
        carry_over(earlier, net, start, context.features)
        last = net.layers[-1]
        assert isinstance(last, nn.Linear)
        last.bias += _difference(left.shift, shift, target.num_outputs)
    return Beginning(target.in_unit_of(left.target), dict(net.state_dict()))


def _difference(earlier: Sequence[float], now: Sequence[float], num_outputs: int) -> Tensor:
    """[outputs] what the earlier outputs lacked and these do not."""
    zeros = (0.0,) * num_outputs
    return torch.tensor(earlier or zeros) - torch.tensor(now or zeros)


def _unlike(start: WarmStart, options: TorchOptions) -> Iterator[Fault]:
    mine = msgspec.to_builtins(options)
    for name in SHAPING:
        earlier = start.options.get(name, mine.get(name))
        if list_of(earlier) != list_of(mine.get(name)):
            yield Fault(
                what=f"a network cannot begin with {start.reference}, whose {name} is another",
                where=f"model.options.{name}",
                expected=str(earlier),
                received=str(mine.get(name)),
                next_step="leave the option out: it is then the earlier model's",
            )


def list_of(value: object) -> object:
    """A tuple as a list, as JSON has both.

    >>> list_of((64, 32)), list_of(3)
    ([64, 32], 3)
    """
    return list(value) if isinstance(value, tuple | list) else value


def _other_output(start: WarmStart) -> Fault:
    return Fault(
        what=f"a network cannot begin with {start.reference}, which predicts something else",
        where="training.warm_start",
        expected="as many outputs with the same meaning",
    )
