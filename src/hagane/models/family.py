"""What a model family is: one file of `hagane.models` holds one, and `FAMILIES` in the package names it.

A family declares its options, fits on encoded features, and emits its own ONNX graph from `dense`, `ids` and the sparse
features' tensors to `scores` (`features.graph_ports`). Everything a family learns is in `FittedModel`; nothing is kept
on the family.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.bundle.output_column import OutputColumn
from hagane.features.emit import Emitter
from hagane.features.encoded import Encoded
from hagane.features.feature import Feature
from hagane.features.graph_ports import SparsePort
from hagane.features.sparse_rows import SparseRows
from hagane.memory_budget import MemoryBudget
from hagane.models.warm_start import WarmStart
from hagane.progress import SILENT, Progress
from hagane.spec.spec import Training
from hagane.training.preemption import Preemption
from hagane.training.time_limit import TimeLimit

Array = npt.NDArray[np.generic]


class Task(enum.StrEnum):
    """What a family does with rows.

    >>> Task.REGRESSION.has_label, Task.CLUSTERING.has_label
    (True, False)
    """

    CLASSIFICATION = "classification"
    REGRESSION = "regression"
    CLUSTERING = "clustering"
    DIMENSIONALITY_REDUCTION = "dimensionality_reduction"
    PREPROCESSING = "preprocessing"

    @property
    def has_label(self) -> bool:
        """Whether a label is predicted. Where not, a spec names none."""
        return self in (Task.CLASSIFICATION, Task.REGRESSION)


class ClusterInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One cluster after an iteration of k-means."""

    centroid_id: int
    """From 1."""
    cluster_radius: float
    """Root mean squared distance of its rows to its centroid, of features as they are clustered."""
    cluster_size: float
    """Rows, weighted as they are."""


class Iteration(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `training_info` (ML.TRAINING_INFO's columns). Losses are means over rows, weighted as the rows are."""

    iteration: int
    training_run: int = 0
    """Of an ensemble: of which of its models, counted from 0; the last is the ensemble itself."""
    loss: float
    eval_loss: float | None = None
    metric: float | None = None
    """Of the eval rows, where an `eval_metric` was asked for; None, too, where it is undefined for them."""
    learning_rate: float | None = None
    duration_ms: float = 0.0
    cluster_info: tuple[ClusterInfo, ...] = ()
    """Of k-means: its clusters."""


class FitContext(msgspec.Struct, frozen=True, kw_only=True):
    """What a fit is given besides data and options."""

    features: tuple[Feature, ...]
    """Dense features first, then id features, then sparse ones, each in the encoded order."""
    num_classes: int = 0
    """Classes of the label for classification (labels are 0 … num_classes - 1), 0 for all else."""
    num_labels: int = 1
    """Labels that are predicted at once; of several each has two classes, or none."""
    label_names: tuple[str, ...] = ("",)
    """[num_labels] what they are called."""
    class_offsets: tuple[float, ...] = ()
    """[c] ln(rows / rows kept) of each class that was thinned out in train alone, 0 of the others; () for none.

    A family that `corrects_prior` is given them and adds them to its raw scores; others are given weights."""
    seed: int = 42
    num_threads: int = 0
    """0: all cores."""
    progress: Progress = SILENT
    memory: MemoryBudget = msgspec.field(default_factory=MemoryBudget.of)
    """What rows in work may take, beside the model."""
    checkpoints: Path | None = None
    """Where an iterative fit saves its state, and finds what an earlier process left there of this very fit."""
    keeps_last: bool = False
    """Whether the state after the last iteration is saved, too, for a fit that may take more of them to go on from."""
    preemption: Preemption | None = None
    """A notice to end after the step that runs."""
    time_limit: TimeLimit | None = None
    """When to end with what there is: heard by boosted trees alone, whose first rounds are those of any number."""
    training: Training = Training()
    """Device, precision and strategy of networks; how often the state is saved."""
    warm_start: WarmStart | None = None
    """What to begin with instead of fresh parameters: an earlier fit of this family that `HasParameters`."""


class FittedModel(Protocol):
    """One family's result."""

    family: str
    curve: tuple[Iteration, ...]
    best_iteration: int
    """The iteration whose state was kept."""

    def predict(self, dense: Array | None, ids: Array | None, sparse: Sequence[SparseRows] = ()) -> Array:
        """Scores of the training path (torch, LightGBM, numpy): [n] or [n, c]; of several labels [n, k] or [n, k, 2].

        Of a model without a label [n, m]: what its output columns follow from.

        For dense features [n, d], ids [n, k] and one `SparseRows` a sparse feature. The verifier's oracle.
        """

    def emit(self, emitter: Emitter, dense: str | None, ids: str | None, sparse: Sequence[SparsePort] = ()) -> str:
        """Add the model's nodes behind the named tensors; the name of the `scores` tensor."""

    def importance(self) -> Mapping[str, float]:
        """How much each feature matters, by its name (gain, |standardised weight|, …); empty if unknown."""


@runtime_checkable
class HasParameters(Protocol):
    """A `FittedModel` from which a later fit of its family can go on (`FitContext.warm_start`)."""

    def parameters(self) -> Mapping[str, bytes]:
        """All that a later fit begins with: file name → content, the names beginning with `parameters.`.

        They travel in the bundle (and serving reads none of them), so: no pickle, and no more than is needed. A fit
        that begins with them begins with the very function that this model is, to rounding.
        """


@runtime_checkable
class SinglePrecisionModel(Protocol):
    """A fitted model whose scores are float32 times a unit of the label's."""

    @property
    def score_unit(self) -> float | npt.NDArray[np.float64]:
        """By how much less than this two scores differ cannot be told: differences are relative to it, too. By label
        where there are several."""


@runtime_checkable
class FeatureMaskModel(Protocol):
    """A fitted model that says of each row which features it looked at."""

    def emit_feature_masks(
        self, emitter: Emitter, dense: str | None, ids: str | None, sparse: Sequence[SparsePort] = ()
    ) -> str:
        """[n, f] float64, beside the nodes of `emit`: each feature's share, in the features' order."""


class EmittedOutputs(NamedTuple):
    """Names of tensors."""

    scores: str
    """[n, m] f64: what `FittedModel.predict` gives."""
    columns: Mapping[str, str]
    """Graph output (`OutputColumn.tensors`) → the tensor that holds it."""


@runtime_checkable
class OutputModel(Protocol):
    """A fitted model without a label: it answers columns under names of its own."""

    @property
    def output_columns(self) -> tuple[OutputColumn, ...]:
        """What it answers."""

    def emit_outputs(
        self, emitter: Emitter, dense: str | None, ids: str | None, sparse: Sequence[SparsePort] = ()
    ) -> EmittedOutputs:
        """As `emit`, and what follows from the scores."""


class Family(Protocol):
    """One model family."""

    name: str
    """BigQuery ML's `model_type` in lower case: `boosted_tree_classifier`."""
    task: Task
    Options: type[msgspec.Struct]
    """Frozen Struct of the options with defaults; checked when made."""
    dense_dtype: type[np.float32] | type[np.float64]
    """What `dense` must be: float64 for families that solve in closed form, else float32."""
    accepts_missing: bool
    """Whether NaN may stand in `dense` (trees). Where not, the transform answers numbers only."""
    scales: bool
    """Whether automatic preprocessing standardises numbers for it (not for trees)."""
    corrects_prior: bool
    """Whether rows left out of a class (`downsample`) are made up for by its log odds (`FitContext.class_offsets`), not
    by the weight of those kept. Right for families that can follow any shape of the log odds, and of less variance; a
    linear model, whose shape is a compromise, makes another compromise on other shares of the classes."""
    relative_tolerance: float
    """By how much `predict` and the emitted graph may differ, relative to max(1, |score|, the model's score unit)."""

    def fit(
        self, train: Encoded, evaluation: Encoded | None, options: msgspec.Struct, context: FitContext
    ) -> FittedModel:
        """Fit on `train`, watching `evaluation` for early stopping. Raises TrainingError.

        Of a family without a label `Encoded` has marks in a label's place (`features.no_label`).
        """


@runtime_checkable
class RestorableFamily(Protocol):
    """A family whose fitted model can be made again from what it left in its bundle (`HasParameters`)."""

    def restore(self, parameters: Mapping[str, bytes], features: tuple[Feature, ...]) -> FittedModel:
        """The model; `features` are the bundle's, in their encoded order. Raises BundleError for what is damaged."""


def score_unit(model: object) -> float | npt.NDArray[np.float64]:
    """What a model's scores are rounded relative to, at least 1."""
    return np.maximum(1.0, model.score_unit) if isinstance(model, SinglePrecisionModel) else 1.0
