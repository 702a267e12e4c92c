"""Sums of a table's rows in the graph, against exact sums and at every batch size."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hagane.features.emit import Emitter
from hagane.features.emit_table_sums import emit_table_sums
from hagane.runtime.session import Session


@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize("sizes", [[7], [3, 2], [5] * 8, [4] * 33, [2] * 200], ids=len)
def test_the_sums_are_right_and_the_same_in_every_batch(sizes: list[int], width: int) -> None:
    random = np.random.default_rng(len(sizes))
    table = random.normal(size=(sum(sizes), width)) * 10.0 ** random.integers(-6, 6, (sum(sizes), width))
    offsets = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    ids = np.column_stack([random.integers(0, size, 4_096) for size in sizes])
    e = Emitter()
    port = e.input("ids", np.int64, ("n", len(sizes)))
    e.output("y", emit_table_sums(e, table, port, offsets.tolist()), np.float64, ("n", width))
    run = Session(e.model().SerializeToString())
    whole = run.run({"ids": ids}, ["y"])["y"]
    exact = np.array([[math.fsum(column) for column in table[row].T] for row in ids + offsets])
    assert whole == pytest.approx(exact, rel=1e-12, abs=1e-15 * len(sizes) * np.abs(table).max())
    for n in (0, 1, 2, 7, 300):
        assert np.array_equal(run.run({"ids": ids[:n]}, ["y"])["y"], whole[:n])
