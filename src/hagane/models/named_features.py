"""`NamedFeatures`: the user's module, given by name the tensors that a step has side by side."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from hagane.features.feature import FeatureKind
from hagane.models.torch_inputs import SparseTensors, TorchFeature, TorchInputs


class NamedFeatures(nn.Module):  # type: ignore[misc]
    """Takes dense [n, d], ids [n, k] and three tensors a sparse feature; gives `module` a dict by feature name."""

    def __init__(self, module: nn.Module, inputs: TorchInputs) -> None:
        super().__init__()
        self.module, self.inputs = module, inputs
        self.shift: Tensor | None = None
        """[num_outputs] what is added to the output; None: nothing."""

    def forward(self, dense: Tensor, ids: Tensor, *entries: Tensor) -> Tensor:
        """What the module answers, [n, num_outputs]; [n] becomes [n, 1] where one is wanted."""
        named = {feature.name: _tensors(feature, dense, ids, entries) for feature in self.inputs.features}
        output: Tensor = self.module(named)
        output = output[:, None] if self.inputs.num_outputs == 1 and output.dim() == 1 else output
        return output if self.shift is None else output + self.shift


def _tensors(feature: TorchFeature, dense: Tensor, ids: Tensor, entries: tuple[Tensor, ...]) -> Tensor | SparseTensors:
    first = feature.places[0]
    if feature.kind is FeatureKind.SPARSE:
        return SparseTensors(*entries[3 * first : 3 * first + 3])
    if feature.kind is FeatureKind.ID:
        return ids[:, first]
    if feature.width == 1:
        return dense[:, first]
    if feature.places == tuple(range(first, first + feature.width)):
        return dense[:, first : first + feature.width]
    return dense.index_select(1, torch.tensor(feature.places, device=dense.device))
