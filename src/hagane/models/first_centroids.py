"""Where k-means begins: at rows drawn at random, or spread out (k-means++), or at those that a column marks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hagane.errors import Fault, TrainingError
from hagane.features.encoded import Encoded
from hagane.models.clusters import assign, cosine_distances, squared_distances
from hagane.models.design import DesignBlock
from hagane.models.family import FitContext
from hagane.models.feature_space import FeatureSpace
from hagane.models.training_data import weights_of

Floats = npt.NDArray[np.float64]
SAMPLE_ROWS = 50_000
"""Rows among which k-means++ spreads its centroids; of more rows so many are drawn."""
SAMPLE_ITERATIONS = 10
"""Of Lloyd's, on the sample, by which starts are held against each other."""


def marked_centroids(train: Encoded, space: FeatureSpace, num_clusters: int, column: str) -> Floats:
    """[k, w] the rows that the column marks, in their order. Raises TrainingError unless there are k."""
    found = []
    for number in range(train.num_blocks):
        marked = np.flatnonzero(train.columns(number)[-1])
        if len(marked):
            batch = train.take(marked + number * train.block_rows)
            found.append(_points(space.block(batch.dense, batch.ids, batch.sparse)))
    count = sum(map(len, found))
    if count != num_clusters:
        raise TrainingError(
            Fault(
                what=f"the column '{column}' does not mark as many rows as there are clusters",
                where="model.options.kmeans_init_col",
                expected=f"TRUE in {num_clusters:,} training rows",
                received=f"in {count:,}",
            )
        )
    return np.concatenate(found)


def random_centroids(train: Encoded, space: FeatureSpace, num_clusters: int, context: FitContext) -> Floats:
    """[k, w] so many rows, each as likely as any other."""
    random = np.random.default_rng(context.seed)
    rows = random.choice(train.num_rows, num_clusters, replace=False)
    batch = train.take(np.sort(rows))
    return _points(space.block(batch.dense, batch.ids, batch.sparse))


def spread_centroids(
    train: Encoded, space: FeatureSpace, num_clusters: int, context: FitContext, *, num_starts: int, is_cosine: bool
) -> Floats:
    """[k, w] of `num_starts` starts by k-means++ the one that a few iterations over a sample bring the furthest.

    Arthur and Vassilvitskii 2007, "k-means++: the advantages of careful seeding": each next centroid is a row drawn
    with the probability of its squared distance to those that are there.
    """
    random = np.random.default_rng(context.seed)
    size = min(train.num_rows, max(SAMPLE_ROWS, num_clusters))
    rows = np.sort(random.choice(train.num_rows, size, replace=False))
    batch = train.take(rows)
    weight = weights_of(batch)
    sample = space.block(batch.dense, batch.ids, batch.sparse)._replace(weight=weight)
    best, least = np.zeros((0, space.num_columns)), np.inf
    for _ in range(num_starts):
        centroids = _spread(sample, weight, num_clusters, random, is_cosine=is_cosine)
        if num_starts == 1:
            return centroids
        first = centroids
        for _ in range(SAMPLE_ITERATIONS):
            found = assign([sample], centroids, is_cosine=is_cosine)
            centroids = found.means(centroids)
        loss = assign([sample], centroids, is_cosine=is_cosine).loss
        if loss < least:
            best, least = first if size == train.num_rows else centroids, loss
    return best


def _spread(
    sample: DesignBlock, weight: Floats, num_clusters: int, random: np.random.Generator, *, is_cosine: bool
) -> Floats:
    found: list[Floats] = []
    chances = weight
    for _ in range(num_clusters):
        total = chances.sum()
        share = chances / total if total > 0 else np.full(len(weight), 1 / len(weight))
        row = int(random.choice(len(weight), p=share))
        point = _points(_row(sample, row))
        found.append(point[0])
        distances = _squares(sample, point, is_cosine=is_cosine) * weight
        chances = distances if len(found) == 1 else np.minimum(chances, distances)
    return np.stack(found)


def _squares(sample: DesignBlock, point: Floats, *, is_cosine: bool) -> Floats:
    """[n] to one point; of a cosine the distance, which is half the square of that between directions."""
    if is_cosine:
        return cosine_distances(sample, point)[:, 0]
    return squared_distances(sample, point, np.zeros(len(sample.label), np.int64))


def _row(block: DesignBlock, row: int) -> DesignBlock:
    rows = slice(row, row + 1)
    return DesignBlock(block.dense[rows], block.slots[rows], block.label[rows], None)


def _points(block: DesignBlock) -> Floats:
    return np.hstack([block.dense, block.slots.toarray()])
