"""Batches of an epoch: every row once, for any number of ranks, from any position, and the thread behind them."""

from __future__ import annotations

import itertools
import threading
from pathlib import Path

import numpy as np
import pytest
from encoded_rows import assert_rows, write_rows
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.errors import DataError
from hagane.features.encoded import Encoded, EncodedWriter
from hagane.features.encoded_reader import EncodedReader, Position
from hagane.features.prefetch import prefetch

CASES = st.fixed_dictionaries(
    {
        "rows": st.integers(0, 90),
        "block_rows": st.integers(1, 20),
        "batch_rows": st.integers(1, 25),
        "world_size": st.integers(1, 5),
        "window_blocks": st.integers(1, 4),
        "seed": st.integers(0, 2**40),
        "shuffle": st.booleans(),
    }
)


def labels_only(folder: Path, rows: int, block_rows: int) -> Encoded:
    writer = EncodedWriter(folder, (), block_rows=block_rows)
    writer.append([np.arange(rows)])
    return writer.close()


def readers(folder: Path, case: dict[str, int], remainder: str, share: str = "stretch") -> list[EncodedReader]:
    encoded = labels_only(folder, case["rows"], case["block_rows"])
    settings = {name: case[name] for name in ("world_size", "window_blocks", "seed", "shuffle")} | {"share": share}
    return [
        EncodedReader(encoded, case["batch_rows"], rank=rank, remainder=remainder, chunks_ahead=0, **settings)
        for rank in range(case["world_size"])
    ]


def served(reader: EncodedReader, epoch: int, first: int = 0) -> list[list[int]]:
    return [batch.label.tolist() for batch in reader.epoch(epoch, first=first)]


@given(case=CASES, epoch=st.integers(0, 3))
@settings(max_examples=150, deadline=None)
def test_the_ranks_together_serve_every_row_once(
    tmp_path_factory: pytest.TempPathFactory, case: dict[str, int], epoch: int
) -> None:
    ranks = [served(reader, epoch) for reader in readers(tmp_path_factory.mktemp("r"), case, "short")]
    assert sorted(row for batches in ranks for batch in batches for row in batch) == list(range(case["rows"]))
    for batches in ranks:
        assert all(len(batch) == case["batch_rows"] for batch in batches[:-1])
        assert all(0 < len(batch) <= case["batch_rows"] for batch in batches[-1:])
    counts = [sum(map(len, batches)) for batches in ranks]
    assert max(counts) - min(counts) <= 1


@given(case=CASES, epoch=st.integers(0, 3), first=st.integers(0, 5))
@settings(max_examples=150, deadline=None)
def test_side_by_side_the_parts_of_a_batch_are_the_batch_of_one_rank_alone(
    tmp_path_factory: pytest.TempPathFactory, case: dict[str, int], epoch: int, first: int
) -> None:
    folder = tmp_path_factory.mktemp("r")
    parts = [served(reader, epoch, first) for reader in readers(folder, case, "short", "batch")]
    (alone,) = readers(folder, case | {"world_size": 1}, "short")
    assert [list(itertools.chain(*same)) for same in zip(*parts, strict=True)] == served(alone, epoch, first)
    assert all(max(map(len, same)) - min(map(len, same)) <= 1 for same in zip(*parts, strict=True))
    assert [alone.num_batch_rows(number) for number in range(alone.num_batches)] == list(map(len, served(alone, epoch)))


@given(case=CASES, epoch=st.integers(0, 3))
@settings(max_examples=150, deadline=None)
def test_even_gives_every_rank_as_many_batches_and_loses_none(
    tmp_path_factory: pytest.TempPathFactory, case: dict[str, int], epoch: int
) -> None:
    folder = tmp_path_factory.mktemp("r")
    if 0 < case["rows"] < case["world_size"]:
        with pytest.raises(DataError, match="fewer rows than ranks"):
            readers(folder, case, "even")
        return
    ranks = [served(reader, epoch) for reader in readers(folder, case, "even")]
    assert sorted(row for batches in ranks for batch in batches for row in batch) == list(range(case["rows"]))
    assert len({len(batches) for batches in ranks}) == 1
    sizes = [len(batch) for batches in ranks for batch in batches]
    assert not sizes or max(sizes) <= case["batch_rows"]
    for batches in ranks:
        assert max(map(len, batches), default=0) - min(map(len, batches), default=0) <= 1


@given(case=CASES, epoch=st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_drop_gives_full_batches_alone(
    tmp_path_factory: pytest.TempPathFactory, case: dict[str, int], epoch: int
) -> None:
    ranks = [served(reader, epoch) for reader in readers(tmp_path_factory.mktemp("r"), case, "drop")]
    rows = [row for batches in ranks for batch in batches for row in batch]
    assert len(rows) == len(set(rows))
    assert {len(batches) for batches in ranks} == {case["rows"] // case["world_size"] // case["batch_rows"]}
    assert all(len(batch) == case["batch_rows"] for batches in ranks for batch in batches)


@given(case=CASES, remainder=st.sampled_from(["short", "drop"]), data=st.data())
@settings(max_examples=60, deadline=None)
def test_every_position_goes_on_exactly_there(
    tmp_path_factory: pytest.TempPathFactory, case: dict[str, int], remainder: str, data: st.DataObject
) -> None:
    reader = readers(tmp_path_factory.mktemp("r"), case, remainder)[-1]
    whole = [(position, batch.label.tolist()) for position, batch in reader.epochs(num_epochs=3)]
    assert len(whole) == 3 * reader.num_batches
    if whole:
        index = data.draw(st.integers(0, len(whole) - 1))
        rest = [(position, batch.label.tolist()) for position, batch in reader.epochs(whole[index][0], num_epochs=3)]
        assert rest == whole[index + 1 :]


def test_a_batch_has_all_its_columns(tmp_path: Path) -> None:
    encoded = write_rows(tmp_path, [1000], 64)
    for batch in EncodedReader(encoded, 96, seed=3, window_blocks=3).epoch(0):
        assert_rows(batch, batch.label)


def test_epochs_and_seeds_differ_and_repeat(tmp_path: Path) -> None:
    encoded = labels_only(tmp_path, 2000, 64)
    orders = [
        [row for batch in served(EncodedReader(encoded, 100, seed=seed), epoch) for row in batch]
        for seed, epoch in ((1, 0), (1, 1), (2, 0), (1, 0))
    ]
    assert orders[0] == orders[3]
    assert len({tuple(order) for order in orders}) == 3


def test_one_window_is_a_perfect_shuffle(tmp_path: Path) -> None:
    """Where row 0 of 6 lands, over 3,000 epochs: chi squared of 5 degrees is above 20.5 once in 1,000 times."""
    reader = EncodedReader(labels_only(tmp_path, 6, 2), 6, seed=0, window_blocks=3, chunks_ahead=0)
    places = [next(reader.epoch(epoch)).label.tolist().index(0) for epoch in range(3000)]
    counts = np.bincount(places, minlength=6)
    assert ((counts - 500) ** 2 / 500).sum() < 20.5


def test_a_rank_meets_all_rows_in_time(tmp_path: Path) -> None:
    reader = EncodedReader(labels_only(tmp_path, 100, 64), 10, seed=0, rank=1, world_size=4)
    assert len({row for epoch in range(60) for batch in served(reader, epoch) for row in batch}) == 100


def test_a_window_reads_its_blocks_alone(tmp_path: Path) -> None:
    encoded = labels_only(tmp_path, 640, 64)
    batches = served(EncodedReader(encoded, 128, seed=5, window_blocks=2), 0)
    assert [len({row // 64 for row in batch}) for batch in batches] == [2] * 5


def test_windows_before_a_position_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded = labels_only(tmp_path, 640, 64)
    reader = EncodedReader(encoded, 128, seed=5, window_blocks=2)
    whole = served(reader, 0)
    read: list[tuple[int, int]] = []
    window = Encoded.window
    monkeypatch.setattr(Encoded, "window", lambda self, stretches: (read.extend(stretches), window(self, stretches))[1])
    assert served(reader, 0, first=3) == whole[3:]
    assert sorted(row for start, stop in read for row in range(start, stop)) == sorted(
        row for batch in whole[3:] for row in batch
    )


def test_rows_too_wide_to_hold_come_out_of_the_mapped_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded = write_rows(tmp_path, [300], block_rows=32)
    held = list(EncodedReader(encoded, 10, seed=5).epoch(2))
    monkeypatch.setattr("hagane.features.encoded_reader.WINDOW_BYTES", 0)
    for one, other in zip(held, EncodedReader(encoded, 10, seed=5).epoch(2), strict=True):
        assert_rows(one, np.asarray(other.label))
        assert_rows(other, np.asarray(one.label))


def test_columns_evicted_meanwhile_stay_readable(tmp_path: Path) -> None:
    encoded = labels_only(tmp_path, 640, 64)
    reader = EncodedReader(encoded, 128, seed=5)
    whole = served(reader, 0)
    for path in tmp_path.glob("*.column"):
        path.unlink()
    assert served(reader, 0) == whole


def threads() -> set[str]:
    return {thread.name.partition("_")[0] for thread in threading.enumerate()} & {"prefetch", "read-ahead"}


def test_stopping_early_ends_the_threads(tmp_path: Path) -> None:
    encoded = labels_only(tmp_path, 5000, 64)
    batches = EncodedReader(encoded, 10, seed=5).epoch(0)
    next(batches)
    assert "prefetch" in threads()
    with pytest.raises(KeyboardInterrupt):
        batches.throw(KeyboardInterrupt)
    assert not threads()


def test_an_error_comes_in_its_turn(tmp_path: Path) -> None:
    def items():  # type: ignore[no-untyped-def]
        yield 1
        yield 2
        raise OSError("the disk is gone")

    found = prefetch(items(), 5)
    assert [next(found), next(found)] == [1, 2]
    with pytest.raises(OSError, match="the disk is gone"):
        next(found)
    assert not threads()


def test_the_position_behind_the_last_batch_is_the_next_epoch(tmp_path: Path) -> None:
    reader = EncodedReader(labels_only(tmp_path, 5, 64), 2, seed=5)
    assert [position for position, _ in reader.epochs(num_epochs=2)] == [
        Position(0, 1), Position(0, 2), Position(1, 0), Position(1, 1), Position(1, 2), Position(2, 0)
    ]  # fmt: skip
