"""`column_owners`: which feature each column of a user's module follows from, found by changing features one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from hagane.features.emit_gradient import NoGradientError

TRIED_SLOTS = 65_536
"""Categories of a feature that are tried at most: all of them, nearly always."""
TRIED_NUMBERS = 1_024
CHUNK_NUMBERS = 1 << 22


def column_owners(
    value: Callable[[Tensor, Tensor], Tensor],
    features: Sequence[int],
    *,
    num_dense: int,
    cardinalities: Sequence[int],
    name: str,
) -> list[int]:
    """[w] the one of `features` (numbers first, then ids) that each column of `value(dense, ids)` [n, w] moves with.

    A feature takes every value, others stay as they are, first at one place, then at another. Raises NoGradientError
    where a column moves with two, or with none although not all was tried; `name` is what made the columns.

    >>> ids = lambda dense, ids: torch.stack([ids[:, 1], ids[:, 0], ids[:, 1]], 1).float()
    >>> column_owners(ids, [0, 1], num_dense=0, cardinalities=[3, 9], name="aten.stack")
    [1, 0, 1]
    """
    moves = np.stack([_moves(value, feature, num_dense, cardinalities) for feature in features])
    is_known = [feature >= num_dense and cardinalities[feature - num_dense] <= TRIED_SLOTS for feature in features]
    movers = moves.sum(axis=0)
    if (movers > 1).any():
        raise NoGradientError(f"{name} of several features at once")
    if (movers == 0).any() and not all(is_known):
        raise NoGradientError(f"{name}, whose answer is of no feature that can be told")
    return [features[place] for place in moves.argmax(axis=0).tolist()]


def _moves(
    value: Callable[[Tensor, Tensor], Tensor], feature: int, num_dense: int, cardinalities: Sequence[int]
) -> np.ndarray:
    """[w] whether columns change when the feature does."""
    found: list[np.ndarray] = []
    for seed in range(2):
        random = np.random.default_rng(seed)
        row = random.normal(size=(1, num_dense)), random.integers(0, np.array([cardinalities], np.int64))
        tried = _tried(random, feature, num_dense, cardinalities)
        place = (0, feature) if feature < num_dense else (1, feature - num_dense)
        first = _answer(value, row, place, tried[:1])
        size = max(1, CHUNK_NUMBERS // max(first.shape[1], 1))
        for begin in range(0, len(tried), size):
            found.append((_answer(value, row, place, tried[begin : begin + size]) != first).any(axis=0))
    moved: np.ndarray = np.any(found, axis=0)
    return moved


def _answer(
    value: Callable[[Tensor, Tensor], Tensor], row: Sequence[np.ndarray], place: tuple[int, int], tried: np.ndarray
) -> np.ndarray:
    """The columns of one row that has each of `tried` at a place of its numbers (0) or ids (1)."""
    rows = [part.repeat(len(tried), axis=0) for part in row]
    rows[place[0]][:, place[1]] = tried
    with torch.no_grad():
        columns: np.ndarray = value(torch.from_numpy(rows[0]).float(), torch.from_numpy(rows[1])).numpy()
    return columns


def _tried(random: np.random.Generator, feature: int, num_dense: int, cardinalities: Sequence[int]) -> np.ndarray:
    """Values of a feature: its categories, or numbers small and large."""
    if feature >= num_dense:
        return np.arange(min(cardinalities[feature - num_dense], TRIED_SLOTS))
    numbers: np.ndarray = random.normal(size=TRIED_NUMBERS) * np.geomspace(0.01, 100, TRIED_NUMBERS)
    return numbers
