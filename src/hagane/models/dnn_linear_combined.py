"""Wide and deep models (BigQuery ML's DNN_LINEAR_COMBINED): what the classifier and the regressor share.

A linear part over some features and a network over some, trained together, each by an optimizer of its own; the outputs
are added up (Cheng et al. 2016, arXiv 1606.07792). The linear part's optimizer is FTRL-Proximal unless the options say
otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
import torch
from torch import nn

from hagane.errors import Fault
from hagane.features.encoded import Encoded
from hagane.features.feature import Feature, FeatureKind
from hagane.models.ablation_importance import ablation_importance
from hagane.models.begin_net import Carry, begin_net
from hagane.models.carry_over import carry_over
from hagane.models.carry_wide import carry_wide
from hagane.models.dnn import DnnOptions, make_net, num_threads_for, shift_output
from hagane.models.embedding_options import with_slots
from hagane.models.family import FitContext
from hagane.models.options import narrowed
from hagane.models.prior_shift import prior_shift
from hagane.models.tabular_net import fold_normalisation
from hagane.models.target import Target
from hagane.models.task_arguments import TaskArguments
from hagane.models.torch_model import ExplainedModule, TorchModel
from hagane.models.torch_parameters import torch_parameters
from hagane.models.torch_task import torch_task
from hagane.models.train_torch import train_torch, training_curve
from hagane.models.training_data import require_rows_to_normalise
from hagane.models.unknown_features import unknown_features
from hagane.models.warm_start import WarmStart
from hagane.models.wide_deep_graph import emit_of_terms, emit_terms, emit_wide_deep, owners_of_terms
from hagane.models.wide_deep_net import WideDeepNet, WidePart
from hagane.training.ftrl import Ftrl
from hagane.training.optimizers import INITIAL_ACCUMULATOR, optimizers_for
from hagane.training.task import Task
from hagane.training.training_job import Share


class WideDeepOptions(DnnOptions, frozen=True, kw_only=True):
    """Those of the dnn families are the deep part's; what begins with `linear_` is the linear part's."""

    wide_features: tuple[str, ...] | None = None
    """Of the linear part. null: categories and sparse features; all where there are none of these."""
    deep_features: tuple[str, ...] | None = None
    """Of the deep part. null: all."""
    linear_optimizer: Literal["ftrl", "adam", "adamw", "adagrad", "rmsprop", "sgd"] = "ftrl"
    linear_learn_rate: Annotated[float, msgspec.Meta(gt=0, le=10)] = 0.1
    linear_l1_reg: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    """FTRL's λ1: gives weights that are exactly 0."""
    linear_l2_reg: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    """FTRL's λ2."""

    def cross_faults(self) -> Sequence[Fault]:
        """Parts without features, and penalties that only FTRL has."""
        faults = [
            Fault(
                what=f"{name} names no feature", where=f"model.options.{name}", next_step="take a dnn, or leave it out"
            )
            for name in ("wide_features", "deep_features")
            if getattr(self, name) == ()
        ]
        for name in ("linear_l1_reg", "linear_l2_reg"):
            if getattr(self, name) and self.linear_optimizer != "ftrl":
                where, step = f"model.options.{name}", "take linear_optimizer: ftrl, or leave it out"
                faults.append(Fault(what=f"{self.linear_optimizer} has no {name}", where=where, next_step=step))
        return faults

    def feature_faults(self, features: Sequence[Feature], num_classes: int, num_labels: int = 1) -> Sequence[Fault]:
        """A fault for each name that no feature has."""
        faults = list(super().feature_faults(features, num_classes, num_labels))
        for option in ("wide_features", "deep_features"):
            faults += unknown_features(option, getattr(self, option) or (), features, "feature")
        return faults

    def wide(self, features: Sequence[Feature]) -> list[Feature]:
        """The linear part's, in the order of `features`."""
        if self.wide_features is None:
            return with_slots(features) or list(features)
        return [feature for feature in features if feature.name in self.wide_features]

    def deep(self, features: Sequence[Feature]) -> list[Feature]:
        """The deep part's, in the order of `features`."""
        return [each for each in features if self.deep_features is None or each.name in self.deep_features]


class WideDeepArguments(TaskArguments, frozen=True, kw_only=True):
    """Of this family."""

    options: WideDeepOptions


def fit_wide_deep(
    train: Encoded,
    evaluation: Encoded | None,
    options: WideDeepOptions,
    context: FitContext,
    *,
    family: str,
    target: Target,
) -> TorchModel:
    """Train both parts and keep the best state. The same seed gives the same bits on one machine."""
    if options.batch_norm:
        require_rows_to_normalise(train)
    shift = tuple(prior_shift(context.class_offsets, context.num_classes).tolist())
    begun = begin_net(make_wide_deep_net, options, target, shift, context,
                      carry=_carrying(options, context.features), last=lambda net: net.deep.layers[-1])  # fmt: skip
    target, given = begun.target, narrowed(options, WideDeepOptions)
    arguments = WideDeepArguments(options=given, target=target, seed=context.seed, shift=shift)
    threads = num_threads_for(options.deep(train.features), options, options.batch_rows(train.num_rows))
    trained = train_torch("hagane.models.dnn_linear_combined:make_task", arguments, Share(train, evaluation), options,
                          context, num_threads=threads, initial=begun.state)  # fmt: skip
    net = trained.module
    assert isinstance(net, WideDeepNet)
    left = torch_parameters(net.state_dict(), target, shift)
    fold_normalisation(net.deep)
    shift_output(net.deep.layers[-1], shift)
    net.eval()
    return TorchModel(
        family=family,
        module=net,
        target=target,
        emit_module=emit_wide_deep,
        importance=ablation_importance(net, train),
        curve=training_curve(trained.history, target.loss_unit),
        best_iteration=trained.history.best_iteration,
        parameters=left,
        explained=ExplainedModule(emit_terms, emit_of_terms, owners_of_terms),
    )


def _carrying(options: WideDeepOptions, features: Sequence[Feature]) -> Carry[WideDeepOptions]:
    """Both parts begin as the earlier ones: each over its own features."""

    def carry(earlier: WideDeepNet, net: WideDeepNet, start: WarmStart, before: WideDeepOptions) -> None:
        deep, wide = start.over(before.deep(start.features)), start.over(before.wide(start.features))
        carry_over(earlier.deep, net.deep, deep, options.deep(features))
        carry_wide(earlier.wide, net.wide, wide, options.wide(features))

    return carry


def make_task(arguments: dict[str, Any], share: Share) -> Task:
    """Both parts and their batches, in any process."""
    given = msgspec.convert(arguments, WideDeepArguments)
    return torch_task(
        make_wide_deep_net(share.train.features, given.options, given.target.num_outputs),
        share,
        given.options,
        given.target,
        seed=given.seed,
        shift=given.shift,
        make_optimizers=lambda placed: make_optimizers(placed, given.options),
        least_rows=2 if given.options.batch_norm else 1,
    )


def make_wide_deep_net(features: Sequence[Feature], options: WideDeepOptions, num_outputs: int) -> WideDeepNet:
    """An untrained model for these features."""
    wide, deep = options.wide(features), options.deep(features)
    by_kind = {kind: [feature for feature in features if feature.kind is kind] for kind in FeatureKind}

    def places(part: Sequence[Feature], kind: FeatureKind) -> list[int]:
        names = {feature.name for feature in part}
        return [place for place, feature in enumerate(by_kind[kind]) if feature.name in names]

    return WideDeepNet(
        WidePart(
            num_outputs,
            dense=places(wide, FeatureKind.DENSE),
            ids=places(wide, FeatureKind.ID),
            cardinalities=[f.cardinality for f in wide if f.kind is FeatureKind.ID],
            sparse=places(wide, FeatureKind.SPARSE),
            sparse_cardinalities=[f.cardinality for f in wide if f.kind is FeatureKind.SPARSE],
        ),
        make_net(deep, options, num_outputs),
        num_dense=len(by_kind[FeatureKind.DENSE]),
        num_ids=len(by_kind[FeatureKind.ID]),
        deep_dense=places(deep, FeatureKind.DENSE),
        deep_ids=places(deep, FeatureKind.ID),
        deep_sparse=places(deep, FeatureKind.SPARSE),
    )


def make_optimizers(net: nn.Module, options: WideDeepOptions) -> tuple[torch.optim.Optimizer, ...]:
    """The deep part's first."""
    assert isinstance(net, WideDeepNet)
    deep = optimizers_for(options.optimizer, net.deep, net.deep.large_tables, options.learn_rate)
    if options.linear_optimizer != "ftrl":
        rate = options.linear_learn_rate
        return (*deep, *optimizers_for(options.linear_optimizer, net.wide, net.wide.large_tables, rate))
    ftrl = Ftrl(
        net.wide.parameters(),
        lr=options.linear_learn_rate,
        beta=0.0,
        l1=options.linear_l1_reg,
        l2=options.linear_l2_reg,
        initial_accumulator=INITIAL_ACCUMULATOR,
    )
    return (*deep, ftrl)
