"""CSV: dialects, types, and rows that do not parse."""

from __future__ import annotations

import gzip
from pathlib import Path

import msgspec
import pytest

from hagane.data.bad_rows import BadRow
from hagane.data.open_table import open_table
from hagane.errors import BadRowsError, DataError

GOOD = 30_000
"""More rows than the sniffer looks at."""


def write(path: Path, lines: list[bytes]) -> Path:
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def good_lines(count: int = GOOD) -> list[bytes]:
    return [b"n,word,x", *(b"%d,w%d,%d.5" % (i, i % 3, i) for i in range(count))]


BAD = {
    b"oops,w,1.5": "Could not convert",
    b"1,w": "Expected Number of Columns: 3 Found: 2",
    b"1,w,2.5,4": "Expected Number of Columns: 3 Found: 4",
    b"1,\xff\xfe,1.5": "not utf-8",
    b"1,w,none": "Could not convert",
}


def test_bad_lines_are_set_aside_with_number_and_reason(tmp_path):
    lines = [*good_lines(), *BAD, b"7,fine,8.5"]
    table = open_table(write(tmp_path / "rows.csv", lines), bad_rows_folder=tmp_path / "bad")
    assert [column.type.value for column in table.schema] == ["INT64", "STRING", "FLOAT64"]
    bad = table.bad_rows
    assert (bad.count, bad.total, table.num_rows) == (5, GOOD + 6, GOOD + 1)
    kept = [msgspec.json.decode(line, type=BadRow) for line in Path(bad.path).read_bytes().splitlines()]
    assert [row.line_number for row in kept] == [GOOD + 2 + i for i in range(5)]
    assert all(reason in row.reason for row, reason in zip(kept, BAD.values(), strict=True))
    assert kept[1].text == "1,w"
    assert bad.examples == tuple(kept[:3])
    assert Path(bad.path).parent == tmp_path / "bad"


def test_the_same_rows_are_left_out_whatever_is_read(tmp_path):
    table = open_table(write(tmp_path / "rows.csv", [*good_lines(), *BAD]))
    counts = [sum(batch.num_rows for batch in table.batches([name])) for name in table.schema.names]
    assert [*counts, table.num_rows, table.where("word = 'w'").num_rows] == [GOOD] * 4 + [0]


def test_the_limit_refuses_with_examples(tmp_path):
    table = open_table(write(tmp_path / "rows.csv", [*good_lines(), *BAD]))
    table.check_bad_rows(0.01)
    with pytest.raises(BadRowsError) as caught:
        table.check_bad_rows(0.0001)
    fault = caught.value.faults[0]
    assert fault.what == "5 of 30,005 rows (0.0167 %) could not be parsed"
    assert fault.where.count("rows.csv line 3000") == 3
    assert table.bad_rows.path in fault.next_step


def test_decimals_after_the_sample_make_the_column_decimal(tmp_path):
    lines = [b"a,b", *(b"%d,x" % i for i in range(GOOD)), b"1.5,y", b"1e3,z"]
    table = open_table(write(tmp_path / "rows.csv", lines))
    assert table.schema["a"].type.value == "FLOAT64"
    assert table.query("SELECT a FROM data WHERE b <> 'x'")["a"].to_pylist() == [1.5, 1000.0]
    assert table.bad_rows.count == 0


@pytest.mark.parametrize("word", ["NA", "N/A", "NULL", "?"])
def test_words_for_missing_values(word, tmp_path):
    numbers = open_table(write(tmp_path / "a.csv", [b"n,s", b"1,x", f"{word},{word}".encode(), b"3,y"]))
    assert numbers.query("FROM data").to_pylist() == [{"n": 1, "s": "x"}, {"n": None, "s": None}, {"n": 3, "s": "y"}]
    texts = open_table(write(tmp_path / "b.csv", [b"n,s", b"1,x", f"2,{word}".encode()]))
    assert texts.query("SELECT s FROM data")["s"].to_pylist() == ["x", word]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", b'a;b\n1;"x;""y"\n2;z\n'),
        ("a.tsv", b'a\tb\n1\t"x;""y"\n2\tz\n'),
        ("a.csv", b'a,b\r\n1,"x;""y"\r\n2,z\r\n'),
        ("a.csv.gz", gzip.compress(b'a,b\n1,"x;""y"\n2,z\n', mtime=0)),
        ("a.csv", b'\xef\xbb\xbfa,b\n1,"x;""y"\n2,z'),
    ],
)
def test_dialects(name, text, tmp_path):
    (tmp_path / name).write_bytes(text)
    table = open_table(tmp_path / name)
    assert table.query("FROM data").to_pylist() == [{"a": 1, "b": 'x;"y'}, {"a": 2, "b": "z"}]


def test_files_of_different_dialects_and_types_are_one_table(tmp_path):
    (tmp_path / "1.csv").write_text("a,b\n1,x\n2,y\n")
    (tmp_path / "2.csv").write_text("a;b\n1.5;z\n2.5;7\n")
    table = open_table(str(tmp_path / "*.csv"))
    assert table.query("FROM data").to_pylist() == [
        {"a": 1.0, "b": "x"}, {"a": 2.0, "b": "y"}, {"a": 1.5, "b": "z"}, {"a": 2.5, "b": "7"},
    ]  # fmt: skip
    (tmp_path / "3.csv").write_text("a,c\n1,x\n")
    with pytest.raises(DataError, match=r"3\.csv has other columns than 1\.csv"):
        open_table(str(tmp_path / "*.csv"))


def test_empty_files(tmp_path):
    (tmp_path / "header.csv").write_text("a,b\n")
    assert open_table(tmp_path / "header.csv").num_rows == 0
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(DataError, match="the file is empty"):
        open_table(tmp_path / "empty.csv")
    (tmp_path / "broken.csv.gz").write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 10_000)[:-40])
    with pytest.raises(DataError):
        open_table(tmp_path / "broken.csv.gz")


def test_bad_rows_of_files_in_a_query(tmp_path, monkeypatch):
    write(tmp_path / "rows.csv", [*good_lines(), *BAD])
    monkeypatch.chdir(tmp_path)
    table = open_table("SELECT word, count(*) AS n FROM 'rows.csv' GROUP BY word ORDER BY word")
    assert table.query("FROM data").to_pylist() == [{"word": f"w{i}", "n": GOOD // 3} for i in range(3)]
    assert (table.bad_rows.count, table.bad_rows.total) == (5, GOOD + 5)


def test_adult_begins_with_a_line_of_junk(shared_data):
    table = open_table([shared_data / "adult" / "adult.data", shared_data / "adult" / "adult.test"])
    assert table.num_rows == 32_561 + 16_281
    assert [(row.line_number, row.text) for row in table.bad_rows.examples] == [(1, "|1x3 Cross validator")]
    counted = table.query("SELECT trim(column14, ' .') AS label, count(*) AS n FROM data GROUP BY ALL ORDER BY n")
    assert counted.to_pylist() == [{"label": ">50K", "n": 11_687}, {"label": "<=50K", "n": 37_155}]


def test_real_files(shared_data):
    bank = open_table(shared_data / "bank_marketing" / "bank-additional-full.csv.gz")
    assert bank.num_rows == 41_188
    assert bank.schema["emp.var.rate"].type.value == "FLOAT64"
    assert bank.query('SELECT sum(("nr.employed" > 0)::INT) AS n, count(*) FILTER (y) AS y FROM data').to_pylist() == [
        {"n": 41_188, "y": 4_640}
    ]
    noaa = open_table(str(shared_data / "noaa_temperatures" / "*.csv.gz"))
    assert [column.type.value for column in noaa.schema] == ["DATE", "FLOAT64", "FLOAT64", "INT64"]
    found = noaa.query(
        "SELECT count(*) AS n, sum(interpolated) AS i, min(tmini) AS a, max(tmaxi) AS b FROM data"
    ).to_pylist()
    assert found == [{"n": 657_432, "i": 1_919, "a": -59.4, "b": 50.0}]
    penguins = open_table(shared_data / "penguins" / "penguins.csv")
    assert penguins.query("SELECT count(*) - count(sex) AS n FROM data").to_pylist() == [{"n": 11}]
    housing = open_table(shared_data / "california_housing" / "housing.csv")
    assert housing.query("SELECT count(*) - count(total_bedrooms) AS n FROM data").to_pylist() == [{"n": 207}]
    taxi = open_table(shared_data / "nyc_taxi_fare" / "taxi-train.csv")
    assert (taxi.num_rows, taxi.schema["column1"].type.value) == (7_333, "TIMESTAMP")
