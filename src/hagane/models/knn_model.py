"""`KnnModel`: the kept rows, and how their labels answer for a row.

Shapes: n rows, P points, d numbers, k categories, K neighbours, c classes.

In the graph a row goes through the points by itself (`Scan`): the memory of a batch does not grow with their product.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import onnx

from hagane.features.emit import Emitter, element_type
from hagane.features.emit_row_totals import emit_row_totals
from hagane.features.graph_ports import SparsePort
from hagane.features.sparse_rows import SparseRows
from hagane.models.family import Array, Iteration
from hagane.models.knn_options import KnnOptions
from hagane.models.knn_points import KnnPoints

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
CHUNK_NUMBERS = 1 << 22
"""Distances that are worked on at once: 32 MiB."""


class KnnModel:
    """Answers the weighted mean label of the nearest points, or the shares of their classes."""

    best_iteration = 1

    def __init__(
        self, points: KnnPoints, options: KnnOptions, *, family: str, num_classes: int, feature_names: Sequence[str]
    ) -> None:
        """`num_classes` is 0 for a number."""
        self.family = family
        self.points = points
        self.curve: tuple[Iteration, ...] = ()
        self.moved: Sequence[float] = [0.0] * len(feature_names)
        """How far the answer moves without each feature."""
        self._names = tuple(feature_names)
        self._most = min(options.num_neighbors, len(points.label))
        self._by_distance = options.neighbor_weights == "distance"
        self._num_classes = num_classes

    def predict(self, dense: Array | None, ids: Array | None, sparse: Sequence[SparseRows] = ()) -> Array:
        """Scores [n] or [n, c] in float64, for dense [n, d] and ids [n, k]."""
        del sparse
        parts = [
            self._answer(*self.points.nearest(numbers, slots, self._most))
            for numbers, slots in self._chunks(dense, ids)
        ]
        return np.concatenate(parts)

    def predict_apart(self, places: Ints) -> Array:
        """The scores of kept rows, each from the others alone."""
        points, found = self.points, []
        size = max(1, CHUNK_NUMBERS // len(points.label))
        for start in range(0, len(places), size):
            own = places[start : start + size]
            near, at = points.nearest(points.numbers[own], points.ids[own], self._most + 1)
            is_other = at != own[:, None]
            is_other[is_other.all(axis=1), -1] = False
            shape = (len(own), -1)
            found.append(self._answer(near[is_other].reshape(shape), at[is_other].reshape(shape)))
        return np.concatenate(found)

    def importance(self) -> Mapping[str, float]:
        """How far the answer moves when a feature has one value throughout (root mean square)."""
        return {name: float(moved) for name, moved in zip(self._names, self.moved, strict=True)}

    def emit(self, emitter: Emitter, dense: str | None, ids: str | None, sparse: Sequence[SparsePort] = ()) -> str:
        """Add the nodes; scores in float64."""
        del sparse
        points = self.points
        rows = []
        if dense is not None and points.numbers.shape[1]:
            rows.append(_emit_place(emitter, points, dense))
        has_numbers = bool(rows)
        if ids is not None and points.ids.shape[1]:
            rows.append(ids)
        body, captured = self._body(emitter, has_numbers=has_numbers, has_ids=len(rows) > has_numbers)
        near, at = emitter.nodes("Scan", *rows, num_outputs=2, body=body, num_scan_inputs=len(rows), captured=captured)
        return self._emit_answer(emitter, near, at)

    def _body(self, outer: Emitter, *, has_numbers: bool, has_ids: bool) -> tuple[onnx.AttributeProto, tuple[str, ...]]:
        """The graph of one row: its squared distances from all points, the nearest K of them and their places."""
        points, inner, captured = self.points, Emitter("knn."), []
        terms = []
        if has_numbers:
            d = points.numbers.shape[1]
            row = inner.node("Reshape", inner.input("knn.numbers", np.float64, (d,)), inner.constant([1, d], np.int64))
            # whole numbers below 2^24: float32 holds them
            kept = outer.node("Cast", outer.constant(points.numbers.T.astype(np.float32)), to=_DOUBLE)
            norms = outer.constant(np.square(points.numbers).sum(axis=1))
            captured += [kept, norms]
            own = inner.node("MatMul", row, inner.node("Transpose", row, perm=[1, 0]))
            # [1, d] by [d, P]: ONNX Runtime takes sixty times as long for [P, d] by [d]
            twice = inner.node("Mul", inner.node("MatMul", row, kept), inner.constant(np.float64(-2)))
            terms.append(inner.node("Add", inner.node("Add", norms, twice), own))
        if has_ids:
            k = points.ids.shape[1]
            row = inner.node("Reshape", inner.input("knn.ids", np.int64, (k,)), inner.constant([k, 1], np.int64))
            slots = outer.node("Cast", outer.constant(points.ids.T.astype(np.int32)), to=element_type(np.int64))
            captured.append(slots)
            is_other = inner.node("Cast", inner.node("Not", inner.node("Equal", slots, row)), to=_DOUBLE)
            terms.append(inner.node("MatMul", inner.constant(np.full((1, k), points.grid.apart)), is_other))
        total = terms[0] if len(terms) == 1 else inner.node("Add", *terms)
        count = inner.constant([self._most], np.int64)
        near, at = inner.nodes("TopK", total, count, num_outputs=2, largest=0, sorted=1)
        flat = inner.constant([-1], np.int64)
        inner.output("knn.near", inner.node("Reshape", near, flat), np.float64, (self._most,))
        inner.output("knn.at", inner.node("Reshape", at, flat), np.int64, (self._most,))
        return onnx.helper.make_attribute("body", inner.model().graph), tuple(captured)

    def _emit_answer(self, emitter: Emitter, near: str, at: str) -> str:
        """What `_answer` computes."""
        points = self.points
        weights = emitter.node("Gather", emitter.constant(points.weight), at, axis=0, width=self._most)
        if self._by_distance:
            zero, one = emitter.constant(np.float64(0)), emitter.constant(np.float64(1))
            is_here = emitter.node("Cast", emitter.node("Equal", near, zero), to=_DOUBLE)
            reciprocal = emitter.node("Div", one, emitter.node("Sqrt", emitter.node("Max", near, one)))
            any_here = emitter.node("ReduceMax", is_here, emitter.constant([1], np.int64), keepdims=1)
            nearness = emitter.node("Where", emitter.node("Equal", any_here, one), is_here, reciprocal)
            weights = emitter.node("Mul", weights, nearness)
        label = emitter.node("Gather", emitter.constant(points.label), at, axis=0, width=self._most)
        total = emit_row_totals(emitter, weights)
        if not self._num_classes:
            added = emit_row_totals(emitter, emitter.node("Mul", weights, label))
            return emitter.node("Reshape", emitter.node("Div", added, total), emitter.constant([-1], np.int64))
        classes = emitter.constant(np.arange(self._num_classes, dtype=np.float64))
        last = emitter.constant([2], np.int64)
        votes = emitter.node("Equal", emitter.node("Unsqueeze", label, last), classes)
        said = emitter.node("Mul", emitter.node("Cast", votes, to=_DOUBLE), emitter.node("Unsqueeze", weights, last))
        shares = emitter.node("ReduceSum", said, emitter.constant([1], np.int64), keepdims=0)
        return emitter.node("Div", shares, total)

    def _answer(self, near: Floats, at: Ints) -> Floats:
        """[n] or [n, c] from squared distances [n, K] and places."""
        weights = self.points.weight[at]
        if self._by_distance:
            is_here = near == 0
            reciprocal = 1 / np.sqrt(np.maximum(near, 1.0))
            weights = weights * np.where(is_here.any(axis=1, keepdims=True), is_here, reciprocal)
        label, total = self.points.label[at], weights.cumsum(axis=1)[:, -1:]
        if not self._num_classes:
            found: Floats = (weights * label).cumsum(axis=1)[:, -1] / total[:, 0]
            return found
        votes = label[:, :, None] == np.arange(self._num_classes)
        shares: Floats = (votes * weights[:, :, None]).sum(axis=1) / total
        return shares

    def _chunks(self, dense: Array | None, ids: Array | None) -> list[tuple[Floats, Ints]]:
        """Rows on the grid, so many at a time that their distances stay small."""
        given = dense if dense is not None else ids
        assert given is not None
        n, size = len(given), max(1, CHUNK_NUMBERS // len(self.points.label))
        numbers = np.zeros((n, 0)) if dense is None else self.points.grid.place(dense)
        slots = np.zeros((n, 0), np.int64) if ids is None else np.asarray(ids, np.int64)
        return [(numbers[start : start + size], slots[start : start + size]) for start in range(0, max(n, 1), size)]


def _emit_place(emitter: Emitter, points: KnnPoints, dense: str) -> str:
    """[n, d] on the grid."""
    grid = points.grid
    wide = emitter.node("Cast", dense, to=_DOUBLE)
    scaled = emitter.node(
        "Mul", emitter.node("Sub", wide, emitter.constant(grid.centre)), emitter.constant(grid.factor)
    )
    limits = (emitter.constant(np.float64(sign * grid.limit)) for sign in (-1, 1))
    return emitter.node("Clip", emitter.node("Round", scaled), *limits)


_DOUBLE = element_type(np.float64)
