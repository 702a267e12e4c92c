"""Batches cut anew: the same rows, the sizes that were asked for."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from hagane.data.exact_batches import exact_batches

TEXTS = st.one_of(st.none(), st.sampled_from(["a", "b", "", "ü"]))


@given(st.lists(st.lists(TEXTS, max_size=9), max_size=6), st.integers(1, 10))
def test_the_same_rows_however_dictionaries_change(parts: list[list[str | None]], num_rows: int) -> None:
    batches = [pa.record_batch({"text": pa.array(part, pa.string()).dictionary_encode()}) for part in parts]
    found = list(exact_batches(batches, num_rows))
    assert [text for batch in found for text in batch["text"].to_pylist()] == [t for part in parts for t in part]
    assert all(batch.num_rows == num_rows for batch in found[:-1])
    assert not found or 0 < found[-1].num_rows <= num_rows
