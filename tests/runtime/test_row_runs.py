"""Rows are run together as far as their texts allow."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hagane.features.emit import Emitter
from hagane.runtime import row_runs as module
from hagane.runtime.layout import ColumnData
from hagane.runtime.row_runs import row_runs
from hagane.runtime.session import Session


@given(lengths=st.lists(st.sampled_from([0, 1, 5, 1_000, 300_000, 3_000_000]), max_size=40), most=st.integers(1, 50))
def test_runs_are_all_rows_in_order_and_none_is_too_wide(lengths: list[int], most: int) -> None:
    texts = np.empty(len(lengths), object)
    texts[:] = ["x" * length for length in lengths]
    runs = row_runs({"text": ColumnData(texts)}, len(lengths), most)
    assert [row for rows in runs for row in range(rows.start, rows.stop)] == list(range(len(lengths)))
    for rows in runs:
        count, widest = rows.stop - rows.start, max(lengths[rows], default=0)
        assert 1 <= count <= most
        assert count == 1 or count * widest <= module.MOST_PARTS
    for left, right in itertools.pairwise(runs):  # a run ends only where the next row would have been too much
        count = left.stop - left.start + 1
        assert count > most or count * max(lengths[left.start : right.start + 1]) > module.MOST_PARTS


def test_elements_of_arrays_count_too() -> None:
    tags = np.array(["x" * 600_000, "y"], object)
    assert len(row_runs({"tags": ColumnData(tags, None, np.array([0, 1, 2]))}, 2, 100)) == 2


def test_only_graphs_that_take_texts_apart_are_held_back() -> None:
    texts = {"text": ColumnData(np.array(["x" * 1_000_000] * 4, object))}
    for operator, runs in ((lambda e, x: e.nodes("StringSplit", x, num_outputs=2, delimiter=" ")[1], 4),
                           (lambda e, x: e.node("Equal", x, e.constant(np.array(["x"], object))), 1)):  # fmt: skip
        emitter = Emitter()
        text = emitter.input("string.text", str, ("n", 1))
        emitter.output("y", operator(emitter, text), np.int64 if runs == 4 else np.bool_, ("n", 1))
        assert len(Session(emitter.model().SerializeToString()).runs(texts, 4, 100)) == runs
