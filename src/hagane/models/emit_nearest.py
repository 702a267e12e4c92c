"""`emit_nearest`: the centroids nearest to each point, as nodes.

Shapes: n rows, d dense columns, k centroids, m of them told.

Which are nearest is found by products, fast; the distances to these are then taken by differences, since those of
products lose their digits next to a centroid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hagane.features.emit import Emitter
from hagane.features.feature import FeatureKind
from hagane.features.graph_ports import SparsePort
from hagane.models.emit_products import emit_products
from hagane.models.feature_space import FeatureSpace
from hagane.models.sparse_graph import emit_entries, emit_square_sums

Floats = npt.NDArray[np.float64]


class NearestTensors(NamedTuple):
    """Names of tensors [n, m], the nearest first."""

    places: str
    """int64, from 0."""
    distances: str
    """float64."""


def emit_nearest(
    emitter: Emitter,
    space: FeatureSpace,
    centroids: Floats,
    *,
    numbers: str | None,
    ids: str | None,
    sparse: Sequence[SparsePort],
    most: int,
    is_cosine: bool,
) -> NearestTensors:
    """`centroids` [k, w]; of a cosine they have length 1."""
    products = emit_products(emitter, space, centroids.T.copy(), numbers=numbers, ids=ids, sparse=sparse)
    squares = _slot_squares(emitter, space, ids, sparse)
    every = products.dense or products.slots
    if products.dense and products.slots:
        every = emitter.node("Add", products.dense, products.slots)
    if is_cosine:
        cosines = emitter.node("Div", every, _lengths(emitter, numbers, squares))
        distances = emitter.node("Sub", emitter.constant(1.0, np.float64), cosines)
        low, high = emitter.constant(0.0, np.float64), emitter.constant(2.0, np.float64)
        return _ranked(emitter, emitter.node("Clip", distances, low, high), most)
    half = emitter.constant(0.5 * np.square(centroids).sum(axis=1)[None, :])
    chosen = _ranked(emitter, emitter.node("Sub", half, every), most).places
    points = _Points(numbers, products.slots, squares)
    exact = [
        _squared_distance(emitter, space, centroids, points, _column(emitter, chosen, place)) for place in range(most)
    ]
    squared = emitter.node("Concat", *exact, axis=1)
    again = _ranked(emitter, emitter.node("Max", squared, emitter.constant(0.0, np.float64)), most)
    places = emitter.node("GatherElements", chosen, again.places, axis=1)
    return NearestTensors(places, emitter.node("Sqrt", again.distances))


class _Points(NamedTuple):
    """Names of tensors; none, and '', for what there is no feature of."""

    numbers: str | None
    """[n, d]."""
    products: str
    """[n, k] of the slots with each centroid's."""
    squares: str
    """[n, 1] of the slots."""


def _squared_distance(emitter: Emitter, space: FeatureSpace, centroids: Floats, points: _Points, place: str) -> str:
    """[n, 1] from each row to the centroid of its `place` [n, 1]."""
    d = space.num_dense
    flat = emitter.node("Squeeze", place, emitter.constant([1], np.int64))
    axes = emitter.constant([1], np.int64)
    found = ""
    if points.numbers is not None:
        own = emitter.node("Gather", emitter.constant(np.ascontiguousarray(centroids[:, :d])), flat, axis=0)
        found = emitter.node("ReduceSumSquare", emitter.node("Sub", points.numbers, own), axes, keepdims=1)
    if points.squares:
        product = emitter.node("GatherElements", points.products, place, axis=1)
        own = emitter.node("Gather", emitter.constant(np.square(centroids[:, d:]).sum(axis=1)[:, None]), flat, axis=0)
        twice = emitter.node("Mul", product, emitter.constant(2.0, np.float64))
        part = emitter.node("Add", emitter.node("Sub", points.squares, twice), own)
        found = emitter.node("Add", found, part) if found else part
    return found


def _ranked(emitter: Emitter, distances: str, most: int) -> NearestTensors:
    """The least of each row; of equal ones the first."""
    count = emitter.constant([most], np.int64)
    values, places = emitter.nodes("TopK", distances, count, num_outputs=2, axis=1, largest=0, sorted=1)
    return NearestTensors(places, values)


def _column(emitter: Emitter, tensor: str, place: int) -> str:
    """[n, 1]."""
    first, end, axis = (emitter.constant([value], np.int64) for value in (place, place + 1, 1))
    return emitter.node("Slice", tensor, first, end, axis)


def _slot_squares(emitter: Emitter, space: FeatureSpace, ids: str | None, sparse: Sequence[SparsePort]) -> str:
    """[n, 1] the squared length of each row's slots."""
    offsets = space.offsets.tolist()
    num_ids = sum(feature.kind is FeatureKind.ID for feature in space.features)
    parts = []
    if ids is not None and num_ids:
        kept = emitter.constant(space.kept.astype(np.float64))
        slots = emitter.node("Add", ids, emitter.constant(np.array(offsets[:num_ids], np.int64)))
        there = emitter.node("Gather", kept, slots, axis=0)
        parts.append(emitter.node("ReduceSum", there, emitter.constant([1], np.int64), keepdims=1))
    if sparse:
        entries = emit_entries(emitter, sparse, offsets[num_ids:])
        parts.append(emit_square_sums(emitter, entries, space.kept.astype(np.float64)))
    found = parts[0] if parts else ""
    return emitter.node("Add", *parts) if len(parts) > 1 else found


def _lengths(emitter: Emitter, numbers: str | None, squares: str) -> str:
    """[n, 1] of the points; 1 of the origin."""
    found = squares
    if numbers is not None:
        own = emitter.node("ReduceSumSquare", numbers, emitter.constant([1], np.int64), keepdims=1)
        found = emitter.node("Add", own, squares) if squares else own
    length = emitter.node("Sqrt", found)
    positive = emitter.node("Greater", length, emitter.constant(0.0, np.float64))
    return emitter.node("Where", positive, length, emitter.constant(1.0, np.float64))
