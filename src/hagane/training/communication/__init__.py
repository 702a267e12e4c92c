"""What the processes of a distributed training send each other, where plain all-reduce of gradients is too much.

`COMPRESSIONS` is the table of gradient compressions, imported only when asked for. Each keeps its state by the names of
the parameters, not by the buckets of DistributedDataParallel, which are laid out anew after the first step. With
`outer_steps` there are no gradients to send: `OuterSteps` makes the weights agree now and then.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

    from hagane.spec.communication import Communication
    from hagane.training.communication.gradient_hook import GradientHook
    from hagane.training.communication.outer_steps import OuterSteps

COMPRESSIONS: dict[str, str] = {
    "bfloat16": "hagane.training.communication.bfloat16:Bfloat16",
    "powersgd": "hagane.training.communication.powersgd:PowerSgd",
}
"""Name → `module:Class`, made from the options, the process group and a seed; a `GradientHook`."""


def make_hook(options: Communication, group: Any = None, *, seed: int = 0) -> GradientHook | None:
    """The hook for `DistributedDataParallel`, to be registered; None where its own all-reduce does, or one is alone.

    `group` is a torch.distributed process group, None for the one of all processes; `seed` must be the same in each.
    """
    if options.compression == "none" or not options.synchronises_gradients or _is_alone(group):
        return None
    module, _, attribute = COMPRESSIONS[options.compression].partition(":")
    hook: GradientHook = getattr(importlib.import_module(module), attribute)(options, group, seed)
    return hook


def make_outer_steps(options: Communication, module: nn.Module, group: Any = None) -> OuterSteps | None:
    """What makes the weights of `module` (not wrapped: no gradients are synchronised) agree.

    Begins by giving every process the weights of the first one. None for `outer_steps` 1, or where a process is alone.
    """
    if options.synchronises_gradients or _is_alone(group):
        return None
    from hagane.training.communication.outer_steps import OuterSteps

    return OuterSteps(options, module, group)


def _is_alone(group: Any) -> bool:
    import torch.distributed as dist

    return bool(dist.get_world_size(group) == 1)
