"""TRANSFORM_ONLY: a model that is its features: what training learns of columns, as a bundle of its own.

Its graph answers each feature as SQL has it (`emit_transform_columns`): nothing is fitted behind them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from hagane.features.emit import Emitter
from hagane.features.encoded import Encoded
from hagane.features.graph_ports import SparsePort
from hagane.features.sparse_rows import SparseRows
from hagane.models.family import Array, FitContext, Iteration, Task
from hagane.models.options import FamilyOptions
from hagane.models.training_data import require_rows_and_features


class TransformOnlyOptions(FamilyOptions, frozen=True, kw_only=True):
    """`transform_only` has no options."""


class TransformOnlyModel:
    """Nothing but features: it has no scores."""

    family = "transform_only"
    curve: tuple[Iteration, ...] = ()
    best_iteration = 0

    def predict(self, dense: Array | None, ids: Array | None, sparse: Sequence[SparseRows] = ()) -> Array:
        """[n, 0]."""
        given = next(each for each in (dense, ids) if each is not None)
        return np.zeros((len(given), 0))

    def emit(self, emitter: Emitter, dense: str | None, ids: str | None, sparse: Sequence[SparsePort] = ()) -> str:
        """Raises NotImplementedError: what it answers comes of the columns, not of the features."""
        raise NotImplementedError

    def importance(self) -> Mapping[str, float]:
        """Unknown: nothing looks at them."""
        return {}


class TransformOnly:
    """The transform alone."""

    name = "transform_only"
    task = Task.PREPROCESSING
    Options = TransformOnlyOptions
    dense_dtype = np.float64
    accepts_missing = True
    scales = False
    corrects_prior = False
    relative_tolerance = 1e-12

    def fit(
        self, train: Encoded, evaluation: Encoded | None, options: msgspec.Struct, context: FitContext
    ) -> TransformOnlyModel:
        """Nothing to do. Raises TrainingError where there are no rows to have learned from."""
        require_rows_and_features(train)
        return TransformOnlyModel()
