"""Classes in equal shares, and the most frequent one thinned out: exact counts, the same rows on every run."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.data.downsample import LEFT_OUT, downsample
from hagane.data.open_table import open_table
from hagane.data.split import Splits, split_table
from hagane.errors import DataError, SpecError
from hagane.spec.spec import Downsample, Split


def shares(splits: Splits, column: str) -> dict[object, list[int]]:
    """Rows of each value in train, eval and test."""
    found: dict[object, list[int]] = {}
    for batch, parts in splits.batches([column]):
        for value, part in zip(batch.column(0).to_pylist(), parts, strict=True):
            found.setdefault(value, [0, 0, 0])[part] += 1
    return found


@pytest.mark.parametrize("kind", ["text", "whole", "flag", "number"])
def test_every_class_has_the_shares_asked_for_to_a_row(kind: str) -> None:
    random = np.random.default_rng(0)
    code = random.choice(4, 20_000, p=[0.9, 0.09, 0.009, 0.001])
    values = {
        "text": np.array(["it's no", "yes", "ähm", ""], object)[code],
        "whole": code - 2,
        "flag": code > 0,
        "number": code / 7,
    }[kind]
    label = pa.array(values, mask=random.random(20_000) < 0.05)
    table = open_table(pa.table({"x": random.normal(size=20_000), "label": label}))
    splits = split_table(table, Split(stratify="label", eval_fraction=0.1, test_fraction=0.25, seed=3))
    found = shares(splits, "label")
    assert set(found) == set(label.to_pylist())
    for counts in found.values():
        assert counts[1:] == [round(0.1 * sum(counts)), round(0.25 * sum(counts))]
    parts = [table for table in (splits.train, splits.eval, splits.test) if table is not None]
    assert [part.num_rows for part in parts] == list(splits.counts)
    assert "stratified by label" in splits.describe()


@settings(max_examples=25)
@given(st.lists(st.sampled_from(["a", "b", None]), min_size=8, max_size=60), st.integers(0, 9))
def test_small_classes_are_divided_as_exactly(classes: list[str | None], seed: int) -> None:
    table = open_table(pa.table({"id": np.arange(len(classes)), "label": pa.array(classes, pa.string())}))
    split = Split(stratify="label", eval_fraction=0.25, test_fraction=0.25, seed=seed)
    if not any(round(0.25 * classes.count(value)) for value in ("a", "b", None)):
        with pytest.raises(DataError, match="without rows"):
            split_table(table, split)
        return
    splits = split_table(table, split)
    for counts in shares(splits, "label").values():
        share = round(0.25 * sum(counts))
        assert counts[2] == share
        assert counts[1] == share


def test_a_stratified_split_depends_on_its_seed_and_not_on_the_order_of_rows() -> None:
    table = open_table(pa.table({"id": np.arange(5_000), "label": np.arange(5_000) % 7}))
    shuffled = open_table(table.query("SELECT * FROM data ORDER BY hash(id)"))

    def test_rows(table: object, seed: int) -> set[int]:
        splits = split_table(table, Split(stratify="label", seed=seed))
        assert splits.test is not None
        return {row["id"] for row in splits.test.query("SELECT id FROM data").to_pylist()}

    assert test_rows(table, 1) == test_rows(shuffled, 1) != test_rows(table, 2)


def test_what_cannot_be_stratified_by_is_refused() -> None:
    table = open_table(pa.table({"x": np.arange(3_000) / 7, "label": np.arange(3_000) % 2}))
    with pytest.raises(DataError, match="too many values") as raised:
        split_table(table, Split(stratify="x"))
    assert raised.value.faults[0].received == "3,000"
    with pytest.raises(SpecError, match="no column 'lable'") as missing:
        split_table(table, Split(stratify="lable"))
    assert missing.value.faults[0].nearest == "label"


@pytest.fixture(scope="module")
def unbalanced() -> Splits:
    random = np.random.default_rng(0)
    label = pa.array(
        random.choice(["no", "yes", "maybe"], 30_000, p=[0.9, 0.08, 0.02]), mask=random.random(30_000) < 0.1
    )
    return split_table(open_table(pa.table({"id": np.arange(30_000), "label": label})), Split())


@pytest.mark.parametrize("wanted", [Downsample(rate=0.1), Downsample(ratio=2.0)])
def test_the_majority_alone_is_thinned_out_and_in_training_alone(unbalanced: Splits, wanted: Downsample) -> None:
    before, thinned = shares(unbalanced, "label"), downsample(unbalanced, "label", wanted, seed=1)
    after, found = shares(thinned, "label"), thinned.downsampled
    assert found is not None
    assert found.majority == "no"
    assert found.num_rows == before["no"][0]
    assert found.num_kept == after["no"][0]
    assert {name: counts for name, counts in after.items() if name != "no"} == {
        name: counts for name, counts in before.items() if name != "no"
    }
    assert after["no"][1:] == before["no"][1:]
    expected = 0.1 * before["no"][0] if wanted.rate else 2.0 * before["yes"][0]
    assert abs(after["no"][0] - expected) < 5 * math.sqrt(expected)
    assert found.weight * after["no"][0] == pytest.approx(before["no"][0])
    assert thinned.num_batched_rows == sum(map(sum, after.values())) == 30_000 - found.num_left_out
    assert thinned.counts == unbalanced.counts
    assert thinned.train.num_rows == unbalanced.counts[0]
    assert "each counting" in found.describe(weighted=True)
    assert "log odds of no" in found.describe(weighted=False)


def test_the_same_rows_are_left_out_every_time_and_others_with_another_seed(unbalanced: Splits) -> None:
    one, again, other = (downsample(unbalanced, "label", Downsample(rate=0.5), seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.parts, again.parts)
    assert not np.array_equal(one.parts, other.parts)
    assert np.array_equal(one.parts[one.parts != LEFT_OUT], unbalanced.parts[one.parts != LEFT_OUT])


def test_rows_that_are_equal_are_thinned_out_too() -> None:
    """A table of few distinct rows: what is left out follows from places, not from values."""
    table = open_table(pa.table({"x": np.zeros(9_000, np.int64), "late": np.arange(9_000) % 9 == 0}))
    splits = downsample(split_table(table, Split(method="none")), "late", Downsample(rate=0.25), seed=0)
    assert splits.downsampled is not None
    assert abs(splits.downsampled.num_kept - 2_000) < 5 * math.sqrt(2_000)


@pytest.mark.parametrize("wanted", [Downsample(rate=1.0), Downsample(ratio=100.0)])
def test_nothing_is_left_out_where_nothing_is_too_many(unbalanced: Splits, wanted: Downsample) -> None:
    assert downsample(unbalanced, "label", wanted, seed=1) is unbalanced
