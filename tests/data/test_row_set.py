"""Rows taken and left out by their places, against the same in NumPy."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.data import row_set
from hagane.data.engine import Engine
from hagane.data.open_table import open_table
from hagane.data.row_set import RowSet
from hagane.data.split import split_table
from hagane.data.table import ROW, Table
from hagane.spec.spec import Split


def ids(table: Table) -> list[int]:
    by_query = table.query("SELECT id FROM data")["id"].to_pylist()
    by_batches = [value for batch in table.batches(["id"]) for value in batch.column(0).to_pylist()]
    assert by_query == by_batches
    return by_query


@pytest.mark.parametrize("kind", ["one file", "files", "memory"])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_rows_in_any_steps(kind: str, data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 60))
    rows = pa.table({"id": range(n)})
    with tempfile.TemporaryDirectory() as folder:
        cut = data.draw(st.integers(0, n)) if kind == "files" else n
        pieces = [piece for piece in (rows.slice(0, cut), rows.slice(cut)) if piece.num_rows]
        paths = [Path(folder) / f"{index}.parquet" for index in range(len(pieces))]
        for path, piece in zip(paths, pieces, strict=True):
            pq.write_table(piece, path, row_group_size=data.draw(st.integers(1, 20)))
        table = open_table(rows if kind == "memory" else [str(path) for path in paths])
        expected = np.arange(n)
        for step in data.draw(st.lists(st.sampled_from(["take", "leave out", "where"]), max_size=3)):
            chosen = np.array(data.draw(st.lists(st.booleans(), min_size=len(expected), max_size=len(expected))), bool)
            listed = f"contains('|{'|'.join(map(str, expected[chosen]))}|', '|' || id || '|')"
            if step == "take":
                table = table.take(chosen, listed)
            elif step == "where":
                table = table.where(listed)
            else:
                numbers = table.query(f"SELECT {ROW} AS n FROM data ORDER BY n", with_row=True)["n"].to_numpy()
                table, chosen = table.without_rows(numbers[chosen].astype(np.int64)), ~chosen
            expected = expected[chosen]
            assert ids(table) == expected.tolist()
        assert table.num_rows == len(expected)


def test_bits_of_several_strings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_set, "CHUNK_BITS", 3)
    engine, chosen = Engine(), np.random.default_rng(0).random(29) < 0.5
    rows = RowSet.of(engine, chosen)
    assert len(rows.variables) == 4
    np.testing.assert_array_equal(rows.chosen(), chosen)
    sql = f"SELECT i FROM (SELECT range AS i FROM range(29)) WHERE {rows.has_sql('i')}"
    found = engine.query("SELECT i FROM data", views={"data": sql})["i"].to_pylist()
    assert found == np.flatnonzero(chosen).tolist()


def test_a_part_of_what_was_left_over_asks_no_condition_again(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"id": range(1_000)}), path)
    table = open_table(path).without_rows(np.arange(0, 1_000, 7))
    splits = split_table(table, Split())
    parts = [part for part in (splits.train, splits.eval, splits.test) if part is not None]
    assert all("hash(" not in part.sql() for part in parts)
    assert sorted(value for part in parts for value in ids(part)) == [i for i in range(1_000) if i % 7]
    assert len({part.fingerprint() for part in parts} | {table.fingerprint(), open_table(path).fingerprint()}) == 5
