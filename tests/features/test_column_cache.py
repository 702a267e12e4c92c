"""Columns that trainings share: found again, never half there, never another's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hagane.data.open_table import open_table
from hagane.data.split import split_table
from hagane.data.table import Table
from hagane.errors import DataError, ExpressionError, StorageError
from hagane.features import column_key
from hagane.features import encode as encode_module
from hagane.features.column_cache import SUFFIX, ColumnCache
from hagane.features.column_key import digest
from hagane.features.encode import EncodedSplits, encode
from hagane.features.fit import fit_transform
from hagane.features.label import fit_label
from hagane.features.weight_column import WeightColumn
from hagane.spec.spec import Split

ROWS = 3_000
EXPRESSIONS = {"log": "COALESCE(LN(x), 0)", "root": "COALESCE(SQRT(x), 0)", "s": "s", "n": "n"}
COLUMNS = 3 * (len(EXPRESSIONS) + 1)
"""Of train, eval and test: features and label."""


def make_table(seed: int = 0) -> pa.Table:
    random = np.random.default_rng(seed)
    label = random.choice(["no", "yes", None], ROWS, p=[0.5, 0.4, 0.1])
    part = random.choice(["TRAIN", "EVAL", "TEST"], ROWS, p=[0.8, 0.1, 0.1])
    label[np.flatnonzero(part == "TEST")[:3]] = "perhaps"
    return pa.table(
        {
            "x": pa.array(random.normal(size=ROWS), mask=random.random(ROWS) < 0.1),
            "n": random.integers(-5, 100, ROWS),
            "s": random.choice(["a", "b", "c"], ROWS).tolist(),
            "label": pa.array(label.tolist(), pa.string()),
            "part": part.tolist(),
        }
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    pq.write_table(make_table(), tmp_path / "rows.parquet", row_group_size=500)
    return tmp_path / "rows.parquet"


@pytest.fixture
def cache(tmp_path: Path) -> ColumnCache:
    return ColumnCache(tmp_path / "cache")


def run(
    path: Path, cache: ColumnCache | None, expressions: dict[str, str] = EXPRESSIONS, *, label: str = "label",
    weight: str | None = None, accepts_missing: bool = False,
) -> EncodedSplits:  # fmt: skip
    splits = split_table(open_table(path), Split(method="column", column="part"))
    transform = fit_transform(expressions, splits.train, accepts_missing=accepts_missing)
    task = "classification" if label == "label" else "regression"
    weigh = None if weight is None else WeightColumn.make(weight, splits.table.schema)
    return encode(splits, transform, fit_label(splits.train, label, task), path.parent / "scratch", cache=cache,
                  weight=weigh)  # fmt: skip


def assert_same(found: EncodedSplits, expected: EncodedSplits) -> None:
    assert found[3:6] == expected[3:6]
    for one, other in zip(found[:3], expected[:3], strict=True):
        assert one.features == other.features
        for values, wanted in zip(one.arrays()[:3], other.arrays()[:3], strict=True):
            np.testing.assert_array_equal(values, wanted)


def no_scan(*arguments: object, **options: object) -> None:
    raise AssertionError("the data were read")


def test_the_second_time_nothing_is_read(path: Path, cache: ColumnCache, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = run(path, None)
    first = run(path, cache)
    assert (first.num_columns, first.num_cached) == (COLUMNS, 0)
    assert_same(first, scratch)
    assert min(first.num_row_errors, first.num_null_labels) > 0
    assert first.num_unknown_labels == 3
    monkeypatch.setattr(encode_module, "map_encoded", no_scan)
    second = run(path, cache)
    assert second.num_cached == COLUMNS
    assert_same(second, scratch)
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["cache", "rows.parquet", "scratch"]


def test_a_changed_feature_is_encoded_alone(path: Path, cache: ColumnCache, monkeypatch: pytest.MonkeyPatch) -> None:
    run(path, cache)
    read: list[str] = []
    batches = Table.batches

    def spy(self: Table, columns: list[str], **options: bool) -> object:
        read.extend(columns)
        return batches(self, columns, **options)

    changed = EXPRESSIONS | {"root": "COALESCE(SQRT(n), 0)"}
    with monkeypatch.context() as patch:
        patch.setattr(Table, "batches", spy)
        found = run(path, cache, changed)
    assert (found.num_columns, found.num_cached) == (COLUMNS, COLUMNS - 3)
    assert set(read) == {"n", "label"}
    assert_same(found, run(path, None, changed))


def test_a_new_name_is_no_new_column(path: Path, cache: ColumnCache) -> None:
    run(path, cache)
    assert run(path, cache, {"other": EXPRESSIONS["log"], "n": " n "}).num_cached == 3 * 3


def test_the_rows_that_erred_are_those_of_the_features_there_are(path: Path, cache: ColumnCache) -> None:
    """`log` and `root` err on other rows than `quotient`, and read the same column as each other."""
    wanted = [
        EXPRESSIONS,
        {"log": EXPRESSIONS["log"], "n": "n"},
        {"root": EXPRESSIONS["root"], "s": "s", "quotient": "COALESCE(1 / n, 0)"},
        {"s": "s", "n": "n"},
        {"log": EXPRESSIONS["log"], "quotient": "COALESCE(x / n, 0)"},
    ]
    for expressions in [*wanted, *wanted]:
        assert run(path, cache, expressions).num_row_errors == run(path, None, expressions).num_row_errors
    assert run(path, cache, wanted[3]).num_row_errors == 0


def test_other_data_and_other_rows_are_other_columns(path: Path, cache: ColumnCache) -> None:
    run(path, cache)
    assert run(path, cache, label="x").num_cached == 0
    pq.write_table(make_table(seed=1), path)
    changed = run(path, cache)
    assert changed.num_cached == 0
    assert_same(changed, run(path, None))


@pytest.mark.parametrize(
    "query",
    [
        "SELECT *, random() AS r FROM '{}'",
        "SELECT * FROM '{}' USING SAMPLE 50% (bernoulli)",
        "SELECT x, n + CAST(1000 * random() AS INTEGER) AS n, s, label, part FROM '{}'",
    ],
)
def test_another_draw_of_a_query_is_other_data(path: Path, cache: ColumnCache, query: str) -> None:
    for _ in range(2):
        splits = split_table(open_table(query.format(path)), Split(method="column", column="part"))
        transform = fit_transform({"n": "COALESCE(n, 0)", "s": "s"}, splits.train, accepts_missing=False)
        label = fit_label(splits.train, "label", "classification")
        scratch = path.parent / "scratch"
        cached = encode(splits, transform, label, scratch, cache=cache)
        assert cached.num_cached == 0
        assert_same(cached, encode(splits, transform, label, scratch))
        assert encode(splits, transform, label, scratch, cache=cache).num_cached == cached.num_columns


def test_families_share_slots_and_not_numbers(path: Path, cache: ColumnCache) -> None:
    """Label and `s` are the same where missing values are taken; `x`, whose infinities are kept there, is not."""
    run(path, cache, {"x": "COALESCE(x, 0)", "s": "s"})
    assert run(path, cache, {"x": "COALESCE(x, 0)", "s": "s"}, accepts_missing=True).num_cached == 2 * 3


def test_other_code_is_another_key(path: Path, cache: ColumnCache, monkeypatch: pytest.MonkeyPatch) -> None:
    run(path, cache)
    monkeypatch.setattr(column_key, "code_digest", lambda: "another release")
    assert run(path, cache).num_cached == 0


@pytest.mark.parametrize("damage", ["flip", "cut", "empty"])
def test_a_damaged_column_is_encoded_again(path: Path, cache: ColumnCache, damage: str) -> None:
    first = run(path, cache)
    file = sorted(cache.folder.glob(f"*{SUFFIX}"))[4]
    content = file.read_bytes()
    file.unlink()  # `first` still maps it
    if damage == "flip":
        content = bytes([content[0] ^ 1]) + content[1:]
    file.write_bytes({"flip": content, "cut": content[:-1], "empty": b""}[damage])
    again = run(path, cache)
    assert again.num_cached == COLUMNS - 1
    assert_same(again, first)
    assert run(path, cache).num_cached == COLUMNS


def test_the_longest_unused_go_first_and_none_in_use(path: Path, cache: ColumnCache) -> None:
    first = run(path, cache)
    expected = [batch.label for batch in first.train.blocks()]
    for entry in cache.entries():
        os.utime(cache.folder / f"{entry.key}{SUFFIX}", (1000, 1000))
    others = {"log": "COALESCE(LN(n), 0)"}
    run(path, cache, others)  # uses the labels again
    total = sum(entry.num_bytes for entry in cache.entries())
    old = [entry for entry in cache.entries() if entry.last_used == 1000]
    assert len(old) == 3 * len(EXPRESSIONS)
    removed = cache.set_limit(total - 1)
    assert [entry.last_used for entry in removed] == [1000]
    cache.set_limit(0)
    assert cache.entries() == []
    found = run(path, cache)
    assert len(cache.entries()) == COLUMNS  # its own are never evicted
    run(path, cache, others)
    assert len(cache.entries()) == 3 * 2
    assert_same(found, first)  # the mapped files are gone, and readable
    assert [batch.label.tolist() for batch in first.train.blocks()] == [label.tolist() for label in expected]


def test_the_limit_is_kept_and_a_tenth_of_the_disk_without_one(cache: ColumnCache) -> None:
    disk = os.statvfs(cache.folder.parent)
    assert cache.limit_bytes == disk.f_blocks * disk.f_frsize // 10
    cache.set_limit(12345)
    assert ColumnCache(cache.folder).limit_bytes == 12345


def test_clear_and_verify(path: Path, cache: ColumnCache) -> None:
    run(path, cache)
    assert cache.verify() == []
    file = next(cache.folder.glob(f"*{SUFFIX}"))
    content = file.read_bytes()
    file.write_bytes(content[:5] + bytes([content[5] ^ 8]) + content[6:])
    assert [entry.key for entry in cache.verify()] == [file.name.removesuffix(SUFFIX)]
    assert len(cache.clear()) == COLUMNS - 1
    assert cache.entries() == []


def test_data_that_change_meanwhile_are_told_and_not_kept(
    path: Path, cache: ColumnCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode_all = encode_module.map_encoded

    def meddle(*arguments: object) -> object:
        os.utime(path, (1, 1))
        return encode_all(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(encode_module, "map_encoded", meddle)
        with pytest.raises(DataError, match=r"rows\.parquet changed while it was read"):
            run(path, cache)
    assert cache.entries() == []


def test_data_that_change_before_anything_is_encoded(path: Path, cache: ColumnCache) -> None:
    """The columns of the new rows are there already: they are not those of the table that was opened."""
    old = path.read_bytes()
    pq.write_table(make_table(seed=1), path)
    changed = path.stat().st_mtime_ns
    run(path, cache)
    new = path.read_bytes()
    path.write_bytes(old)
    splits = split_table(open_table(path), Split(method="column", column="part"))
    transform, label = (
        fit_transform({"n": "n"}, splits.train, accepts_missing=False),
        fit_label(splits.train, "label", "classification"),
    )
    path.write_bytes(new)
    os.utime(path, ns=(changed, changed))
    with pytest.raises(DataError, match=r"rows\.parquet changed while it was read"):
        encode(splits, transform, label, path.parent / "scratch", cache=cache)


def test_weights(path: Path, cache: ColumnCache) -> None:
    found = run(path, cache, weight="1 + ABS(n)")
    assert found.num_columns == COLUMNS + 3
    table = make_table()
    kept = np.isin(table["label"].to_pylist(), ["no", "yes"]) & np.equal(table["part"].to_pylist(), "EVAL")
    np.testing.assert_array_equal(found.eval.arrays().weight, 1 + np.abs(table["n"].to_numpy()[kept]))
    again = run(path, cache, weight="1 + ABS(n)")
    assert again.num_cached == COLUMNS + 3
    assert again.train.weight(0).dtype == np.float32
    assert run(path, cache).train.weight(0) is None


def test_weights_that_are_none(path: Path, cache: ColumnCache) -> None:
    table = make_table()
    kept = np.isin(table["label"].to_pylist(), ["no", "yes"])
    x = table["x"].to_numpy(zero_copy_only=False)
    bad = int(np.count_nonzero(kept & ~(x >= 0)))
    with pytest.raises(DataError, match=f"no usable weight in {bad:,} rows"):
        run(path, cache, weight="x")
    assert cache.entries() == []
    for expression in (
        "s",
        "x > 1",
        "ML.STANDARD_SCALER(x) OVER ()",
        "ML.BUCKETIZE(x, [1.0])",
        "nothing",
        "ML.FEATURE_CROSS(STRUCT(s, part, label))",
    ):
        with pytest.raises(ExpressionError):
            WeightColumn.make(expression, open_table(path).schema)


CHILD = """
    import os, resource, sys, time
    from pathlib import Path
    sys.path[:0] = {here!r}
    import test_column_cache as tests
    from hagane.features import encode as encode_module
    path, cache = Path(sys.argv[1]), tests.ColumnCache(Path(sys.argv[2]))
"""


def child(tmp_path: Path, body: str, path: Path, cache: ColumnCache) -> subprocess.Popen[str]:
    script = tmp_path / f"child-{time.monotonic_ns()}.py"
    head = textwrap.dedent(CHILD).format(here=[str(Path(__file__).parent)])
    script.write_text(head + textwrap.dedent(body))
    return subprocess.Popen([sys.executable, script, path, cache.folder], stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("moment", ["_append", "keep"])
def test_killed_half_way(path: Path, cache: ColumnCache, tmp_path: Path, moment: str) -> None:
    """While rows are written, and while columns are moved into the cache."""
    body = f"""
    owner = encode_module if {moment!r} == "_append" else tests.ColumnCache
    real, calls = getattr(owner, {moment!r}), [0]
    def slow(*arguments):
        real(*arguments)
        calls[0] += 1
        if calls[0] == 4:
            print("half way", flush=True)
            time.sleep(60)
    setattr(owner, {moment!r}, slow)
    tests.run(path, cache)
    """
    process = child(tmp_path, body, path, cache)
    assert process.stdout.readline() == "half way\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(cache.entries()) == (4 if moment == "keep" else 0)
    assert cache.verify() == []
    found = run(path, cache)
    assert found.num_cached == (4 if moment == "keep" else 0)
    assert_same(found, run(path, None))


def test_a_full_disk_is_told_and_leaves_nothing(path: Path, cache: ColumnCache, tmp_path: Path) -> None:
    """Files of this process may have 8 KiB: the error is EFBIG, the road that of ENOSPC."""
    body = """
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
    try:
        tests.run(path, cache)
    except tests.StorageError as error:
        print(error.faults[0].what.partition(": ")[2])
    """
    process = child(tmp_path, body, path, cache)
    out, _ = process.communicate(timeout=60)
    assert out == "File too large\n"
    assert cache.entries() == []
    assert [entry.name for entry in path.parent.iterdir() if entry.name.startswith((".", "scratch"))] == []
    assert_same(run(path, cache), run(path, None))


def test_two_processes_at_once(path: Path, cache: ColumnCache, tmp_path: Path) -> None:
    body = """
    found = tests.run(path, cache)
    print(found.num_columns, found.train.arrays().dense.sum())
    """
    found = []
    processes = [child(tmp_path, body, path, cache) for _ in range(3)]
    for process in processes:
        found.append(process.communicate(timeout=60)[0])
        assert process.returncode == 0
    assert len(set(found)) == 1
    assert cache.verify() == []
    assert run(path, cache).num_cached == COLUMNS


def test_a_folder_that_cannot_be(path: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="Not a directory"):
        run(path, ColumnCache(tmp_path / "file" / "cache"))


@pytest.mark.parametrize(
    "pair",
    [(1, 1.0), (True, 1), ("1", 1), ((1, 2), (1, 2, 3)), (("a", "b"), ("a,b",)), (0.0, -0.0), (None, "None"),
     (((1,), 2), (1, (2,))), ((b"a",), ("a",)), ({"a": 1}, {"a": 2})],
)  # fmt: skip
def test_what_differs_has_another_digest(pair: tuple[object, object]) -> None:
    assert digest(pair[0]) != digest(pair[1])


def test_what_cannot_be_told_apart_has_no_digest() -> None:
    with pytest.raises(TypeError):
        digest(np.arange(3))
