"""TabNet (Arik and Pfister, arXiv 1908.07442): what the classifier and the regressor share.

The network and its masks are in `tabnet_net`. Training is float32, prediction float64, for numbers and classes alike.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

import msgspec
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from hagane.errors import Fault
from hagane.features.emit import Emitter
from hagane.features.encoded import Encoded
from hagane.features.feature import Feature, FeatureKind
from hagane.features.graph_ports import SparsePort
from hagane.features.sparse_rows import SparseRows
from hagane.models.begin_net import begin_net
from hagane.models.dnn import shift_output
from hagane.models.embedded_features import EmbeddedFeatures
from hagane.models.embedding_options import EmbeddingOptions
from hagane.models.family import Array, FitContext
from hagane.models.features_graph import emit_columns
from hagane.models.options import narrowed
from hagane.models.prior_shift import prior_shift
from hagane.models.require_same_features import require_same_features
from hagane.models.tabnet_graph import emit_steps, emit_tabnet
from hagane.models.tabnet_net import TabNet, TabNetSettings
from hagane.models.target import Float, Target
from hagane.models.task_arguments import TaskArguments
from hagane.models.torch_model import ExplainedModule, TorchModel, as_inputs
from hagane.models.torch_parameters import torch_parameters
from hagane.models.torch_task import EVAL_ROWS, torch_task
from hagane.models.train_torch import train_torch, training_curve
from hagane.models.training_data import weights_of
from hagane.models.warm_start import WarmStart
from hagane.training.task import Loss, Task
from hagane.training.training_job import Share

RELATIVE_TOLERANCE = 1e-6

Units = Annotated[int, msgspec.Meta(ge=1, le=1024)]
Layers = Annotated[int, msgspec.Meta(ge=0, le=16)]


class TabNetOptions(EmbeddingOptions, frozen=True, kw_only=True):
    """Options of both tabnet families; the paper's names where it has one."""

    shaping: ClassVar[tuple[str, ...]] = (
        *("n_d", "n_a", "num_steps", "gamma", "num_shared", "num_independent"),
        *("embedding_dims", "max_embedding_dim"),
    )

    n_d: Units = 16
    """Width of what a step decides, N_d."""
    n_a: Units = 16
    """Width of what a step tells the next one's mask, N_a."""
    num_steps: Annotated[int, msgspec.Meta(ge=1, le=32)] = 3
    """N_steps."""
    gamma: Annotated[float, msgspec.Meta(ge=1, le=10)] = 1.3
    """γ: from 1 (a feature is used in one step) upwards (in many)."""
    sparsity_reg: Annotated[float, msgspec.Meta(ge=0)] = 1e-4
    """λ_sparse: what the entropy of the masks costs."""
    num_shared: Layers = 2
    """GLU blocks of each step whose layers all steps share."""
    num_independent: Layers = 2
    """GLU blocks of each step's own."""
    virtual_batch_size: Annotated[int, msgspec.Meta(ge=2, le=1_000_000)] = 128
    """B_v: rows that are normalised together."""
    batch_norm_momentum: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.05
    """m_B: the share of a part's moments in the running ones."""
    optimizer: Literal["adam", "adamw", "adagrad", "rmsprop", "sgd"] = "adam"
    learn_rate: Annotated[float, msgspec.Meta(gt=0, le=10)] = 0.02
    max_iterations: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 50
    patience: Annotated[int, msgspec.Meta(ge=1)] = 10
    max_embedding_dim: Annotated[int, msgspec.Meta(ge=1, le=4096)] = 8

    def cross_faults(self) -> Sequence[Fault]:
        """A transformer has at least one block."""
        if self.num_shared + self.num_independent:
            return ()
        return [Fault(what="a step needs a GLU block", where="model.options.num_independent",
                      expected="num_shared + num_independent >= 1")]  # fmt: skip

    def batch_rows(self, num_rows: int) -> int:
        """Rows of a step of `num_rows` training rows: more than a dnn's, as each step is much work for few numbers.

        >>> [TabNetOptions().batch_rows(rows) for rows in (10, 30_000, 5_000_000)]
        [128, 1024, 4096]
        """
        return self.batch_size or min(4096, max(128, 2 ** round(math.log2(max(num_rows, 1) / 32))))

    @property
    def settings(self) -> TabNetSettings:
        """The network's own."""
        return TabNetSettings(
            n_d=self.n_d,
            n_a=self.n_a,
            num_steps=self.num_steps,
            gamma=self.gamma,
            num_shared=self.num_shared,
            num_independent=self.num_independent,
            virtual_batch_size=self.virtual_batch_size,
            batch_norm_momentum=self.batch_norm_momentum,
        )


class TabNetArguments(TaskArguments, frozen=True, kw_only=True):
    """Of this family."""

    options: TabNetOptions


class TabNetModel(TorchModel):
    """A fitted TabNet. Its masks say of each row which features it looked at."""

    def feature_masks(
        self, dense: Array | None, ids: Array | None, sparse: Sequence[SparseRows] = ()
    ) -> npt.NDArray[np.float64]:
        """[n, f] by torch: M_agg of the paper's §3.6, rows of sum 1, for features as `predict` takes them."""
        with torch.no_grad():
            masks: npt.NDArray[np.float64] = self.module.explained(*self.inputs(dense, ids, sparse)).masks.numpy()
        return masks

    def emit_feature_masks(
        self, emitter: Emitter, dense: str | None, ids: str | None, sparse: Sequence[SparsePort] = ()
    ) -> str:
        """The same as a tensor of the graph, from nodes that the prediction has anyway."""
        return emit_tabnet(emitter, self.module, dense, ids, sparse).masks


def fit_tabnet(
    train: Encoded,
    evaluation: Encoded | None,
    options: TabNetOptions,
    context: FitContext,
    *,
    family: str,
    target: Target,
) -> TabNetModel:
    """Train a `TabNet` and keep its best state. The same seed gives the same bits on one machine."""
    shift = tuple(prior_shift(context.class_offsets, context.num_classes).tolist())
    begun = begin_net(make_tabnet, options, target, shift, context,
                      carry=lambda earlier, net, start, _: _carry(earlier, net, start, context.features),
                      last=lambda net: net.last)  # fmt: skip
    target = begun.target
    arguments = TabNetArguments(options=narrowed(options, TabNetOptions), target=target, seed=context.seed, shift=shift)
    trained = train_torch("hagane.models.tabnet:make_task", arguments, Share(train, evaluation), options, context,
                          num_threads=1, initial=begun.state)  # fmt: skip
    net = trained.module
    assert isinstance(net, TabNet)
    left = torch_parameters(net.state_dict(), target, shift)
    shift_output(net.last, shift)
    net.eval()
    return TabNetModel(
        family=family,
        module=net,
        target=target,
        emit_module=_emit_output,
        importance=mean_masks(net.double(), train),
        curve=training_curve(trained.history, target.loss_unit),
        best_iteration=trained.history.best_iteration,
        parameters=left,
        computes_in=np.float64,
        explained=ExplainedModule(_emit_columns, _emit_of_columns, lambda net: net.features.feature_of_column),
    )


def _carry(earlier: TabNet, net: TabNet, start: WarmStart, features: Sequence[Feature]) -> None:
    """The whole state: a mask is shared out among all features, so that one more would take from the others."""
    require_same_features(start, features, "a mask is shared out among all of them")
    net.load_state_dict(earlier.state_dict())


def make_task(arguments: dict[str, Any], share: Share) -> Task:
    """The network and its batches, in any process."""
    given = msgspec.convert(arguments, TabNetArguments)
    return torch_task(
        make_tabnet(share.train.features, given.options, given.target.num_outputs),
        share,
        given.options,
        given.target,
        seed=given.seed,
        shift=given.shift,
        large_tables=_large_tables,
        training_loss=with_sparsity(given.target.losses, given.options.sparsity_reg),
        least_rows=2,
    )


def make_tabnet(features: Sequence[Feature], options: TabNetOptions, num_outputs: int) -> TabNet:
    """An untrained network for these features."""
    widths, sparse_widths = options.widths(features)
    embedded = EmbeddedFeatures(
        sum(feature.kind is FeatureKind.DENSE for feature in features),
        [feature.cardinality for feature in features if feature.kind is FeatureKind.ID],
        widths,
        sparse_cardinalities=[f.cardinality for f in features if f.kind is FeatureKind.SPARSE],
        sparse_widths=sparse_widths,
    )
    return TabNet(embedded, num_outputs, options.settings)


def with_sparsity(losses: Loss, sparsity_reg: float) -> Loss:
    """`losses` of an output whose last column is the sparsity, which moves the weights but is not told as loss."""

    def training_loss(output: Tensor, label: Tensor) -> Tensor:
        sparsity = output[:, -1]
        return losses(output[:, :-1], label) + sparsity_reg * (sparsity - sparsity.detach())

    return training_loss


def mean_masks(net: TabNet, train: Encoded) -> Mapping[str, float]:
    """By feature name: its share of the masks, weighted mean over the training rows."""
    total = np.zeros(len(train.features))
    for start in range(0, train.num_rows, EVAL_ROWS):
        batch = train.window([(start, min(start + EVAL_ROWS, train.num_rows))]).batch()
        with torch.no_grad():
            masks = net.explained(*as_inputs(batch.dense, batch.ids, batch.sparse, np.float64)).masks.numpy()
        total += weights_of(batch) @ masks
    shares = total / max(total.sum(), 1e-300)
    return {feature.name: float(share) for feature, share in zip(train.features, shares, strict=True)}


def _emit_output(
    emitter: Emitter, net: TabNet, dense: str | None, ids: str | None, sparse: Sequence[SparsePort], *, dtype: Float
) -> str:
    return emit_tabnet(emitter, net, dense, ids, sparse).output


def _emit_columns(
    emitter: Emitter, net: TabNet, dense: str | None, ids: str | None, sparse: Sequence[SparsePort], *, dtype: Float
) -> str:
    return emit_columns(emitter, net.features, dense, ids, sparse, dtype=dtype)


def _emit_of_columns(emitter: Emitter, net: TabNet, columns: str) -> str:
    return emit_steps(emitter, net, columns).output


def _large_tables(net: nn.Module) -> list[nn.Parameter]:
    assert isinstance(net, TabNet)
    return net.large_tables
