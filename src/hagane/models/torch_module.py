"""The user's own model: a `torch.nn.Module` class that the spec names. What the classifier and the regressor share.

The class is made with a `TorchInputs` and the spec's `module_options`; `forward(features)` is given a dict by feature
name (`torch_inputs.TorchFeature` says what is in it) and returns [n, inputs.num_outputs]: logits, or the standardised
number. A method `loss(output, label)`, where it has one, answers a loss for each row in place of the family's.
Everything is float32, prediction too: not every module computes in float64, nor does ONNX Runtime every operation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import torch
from torch import nn

from hagane.counted import counted
from hagane.errors import Fault, SpecError
from hagane.features.encoded import Encoded
from hagane.features.feature import Feature, FeatureKind
from hagane.models.ablation_importance import ablation_importance
from hagane.models.begin_net import NetStart, earlier_parameters
from hagane.models.family import FitContext
from hagane.models.make_module import check_module, make_module
from hagane.models.module_class import module_source
from hagane.models.named_features import NamedFeatures
from hagane.models.options import narrowed
from hagane.models.prior_shift import prior_shift
from hagane.models.require_same_features import require_same_features
from hagane.models.target import Target
from hagane.models.task_arguments import TaskArguments
from hagane.models.torch_export import emit_torch
from hagane.models.torch_inputs import TorchInputs
from hagane.models.torch_module_model import TorchModuleModel
from hagane.models.torch_options import TorchOptions
from hagane.models.torch_parameters import torch_parameters
from hagane.models.torch_task import torch_task
from hagane.models.train_torch import train_torch, training_curve
from hagane.training.seeded import seeded
from hagane.training.task import Loss, Task
from hagane.training.training_job import Share

RELATIVE_TOLERANCE = 1e-5
"""Of float32 through as many layers as the user likes."""
MOST_NAMED = 5
"""Tensors in a note."""


class TorchModuleOptions(TorchOptions, frozen=True, kw_only=True):
    """Options of both torch families."""

    module: str
    """`package.module:Class`."""
    module_options: dict[str, Any] = msgspec.field(default_factory=dict)
    """Keyword arguments of the class."""

    def feature_faults(self, features: Sequence[Feature], num_classes: int, num_labels: int = 1) -> Sequence[Fault]:
        """What is wrong with the class, found by making it, calling it and exporting it once."""
        faults = [*super().feature_faults(features, num_classes, num_labels)]
        try:
            check_module(
                self.module,
                self.module_options,
                TorchInputs.of(features, num_classes=num_classes, num_labels=num_labels),
            )
        except SpecError as error:
            faults += error.faults
        return faults

    def code(self) -> bytes:
        """A digest of the class's source."""
        return module_source(self.module)


class TorchModuleArguments(TaskArguments, frozen=True, kw_only=True):
    """Of this family."""

    options: TorchModuleOptions
    num_classes: int


def fit_module(
    train: Encoded,
    evaluation: Encoded | None,
    options: TorchModuleOptions,
    context: FitContext,
    *,
    family: str,
    target: Target,
) -> TorchModuleModel:
    """Train the module and keep its best state. Raises SpecError where it cannot be made."""
    shift = tuple(prior_shift(context.class_offsets, context.num_classes).tolist())
    begun = begin_module(options, target, shift, context)
    target = begun.target
    arguments = TorchModuleArguments(
        options=narrowed(options, TorchModuleOptions),
        target=target,
        num_classes=context.num_classes,
        seed=context.seed,
        shift=shift,
    )
    make = "hagane.models.torch_module:make_task"
    trained = train_torch(make, arguments, Share(train, evaluation), options, context, initial=begun.state)
    module = trained.module
    assert isinstance(module, NamedFeatures)
    left = torch_parameters(module.state_dict(), target, shift)
    module.shift = torch.tensor(shift, dtype=torch.float32) if any(shift) else None
    module.eval()
    return TorchModuleModel(
        family=family,
        module=module,
        target=target,
        emit_module=emit_torch,
        importance=ablation_importance(module, train, _arrays(module.inputs, train.features)),
        curve=training_curve(trained.history, 1.0 if has_own_loss(module.module) else target.loss_unit),
        best_iteration=trained.history.best_iteration,
        parameters=left,
        computes_in=np.float32,
    )


def begin_module(options: TorchModuleOptions, target: Target, shift: Sequence[float], context: FitContext) -> NetStart:
    """The earlier model's state, as far as names and shapes agree, over that of a fresh module.

    Raises SpecError where features were fitted anew (what of a user's class is of which category nobody can tell), or
    where nothing agrees. What begins fresh is told.
    """
    start = context.warm_start
    if start is None:
        return NetStart(target)
    require_same_features(start, context.features, "what of a class of your own is of which feature is not known")
    left = earlier_parameters(start, options, target)
    with seeded(context.seed):
        inputs = TorchInputs.of(context.features, num_classes=context.num_classes)
        state = dict(make_module(options.module, options.module_options, inputs).state_dict())
    taken = {name: each for name, each in left.state.items() if name in state and state[name].shape == each.shape}
    if not taken:
        what, expected = f"nothing of {start.reference} fits {options.module}", "tensors of the same names and shapes"
        raise SpecError(Fault(what=what, where="model.options.module", expected=expected))
    if fresh := [name.removeprefix("module.") for name in state if name not in taken]:
        named = ", ".join(fresh[:MOST_NAMED]) + (", …" if len(fresh) > MOST_NAMED else "")
        context.progress.note(f"{counted(len(fresh), 'tensor')} of {len(state)} begin fresh: {named}")
    if tuple(left.shift) != tuple(shift):
        context.progress.note("other classes are thinned out than before: log odds begin a constant off")
    return NetStart(target.in_unit_of(left.target), state | taken)


def make_task(arguments: dict[str, Any], share: Share) -> Task:
    """The module and its batches, in any process."""
    given = msgspec.convert(arguments, TorchModuleArguments)
    inputs = TorchInputs.of(share.train.features, num_classes=given.num_classes, num_labels=given.target.num_labels)
    module = make_module(given.options.module, given.options.module_options, inputs)
    normalises = any(isinstance(part, nn.modules.batchnorm._BatchNorm) for part in module.modules())
    return torch_task(
        module,
        share,
        given.options,
        given.target,
        seed=given.seed,
        shift=given.shift,
        large_tables=_sparse_tables,
        losses=_own_loss(module),
        least_rows=2 if normalises else 1,
    )


def has_own_loss(found: object) -> bool:
    """Whether a class, or a module, has a method `loss`."""
    return callable(getattr(found, "loss", None))


def _own_loss(module: NamedFeatures) -> Loss | None:
    if not has_own_loss(module.module):
        return None
    loss: Loss = module.module.loss
    return loss


def _sparse_tables(module: nn.Module) -> list[nn.Parameter]:
    """The parameters whose gradients are sparse."""
    tables = [part for part in module.modules() if isinstance(part, nn.Embedding | nn.EmbeddingBag) and part.sparse]
    return [table.weight for table in tables]


def _arrays(inputs: TorchInputs, features: Sequence[Feature]) -> list[list[str]]:
    """The features of each array of numbers."""
    numbers = [feature.name for feature in features if feature.kind is FeatureKind.DENSE]
    return [[numbers[place] for place in feature.places] for feature in inputs.features if feature.width > 1]
