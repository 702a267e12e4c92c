"""`Moments`: weighted sums over the rows of a design, from which least squares is solved and a solver's axes scaled."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from hagane.models.design import Design, DesignBlock
from hagane.models.pair_tables import PairTables

Floats = npt.NDArray[np.float64]


class Moments(msgspec.Struct, frozen=True):
    """Weighted sums: `sums` and `squares` [w] of the columns, `target` [w] = Xᵀ(y − level), `label_sum` of y − level,
    `label_squares` of (y − level)², `total` of the weights, `gram` [w, w] or None where too wide."""

    sums: Floats
    squares: Floats
    target: Floats
    label_sum: float
    label_squares: float
    total: float
    gram: Floats | None

    def centred_gram(self, *, fit_intercept: bool = True) -> Floats:
        """[w, w] as if every column had mean 0, which is what an intercept comes to."""
        assert self.gram is not None
        return self.gram - np.outer(self.sums, self.sums) / self.total if fit_intercept else self.gram

    def centred_target(self, *, fit_intercept: bool = True) -> Floats:
        """[w] the same for the products with the label."""
        return self.target - self.sums * (self.label_sum / self.total) if fit_intercept else self.target

    def label_variation(self, *, fit_intercept: bool = True) -> float:
        """Σ weight · (y − mean)², or y² without an intercept."""
        return self.label_squares - (self.label_sum**2 / self.total if fit_intercept else 0.0)


def measure_moments(design: Design, level: float, *, with_gram: bool) -> Moments:
    """One pass over the rows."""
    w, d = design.num_columns, design.num_dense
    sums, squares, target = np.zeros(w), np.zeros(w), np.zeros(w)
    label_sum, label_squares, total = 0.0, 0.0, 0.0
    gram = np.zeros((w, w)) if with_gram else None
    is_counted = not design.encoded.num_sparse and design.num_slots
    tables = PairTables(gram[d:, d:], design.offsets) if gram is not None and is_counted else None
    for block in design.blocks():
        residual = block.weighted(block.label - level)
        label_sum += float(residual.sum())
        label_squares += float(residual @ (block.label - level))
        total += block.total_weight
        sums += block.sums()
        target += block.transposed_times(residual)
        if gram is None:
            squares += block.squares()
        else:
            _add_gram(gram, block, tables)
    if gram is not None:
        if tables is not None:
            tables.close()
        gram[:d, d:] = gram[d:, :d].T
        squares = np.diag(gram).copy()
    return Moments(sums, squares, target, label_sum, label_squares, total, gram)


def _add_gram(gram: Floats, block: DesignBlock, tables: PairTables | None) -> None:
    """Add Xᵀ G X of the rows, all but the upper right part, which mirrors the lower left one."""
    d = block.dense.shape[1]
    weighted, slots = block.weighted(block.dense), block.slots
    gram[:d, :d] += block.dense.T @ weighted
    if gram.shape[0] == d:
        return
    gram[d:, :d] += slots.T @ weighted
    if tables is not None:
        tables.add(block)
        return
    scaled = slots if block.weight is None else sp.diags_array(block.weight) @ slots
    product = (slots.T @ scaled).tocoo()
    gram[d + product.row, d + product.col] += product.data
