"""`correlation_ratios`: how much of numbers' variance the groups of their rows explain."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def correlation_ratios(codes: npt.NDArray[np.int64], values: Floats) -> tuple[Floats, Floats]:
    """The correlation ratio η of every column of `values` [n, d] by group, and the rows used: [d] each.

    η² is the share of the variance between the groups (Fisher 1925), less what as many groups explain by chance:
    1 - (1 - η²)(n - 1)/(n - k) (Kelley, An unbiased correlation ratio measure, 1935), at least 0. Rows with a code
    below 0 or a NaN are left out. NaN where it is undefined: one group, as many groups as rows, or a constant column.

    >>> codes, values = np.array([0, 0, 0, 1, 1, 1]), np.array([[1.0, 2.0, 3.0, 7.0, 8.0, 9.0]]).T
    >>> correlation_ratios(codes, values)[0].round(4)
    array([0.9559])
    """
    num_groups = int(codes.max(initial=-1)) + 1
    rows = codes >= 0
    codes, values = codes[rows], values[rows]
    present = ~np.isnan(values)
    n = present.sum(axis=0).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.where(present, values, 0.0).sum(axis=0) / n
        centred = np.where(present, values - means, 0.0)
        sums = _by_group(codes, centred, num_groups)
        sizes = _by_group(codes, present.astype(np.float64), num_groups)
        between = np.where(sizes > 0, sums**2 / sizes, 0.0).sum(axis=0)
        total = np.einsum("ij,ij->j", centred, centred)
        k = (sizes > 0).sum(axis=0)
        explained = 1 - (1 - between / total) * (n - 1) / (n - k)
    constant = total <= 1e-28 * (means**2 + 1e-272) * n  # no more than rounding leaves
    undefined = constant | (k < 2) | (n <= k)
    return np.where(undefined, np.nan, np.sqrt(np.clip(np.where(undefined, 0.0, explained), 0.0, 1.0))), n


def _by_group(codes: npt.NDArray[np.int64], values: Floats, num_groups: int) -> Floats:
    """Sums of the rows of each group, [k, d]."""
    order = np.argsort(codes, kind="stable")
    sizes = np.bincount(codes, minlength=num_groups)
    starts = np.cumsum(sizes) - sizes
    sums = np.zeros((num_groups, values.shape[1]))
    filled = sizes > 0
    if filled.any():
        sums[filled] = np.add.reduceat(values[order], starts[filled], axis=0)
    return sums
