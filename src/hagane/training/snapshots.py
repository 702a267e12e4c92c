"""`Snapshots`: all of a training between two steps, taken for a checkpoint and put back from one."""

from __future__ import annotations

from typing import Any

import msgspec
from torch import Tensor

from hagane.training.best_state import BestState
from hagane.training.checkpoint import Checkpoint, flatten, tensors_under, unflatten
from hagane.training.run_state import RunState
from hagane.training.steps import Steps


class Snapshots:
    """Of the module (`module.`), its best state (`best.`), its optimizers (`optimizer.0.`) and what the group remembers
    in this process alone (`own.`)."""

    def __init__(self, steps: Steps, best: BestState) -> None:
        self._steps, self._best = steps, best

    def take(self, state: RunState) -> Checkpoint | None:
        """A copy on the CPU; None, and nothing held, in a process that does not write. Every process calls it."""
        group = self._steps.group
        tensors = {f"module.{name}": each for name, each in self._steps.module.state_dict().items()}
        tensors |= {f"best.{name}": tensor for name, tensor in self._best.tensors.items()}
        tensors |= {f"own.{name}": tensor for name, tensor in group.own_state().items()}
        rests = []
        for index, optimizer in enumerate(self._steps.optimizers):
            found, rest = flatten(f"optimizer.{index}", optimizer.state_dict())
            tensors |= found
            rests.append(rest)
        copies = group.whole_copies(tensors, is_kept=group.is_writer)
        if not group.is_writer:
            return None
        return Checkpoint(state.step, copies, {"state": msgspec.to_builtins(state), "optimizers": rests})

    def put_back(self, checkpoint: Checkpoint) -> RunState:
        """Go on from `checkpoint`: where the training stood."""
        group, module, tensors = self._steps.group, self._steps.module, checkpoint.tensors
        like = module.state_dict()
        whole = tensors_under("module.", tensors)
        module.load_state_dict({name: group.part(tensor, like[name]) for name, tensor in whole.items()})
        self._best.load(tensors_under("best.", tensors))
        group.load_own_state(tensors_under("own.", tensors))
        for index, rest in enumerate(checkpoint.facts["optimizers"]):
            self._put_back_optimizer(index, unflatten(f"optimizer.{index}", rest, tensors))
        return msgspec.convert(checkpoint.facts["state"], RunState)

    def _put_back_optimizer(self, index: int, state: dict[str, Any]) -> None:
        optimizer = self._steps.optimizers[index]
        parameters = [parameter for each in optimizer.param_groups for parameter in each["params"]]
        parts = {
            number: {name: self._part(value, parameters[int(number)]) for name, value in each.items()}
            for number, each in state["state"].items()
        }
        optimizer.load_state_dict({**state, "state": parts})

    def _part(self, value: Any, parameter: Tensor) -> Any:
        """Of what an optimizer keeps for a parameter, number by number, this process's part."""
        is_alike = isinstance(value, Tensor) and value.shape == parameter.shape
        return self._steps.group.part(value, parameter) if is_alike else value
