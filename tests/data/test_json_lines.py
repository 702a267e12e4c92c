"""JSON lines: objects become rows, everything else is set aside."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import msgspec
import pytest

from hagane.data.bad_rows import BadRow
from hagane.data.open_table import open_table
from hagane.errors import DataError

GOOD = 25_000


def objects() -> list[str]:
    return [
        json.dumps(
            {
                "id": i,
                "x": i,
                "s": f"é{i % 3}",
                "at": f"2020-01-01T00:00:{i % 60:02}",
                "day": "2020-01-02",
                "ok": i % 2 == 0,
            }
        )
        for i in range(GOOD)
    ]


@pytest.mark.parametrize("suffix", ["jsonl", "ndjson.gz", "json"])
def test_lines_that_do_not_parse_are_set_aside(suffix, tmp_path):
    lines = objects()
    lines[GOOD - 1000 : GOOD - 1000] = [
        "{bad",
        "[1]",
        "",
        '{"id": "seven"}',
        '{"ok": 3}',
        '{"id": 1, "x": 1.5, "late": 2}',
    ]
    path = tmp_path / f"rows.{suffix}"
    text = "\n".join(lines).encode()
    path.write_bytes(gzip.compress(text) if suffix.endswith("gz") else text)
    table = open_table(path, bad_rows_folder=tmp_path / "bad")
    assert {column.name: column.type.value for column in table.schema} == {
        "id": "INT64", "x": "FLOAT64", "s": "STRING", "at": "TIMESTAMP", "day": "DATE", "ok": "BOOL", "late": "INT64",
    }  # fmt: skip
    assert (table.num_rows, table.bad_rows.count, table.bad_rows.total) == (GOOD + 1, 4, GOOD + 5)
    kept = [msgspec.json.decode(line, type=BadRow) for line in Path(table.bad_rows.path).read_bytes().splitlines()]
    assert [row.line_number - (GOOD - 1000) for row in kept] == [1, 2, 4, 5]
    assert "not JSON" in kept[0].reason
    assert kept[0].text == "{bad"
    assert [row.reason for row in kept[2:]] == ["'id' is no BIGINT", "'ok' is no BOOLEAN"]
    assert table.query("SELECT x, late FROM data WHERE late IS NOT NULL").to_pylist() == [{"x": 1.5, "late": 2}]
    ordered = [number for batch in table.batches(["x"]) for number in batch.column(0).to_pylist()]
    assert ordered == [*range(GOOD - 1000), 1.5, *range(GOOD - 1000, GOOD)]


def test_an_array_of_objects(tmp_path):
    (tmp_path / "a.json").write_text('[{"a": 1,\n "b": "x\\ny"},\n {"a": null}, 3]')
    table = open_table(tmp_path / "a.json")
    assert table.query("FROM data").to_pylist() == [{"a": 1, "b": "x\ny"}, {"a": None, "b": None}]
    assert [row.line_number for row in table.bad_rows.examples] == [3]


def test_objects_are_columns_by_field_lists_are_arrays_and_mixed_values_are_text(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"l": [1], "o": {"x": 1}, "m": 1}\n{"l": null, "o": null, "m": "b"}\n')
    table = open_table(tmp_path / "a.jsonl")
    assert [(c.name, c.type.value) for c in table.schema] == [("l", "ARRAY<INT64>"), ("o.x", "INT64"), ("m", "STRING")]
    assert table.query('SELECT "o.x" AS x FROM data')["x"].to_pylist() == [1, None]
    assert table.query("FROM data")["l"].to_pylist() == [[1], None]
    assert table.query("FROM data")["m"].to_pylist() == ["1", "b"]


def test_keys_that_differ_only_in_case_are_refused(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"a": 1}\n{"A": 2}\n')
    with pytest.raises(DataError, match="differ only in case"):
        open_table(tmp_path / "a.jsonl")


def test_no_objects_at_all(tmp_path):
    (tmp_path / "a.jsonl").write_text("hello\nworld\n")
    with pytest.raises(DataError, match="no line is a JSON object"):
        open_table(tmp_path / "a.jsonl")
