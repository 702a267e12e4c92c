"""Rows by the value of a column, for what is done in each class by itself: their numbers, and SQL that differs."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hagane.data.literal import literal

Ints = npt.NDArray[np.int64]


def numbers_by_class(rows: pa.Table, column: str) -> dict[pa.Scalar[Any], Ints]:
    """The numbers of a column by `class`, in the order of the rows: NULL first, then ascending, as DuckDB compares.

    >>> rows = pa.table({"class": ["b", None, "a", "b"], "n": [1, 2, 3, 4]})
    >>> {value.as_py(): numbers.tolist() for value, numbers in numbers_by_class(rows, "n").items()}
    {None: [2], 'a': [3], 'b': [1, 4]}
    """
    encoded = rows["class"].combine_chunks().dictionary_encode(null_encoding="encode")
    codes, numbers = encoded.indices.to_numpy(), rows[column].to_numpy()
    order = np.argsort(codes, kind="stable")
    cuts = np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=len(encoded.dictionary)))])
    values = {value: numbers[order[a:b]] for value, (a, b) in zip(encoded.dictionary, pairwise(cuts), strict=True)}
    known = sorted((value for value in values if value.is_valid), key=lambda value: value.as_py())
    return {value: values[value] for value in (*(value for value in values if not value.is_valid), *known)}


def case_by_class(name: str, sql: Mapping[pa.Scalar[Any], str]) -> str:
    """An expression that is `sql` of the value of the column `name`; NULL comes first, then ascending values.

    >>> case_by_class("c", {pa.scalar("a"): "1", pa.scalar("b"): "2"})
    "CASE WHEN c < 'b' THEN 1 ELSE 2 END"
    """
    values = list(sql)
    if not values:
        return "0"
    if len(values) == 1:
        return sql[values[0]]
    if not values[0].is_valid:
        others = case_by_class(name, {value: sql[value] for value in values[1:]})
        return f"CASE WHEN {name} IS NULL THEN {sql[values[0]]} ELSE {others} END"
    # Halves by halves, so that a row meets ten comparisons among a thousand classes.
    half = len(values) // 2
    lower, upper = (case_by_class(name, {v: sql[v] for v in some}) for some in (values[:half], values[half:]))
    return f"CASE WHEN {name} < {literal(values[half])} THEN {lower} ELSE {upper} END"
