"""`replay_rows`: logged requests are asked again, and their features made again, both ways.

Training's features are made by `Encoder`, through dictionaries and part by part; those of a request by the bundle's one
graph. The export proved that they are bit-equal on training's rows; here it is seen on the traffic's. What is answered
must be what was answered: to the bit where the runtime is of the same build, within a tolerance where it is another.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hagane.bundle.bundle import Bundle
from hagane.bundle.prediction_columns import prediction_columns
from hagane.features.encoder import Encoder
from hagane.features.graph_ports import DENSE, IDS, sparse_outputs
from hagane.features.sparse_rows import SparseRows
from hagane.features.transform import Transform
from hagane.monitoring.window_replay import MOST_REQUESTS, TOLERANCE, WindowReplay
from hagane.runtime.runtime_build import runtime_build
from hagane.serving.request_log.file_metadata import logged_model
from hagane.workflow.batch_scorer import TRANSFORM_NAME
from hagane.workflow.logged_rows import LoggedRows
from hagane.workflow.replayed_rows import ReplayedRows, replayed_rows

Rows = npt.NDArray[np.bool_]


def replay_rows(rows: LoggedRows, most: int) -> WindowReplay:
    """At most `most` rows of a deployed model; a reason where none can be asked again."""
    bundle, reason = rows.bundle, _reason(rows)
    if bundle is None or reason:
        return WindowReplay(reason=reason)
    asked = replayed_rows(rows, most)
    if not asked.request_ids:
        return WindowReplay()
    features = _features_differ(bundle, asked)
    is_same = _builds(rows) <= {runtime_build()}
    answers, largest = _answers_differ(bundle, asked, 0.0 if is_same else TOLERANCE)
    differ = [asked.request_ids[place] for place in np.flatnonzero(features | answers)]
    return WindowReplay(
        num_rows=len(asked.request_ids),
        num_features_differ=int(features.sum()),
        num_answers_differ=int(answers.sum()),
        largest_difference=largest,
        is_same_build=is_same,
        request_ids=tuple(dict.fromkeys(differ))[:MOST_REQUESTS],
    )


def _reason(rows: LoggedRows) -> str:
    """Why they cannot be asked again."""
    if rows.model.sensitive:
        names = ", ".join(sorted(rows.model.sensitive))
        return f"the log holds no true values of {names}"
    if rows.bundle is None:
        return f"{rows.reference} is gone, or cannot be read"
    logged = {column.name: column.type for column in rows.signature.inputs}
    now = {column.name: column.type for column in rows.bundle.signature.inputs}
    if logged != now:
        names = ", ".join(sorted(name for name in logged | now if logged.get(name) != now.get(name)))
        return f"{rows.reference} reads other columns than when it answered: {names}"
    return ""


def _builds(rows: LoggedRows) -> set[str]:
    """Of the runtimes that answered; what does not say is not known to be another's."""
    models = [logged_model(file) for file in rows.files]
    own = {model.runtime for model in models if model.deployed_model_id == rows.model.deployed_model_id}
    return (own or {rows.model.runtime}) - {""}


def _features_differ(bundle: Bundle, asked: ReplayedRows) -> Rows:
    """[n]: rows of which any feature differs by a bit; nowhere where the bundle tells nothing of its features."""
    differ = np.zeros(len(asked.request_ids), np.bool_)
    if TRANSFORM_NAME not in bundle.manifest.files:
        return differ
    transform = Transform.from_json(bundle.document(TRANSFORM_NAME))
    trained, served = Encoder(transform).encode_batch(asked.batch), bundle.features(asked.columns)
    for name, array in ((DENSE, trained.dense), (IDS, trained.ids)):
        if name in served and array.shape[1]:
            differ |= _bits_differ(array, served[name])
    for index, sparse in enumerate(trained.sparse):
        tensors = [served[name] for name in sparse_outputs(index) if name in served]
        if tensors:
            found = SparseRows.from_entries(tensors[0], tensors[1], tensors[2], sparse.num_rows)
            differ |= np.array([not _same_row(sparse, found, row) for row in range(sparse.num_rows)], np.bool_)
    return differ


def _bits_differ(left: npt.NDArray[Any], right: npt.NDArray[Any]) -> Rows:
    """[n] of two [n, d]; NaN is NaN, whatever its bits."""
    if left.shape != right.shape or left.dtype != right.dtype:
        return np.ones(len(left), np.bool_)
    unsigned = {4: np.uint32, 8: np.uint64}[left.dtype.itemsize]
    differs = np.ascontiguousarray(left).view(unsigned) != np.ascontiguousarray(right).view(unsigned)
    if left.dtype.kind == "f":
        differs &= ~(np.isnan(left) & np.isnan(right))
    return np.asarray(differs.any(axis=1))


def _same_row(one: SparseRows, other: SparseRows, row: int) -> bool:
    mine, theirs = one.slice(row, row + 1), other.slice(row, row + 1)
    return np.array_equal(mine.ids, theirs.ids) and np.array_equal(mine.weights, theirs.weights)


def _answers_differ(bundle: Bundle, asked: ReplayedRows, tolerance: float) -> tuple[Rows, float]:
    """[n], and the largest difference of numbers."""
    again = prediction_columns(bundle.predict_columns(asked.columns))
    then = asked.answers
    if set(again) != set(then.schema.names):
        return np.ones(then.num_rows, np.bool_), math.inf
    differences = np.zeros(then.num_rows)
    is_other = np.zeros(then.num_rows, np.bool_)
    for name in then.schema.names:
        for place, pair in enumerate(zip(then.column(name).to_pylist(), again[name].to_pylist(), strict=True)):
            found = _difference(*pair)
            is_other[place] |= found > tolerance if tolerance else found > 0
            differences[place] = max(differences[place], found)
    finite = differences[np.isfinite(differences)]
    return is_other, float(finite.max(initial=0.0))


def _difference(then: Any, now: Any) -> float:
    """Relative of numbers, the largest of lists and structs; infinite between other values that differ."""
    if isinstance(then, float) and isinstance(now, float):
        if then == now or (math.isnan(then) and math.isnan(now)):
            return 0.0
        return abs(now - then) / max(1.0, abs(then))
    if isinstance(then, dict) and isinstance(now, dict) and then.keys() == now.keys():
        return _largest([(then[name], now[name]) for name in then])
    if isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        return _largest(list(zip(then, now, strict=True)))
    return 0.0 if then == now else math.inf


def _largest(pairs: Sequence[tuple[Any, Any]]) -> float:
    return max((_difference(*pair) for pair in pairs), default=0.0)
