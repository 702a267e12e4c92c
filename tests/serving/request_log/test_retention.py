"""Whole hours go, the oldest first; what is being written stays."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.serving.request_log.log_folder import KINDS, OF_ROWS, Kind, LogFolder
from hagane.serving.request_log.log_options import LogOptions
from hagane.serving.request_log.retention import LATE_SECONDS, expire, first_open_hour

DAY = 24 * 3600
NOW = 1_000_000 * 3600 + 1_800


def fill(folder: LogFolder, sizes: dict[tuple[int, Kind], int]) -> None:
    for (hour, kind), size in sizes.items():
        (folder.make_hour(kind, hour) / "a.parquet").write_bytes(bytes(size))


def hours(folder: LogFolder) -> set[tuple[int, str]]:
    return {(hour, kind) for kind in KINDS for hour in folder.hours(kind)}


def test_by_age(tmp_path: Path) -> None:
    folder = LogFolder(tmp_path, "e")
    fill(folder, {(1_000_000 - ago, "requests"): 10 for ago in (0, 1, 24, 25, 26, 500)})
    expired = expire(folder, LogOptions(max_age_days=1, max_bytes=None), NOW)
    assert {1_000_000 - hour for hour, _ in hours(folder)} == {0, 1, 24}, "an hour is as old as its end"
    assert len(expired.hours) == 3
    assert expired.hours[0].startswith("requests/dt=")
    assert (expired.num_bytes, expired.left_bytes) == (30, 30)
    assert not list((folder.path / "requests").glob("dt=*/.*"))


def test_by_size_the_oldest_first_over_both_kinds(tmp_path: Path) -> None:
    folder = LogFolder(tmp_path, "e")
    fill(folder, {(hour, kind): 100 for hour in range(10) for kind in OF_ROWS})
    expired = expire(folder, LogOptions(max_age_days=None, max_bytes=450), NOW)
    assert hours(folder) == {(hour, kind) for hour in (8, 9) for kind in OF_ROWS}
    assert expired.left_bytes == 400


def test_what_is_written_stays_whatever_it_takes(tmp_path: Path) -> None:
    folder = LogFolder(tmp_path, "e")
    fill(folder, {(1_000_000, "requests"): 1_000, (999_999, "requests"): 1_000})
    expired = expire(folder, LogOptions(max_bytes=1), NOW - 1_800 + LATE_SECONDS - 1)
    assert hours(folder) == {(1_000_000, "requests"), (999_999, "requests")}, "the last hour's rows may still come"
    assert expired.left_bytes == 2_000
    expire(folder, LogOptions(max_bytes=1), NOW)
    assert hours(folder) == {(1_000_000, "requests")}
    assert first_open_hour(NOW) == 1_000_000


def test_a_dry_run_tells_and_deletes_nothing(tmp_path: Path) -> None:
    folder = LogFolder(tmp_path, "e")
    fill(folder, {(1, "requests"): 10, (1_000_000, "requests"): 10})
    told = expire(folder, LogOptions(), NOW, dry_run=True)
    assert len(hours(folder)) == 2
    assert told == expire(folder, LogOptions(), NOW)
    assert len(hours(folder)) == 1


@settings(max_examples=40)
@given(
    sizes=st.dictionaries(st.tuples(st.integers(999_900, 1_000_000), st.sampled_from(KINDS)), st.integers(0, 50)),
    max_bytes=st.none() | st.integers(0, 500),
    days=st.none() | st.floats(0, 5),
)
def test_afterwards_both_limits_hold(
    tmp_path_factory: object, sizes: dict[tuple[int, Kind], int], max_bytes: int | None, days: float | None
) -> None:
    folder = LogFolder(tmp_path_factory.mktemp("log"), "e")  # type: ignore[attr-defined]
    fill(folder, sizes)
    expired = expire(folder, LogOptions(max_age_days=days, max_bytes=max_bytes), NOW)
    left = hours(folder)
    kept = sum(sizes[each] for each in left)  # type: ignore[index]
    assert expired.left_bytes == kept
    assert {each for each in sizes if each[0] == 1_000_000} <= left
    if max_bytes is not None and any(hour < 1_000_000 for hour, _ in left):
        assert kept <= max_bytes
    if days is not None:
        assert all(hour == 1_000_000 or (hour + 1) * 3600 > NOW - days * DAY for hour, _ in left)
    gone = set(sizes) - left
    if days is None and gone and left:
        assert min(hour for hour, _ in left) >= max(hour for hour, _ in gone)
