"""FARM_FINGERPRINT is Google's: held against their own C++ (pyfarmhash) and the values of BigQuery's documentation."""

from __future__ import annotations

from pathlib import Path

import farmhash
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hagane.data.farm_fingerprint import farm_fingerprint
from hagane.data.open_table import open_table
from hagane.errors import DataError

PUBLISHED = {
    "1footrue": -1541654101129638711,
    "2applefalse": 2794438866806483259,
    "3true": -4880158226897771312,
}


def theirs(text: bytes) -> int:
    return int(np.uint64(farmhash.fingerprint64(text)).view(np.int64))


def test_values_of_the_documentation() -> None:
    assert farm_fingerprint(pa.array(list(PUBLISHED))).to_pylist() == list(PUBLISHED.values())


def test_every_length() -> None:
    random = np.random.default_rng(0)
    texts = [random.bytes(length) for length in (*range(300), 1000, 4096, 4097, 65_537)]
    assert farm_fingerprint(pa.array(texts, pa.binary())).to_pylist() == [theirs(text) for text in texts]


@given(st.lists(st.none() | st.text(max_size=200) | st.text(alphabet="añ鋼🗻", max_size=80)), st.integers(0, 3))
def test_any_texts(texts: list[str | None], skipped: int) -> None:
    found = farm_fingerprint(pa.array(texts, pa.string()).slice(skipped)).to_pylist()
    assert found == [None if text is None else theirs(text.encode()) for text in texts[skipped:]]


def test_in_a_query(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("name,x\n" + "".join(f"user-{i % 400},{i}\n" for i in range(5_000)))
    query = f"SELECT name, x, Farm_Fingerprint(name) AS f FROM '{tmp_path}/rows.csv' WHERE name <> 'user-3'"
    rows = open_table(query).query("FROM data")
    assert rows["f"].to_pylist() == [theirs(name.encode()) for name in rows["name"].to_pylist()]
    assert rows.num_rows > 4_900


def test_of_a_number_is_refused() -> None:
    with pytest.raises(DataError, match="farm_fingerprint"):
        open_table("SELECT FARM_FINGERPRINT(3) AS f")
