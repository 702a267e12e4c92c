"""`BestState`: the state of a module in the best iteration so far."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from hagane.training.group import Group


class BestState:
    """Each process holds what it holds of the module: all of it, or its part; nothing before the first `keep`."""

    def __init__(self, module: nn.Module, group: Group) -> None:
        self._module, self._group = module, group
        self.tensors: dict[str, Tensor] = {}

    def keep(self) -> None:
        """The module's state is the best one."""
        state = self._module.state_dict()
        if not self.tensors:
            self.tensors = {name: tensor.detach().clone() for name, tensor in state.items()}
            return
        with torch.no_grad():
            for name, tensor in state.items():
                self.tensors[name].copy_(tensor)

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """`tensors`, each whole, are the best state; none where there is none yet."""
        like = self._module.state_dict()
        self.tensors = {name: self._group.part(tensor, like[name]).clone() for name, tensor in tensors.items()}

    def put_back(self) -> None:
        """Give the module its best state, if there is one."""
        if self.tensors:
            self._module.load_state_dict(self.tensors)
