"""`error_model_documents`: a small model of how far a regressor is off, fitted on its held-out rows.

Trees over the features and the answer itself, one model of the absolute and one of the squared error, so that what is
to be expected of other rows can be told before their labels come (`ExpectedRegression`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.features.emit import Emitter, element_type
from hagane.features.encode import EncodedSplits
from hagane.features.encoded import Encoded, EncodedWriter
from hagane.features.feature import Feature, FeatureKind
from hagane.features.graph_ports import DENSE, IDS
from hagane.features.label import LabelEncoding
from hagane.models.boosted_tree import boost_trees
from hagane.models.boosted_tree_options import BoostedTreeOptions
from hagane.models.family import FitContext, FittedModel
from hagane.models.tree_losses import TreeLoss
from hagane.models.tree_model import TreeModel
from hagane.monitoring.quality.expected_regression import (
    ABSOLUTE_ERROR,
    FACTS_NAME,
    GRAPH_NAME,
    PREDICTION,
    SQUARED_ERROR,
    ErrorModelFacts,
)
from hagane.progress import SILENT, Progress
from hagane.workflow.prepare import Prepared

Floats = npt.NDArray[np.float64]
FEWEST_ROWS, MOST_ROWS, MOST_VALUES = 200, 100_000, 20_000_000
EVERY = 4
"""Each fourth row is kept back, and says when the trees have grown enough."""
OPTIONS = BoostedTreeOptions(max_iterations=300, num_leaves=15, patience=25, subsample=1.0)
LOSS = TreeLoss({"objective": "poisson", "metric": "poisson"}, "exp")
"""Least at the mean, which it keeps above 0, and no slave to the few largest errors."""


class _HeldOut(NamedTuple):
    """Rows that the model had not seen."""

    dense: npt.NDArray[np.generic]
    """[n, d + 1]: the dense features, then the answer."""
    ids: npt.NDArray[np.int64]
    """[n, k]."""
    errors: Floats
    """[n] answer less label."""


def error_model_documents(
    prepared: Prepared, model: FittedModel, encoded: EncodedSplits, folder: Path, progress: Progress
) -> dict[str, bytes]:
    """The graph and the facts where `monitoring.quality.estimate` asks for them; else, and where it cannot be, none.

    A note says why not. Files are written to `folder`. Raises TrainingError.
    """
    monitoring, label = prepared.resolved.spec.monitoring, prepared.label
    if monitoring is None or not monitoring.quality.estimate:
        return {}
    if not isinstance(label, LabelEncoding) or label.task != "regression":
        progress.note("monitoring.quality.estimate: an error model is of a regressor of one label")
        return {}
    splits = [each for each in (encoded.test, encoded.eval) if each is not None]
    num_rows = sum(each.num_rows for each in splits)
    if num_rows < FEWEST_ROWS:
        told = f"an error model needs {FEWEST_ROWS} held-out rows, and there are {num_rows:,}"
        progress.note(f"monitoring.quality.estimate: {told}")
        return {}
    rows = _held_out(splits, model)
    if not rows.errors.any():
        progress.note("monitoring.quality.estimate: no held-out row is off, so there are no errors to learn from")
        return {}
    context = FitContext(
        features=_features(splits[0]), seed=prepared.resolved.spec.training.seed, memory=prepared.table.engine.memory
    )
    with progress.phase("error model", total=2, unit="models") as phase:
        fitted = []
        for name, target in ((ABSOLUTE_ERROR, np.abs(rows.errors)), (SQUARED_ERROR, rows.errors**2)):
            fitted.append(_fit(folder / name, rows, target, context, splits[0].header.dense_dtype))
            phase.advance(1)
    return {GRAPH_NAME: _graph(fitted, rows), FACTS_NAME: msgspec.json.encode(_facts(fitted, rows))}


class _Fitted(NamedTuple):
    """Trees, and what their answers are multiplied by: so that their mean is that of the errors."""

    trees: TreeModel
    scale: float

    def predict(self, rows: _HeldOut) -> Floats:
        return np.asarray(self.trees.predict(rows.dense, rows.ids), np.float64) * self.scale


def _held_out(splits: Sequence[Encoded], model: FittedModel) -> _HeldOut:
    """All held-out rows, or so many of them, evenly spread."""
    num_rows = sum(each.num_rows for each in splits)
    share = min(1.0, MOST_ROWS / num_rows, MOST_VALUES / (num_rows * max(1, splits[0].num_dense + splits[0].num_ids)))
    dense, ids, errors = [], [], []
    for each in splits:
        wanted = max(1, int(each.num_rows * share))
        batch = each.take(np.linspace(0, each.num_rows - 1, wanted).astype(np.int64))
        answers = np.asarray(model.predict(batch.dense, batch.ids, batch.sparse), np.float64)
        dense.append(np.column_stack([batch.dense, answers.astype(batch.dense.dtype)]))
        ids.append(batch.ids.astype(np.int64))
        errors.append(answers - batch.label.astype(np.float64))
    return _HeldOut(np.concatenate(dense), np.concatenate(ids), np.concatenate(errors))


def _features(encoded: Encoded) -> tuple[Feature, ...]:
    """The model's own but for sparse ones, and its answer behind those that are dense."""
    answer = Feature(name=PREDICTION, kind=FeatureKind.DENSE, columns=())
    by_kind = {kind: [each for each in encoded.features if each.kind is kind] for kind in FeatureKind}
    return (*by_kind[FeatureKind.DENSE], answer, *by_kind[FeatureKind.ID])


def _fit(folder: Path, rows: _HeldOut, target: Floats, context: FitContext, dense_dtype: str) -> _Fitted:
    unit = float(target.mean())
    kept = np.arange(len(target)) % EVERY == 0
    parts = []
    for name, chosen in (("train", ~kept), ("eval", kept)):
        writer = EncodedWriter(folder / name, context.features, dense_dtype=dense_dtype, label_dtype="float64")
        columns = [*rows.dense[chosen].T, *rows.ids[chosen].T, target[chosen] / unit]
        writer.append([np.ascontiguousarray(column) for column in columns])
        parts.append(writer.close())
    quiet = msgspec.structs.replace(context, progress=SILENT)
    train, evaluation = parts
    trees = boost_trees(train, evaluation, OPTIONS, quiet, family="error_model", loss=LOSS)
    found = np.asarray(trees.predict(rows.dense, rows.ids), np.float64)
    return _Fitted(trees, float(target.sum() / found.sum()))


def _facts(fitted: Sequence[_Fitted], rows: _HeldOut) -> ErrorModelFacts:
    absolute, squared = np.abs(rows.errors), rows.errors**2
    told = fitted[1].predict(rows)
    spreads = [float(each.std() / (each.mean() * np.sqrt(len(each)))) for each in (absolute, squared)]
    return ErrorModelFacts(
        num_rows=len(rows.errors),
        kurtosis=float((squared**2).sum() / (told**2).sum()),
        absolute_error=spreads[0],
        squared_error=spreads[1],
    )


def _graph(fitted: Sequence[_Fitted], rows: _HeldOut) -> bytes:
    """From `dense`, `ids` and `prediction` to both errors."""
    emitter, dtype = Emitter(), rows.dense.dtype
    num_dense, num_ids = rows.dense.shape[1] - 1, rows.ids.shape[1]
    answer = emitter.input(PREDICTION, np.float64, ("n", 1))
    dense = emitter.node("Cast", answer, to=element_type(dtype))
    if num_dense:
        own = emitter.input(DENSE, dtype, ("n", num_dense))
        dense = emitter.node("Concat", own, dense, axis=1, width=num_dense + 1)
    ids = emitter.input(IDS, np.int64, ("n", num_ids)) if num_ids else None
    for name, each in zip((ABSOLUTE_ERROR, SQUARED_ERROR), fitted, strict=True):
        raw = emitter.node("Cast", each.trees.emit(emitter, dense, ids), to=element_type(np.float64))
        emitter.output(name, emitter.node("Mul", raw, emitter.constant(each.scale, np.float64)), np.float64, ("n",))
    serialized: bytes = emitter.model().SerializeToString(deterministic=True)
    return serialized
