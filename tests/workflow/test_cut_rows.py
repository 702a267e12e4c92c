"""Windows of so many rows: they partition the rows whatever the order in which these are written."""

from __future__ import annotations

import collections
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.serving.request_log import made_hours

from hagane.errors import SpecError
from hagane.fronts.cli.run import run as run_command
from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.windows import Window
from hagane.serving.request_log.hour_writer import write_rows
from hagane.serving.request_log.log_folder import LogFolder
from hagane.serving.request_log.model_file import write_model_file
from hagane.spec.monitoring import Monitoring
from hagane.spec.read_yaml import read_yaml
from hagane.workflow.monitor import monitor
from hagane.workflow.summarise_log import summarise_log
from hagane.workspace.row_cuts import RowCut, RowCuts, RowPlace
from hagane.workspace.window_summaries import WindowSummaries
from hagane.workspace.workspace import Workspace

HOUR = 3_600_000_000
FIRST = 20_000 * 24
TEN = Monitoring(every="10 rows", min_rows=1)


def place_of(root: Path) -> tuple[Workspace, LogFolder]:
    place = Workspace(root)
    folder = LogFolder(place.logs_folder, "e")
    for version in ("1", "2"):
        write_model_file(folder, made_hours.model(version))
    return place, folder


def write(folder: LogFolder, name: str, numbers: list[int], hour: int, version: str = "1") -> None:
    """Row `number` comes `number` µs after the beginning of the hour, and holds its number as its age."""
    path = folder.make_hour("requests", FIRST + hour) / f"{name}.parquet"
    write_rows(path, made_hours.rows(numbers, FIRST + hour, version))


def windows(place: Workspace, every: str = "10 rows") -> list[WindowSummary]:
    return WindowSummaries(place.monitoring_folder, "e").between(every)


def sums(place: Workspace) -> list[tuple[str, int, object, object]]:
    return [(each.version, each.num_rows, each.inputs["age"].min, each.inputs["age"].max) for each in windows(place)]


def test_each_model_has_its_own_and_the_last_waits_until_it_is_full(tmp_path: Path) -> None:
    place, folder = place_of(tmp_path)
    write(folder, "a", list(range(25)), 0)
    write(folder, "b", list(range(100, 117)), 1, "2")
    assert len(summarise_log("e", workspace=place, monitoring=TEN).windows) == 3
    assert sums(place) == [("1", 10, 0, 9), ("1", 10, 10, 19), ("2", 10, 100, 109)]
    assert summarise_log("e", workspace=place, monitoring=TEN).windows == ()
    write(folder, "c", list(range(30, 36)), 1)
    assert len(summarise_log("e", workspace=place, monitoring=TEN).windows) == 1, "five of one hour, five of the next"
    assert ("1", 10, 20, 34) in sums(place)
    shown = monitor("e", workspace=place, monitoring=TEN, baseline="previous")
    assert len(shown.windows) == 4
    assert all(window.is_judged for window in shown.windows)


def test_late_rows_belong_where_they_lie(tmp_path: Path) -> None:
    place, folder = place_of(tmp_path)
    write(folder, "a", [number for number in range(40) if number not in (3, 9, 10, 25)], 0)
    summarise_log("e", workspace=place, monitoring=TEN)
    before = [(each.window, each.num_rows) for each in windows(place)]
    assert [count for _, count in before] == [10, 10, 10]
    write(folder, "late", [3, 9, 10, 25], 0)
    again = summarise_log("e", workspace=place, monitoring=TEN)
    after = [(each.window, each.num_rows) for each in windows(place)]
    assert [count for _, count in after] == [13, 10, 11], (
        "3, 9 and 10 lie before the first cut (12), 25 after the second"
    )
    assert set(again.windows) <= {window for window, _ in after}
    assert [window for window, _ in after][:3] == [window for window, _ in before]


def test_rows_of_one_moment_are_cut_by_request_and_row(tmp_path: Path) -> None:
    place, folder = place_of(tmp_path)
    rows = made_hours.rows(list(range(35)), FIRST)
    same = rows.set_column(2, "time", pa.array([FIRST * HOUR] * 35, rows.schema.field("time").type))
    write_rows(folder.make_hour("requests", FIRST) / "a.parquet", same.replace_schema_metadata(rows.schema.metadata))
    summarise_log("e", workspace=place, monitoring=TEN)
    found = windows(place)
    start = FIRST * HOUR
    assert [each.window for each in found] == [Window(start + n, start + n + 1) for n in range(3)], "no two are one"
    ages = sorted(range(35), key=lambda number: f"r{number}")
    expected = [sum(ages[n : n + 10]) / 10 for n in (0, 10, 20)]
    assert [each.inputs["age"].mean for each in found] == pytest.approx(expected)


def test_rows_that_may_have_late_neighbours_wait(tmp_path: Path) -> None:
    place, folder = place_of(tmp_path)
    write(folder, "a", list(range(10)), 0)
    soon = FIRST * HOUR + 5_000_000
    assert summarise_log("e", workspace=place, monitoring=TEN, now=soon).windows == ()
    assert summarise_log("e", workspace=place, monitoring=TEN, now=soon - HOUR).windows == (), "a clock set back"
    assert len(summarise_log("e", workspace=place, monitoring=TEN, now=soon + 60_000_000).windows) == 1


def test_of_two_processes_one_cuts(tmp_path: Path) -> None:
    place, folder = place_of(tmp_path)
    write(folder, "a", list(range(10)), 0)
    summarise_log("e", workspace=place, monitoring=TEN)
    (summary,) = windows(place)
    cuts = RowCuts(WindowSummaries(place.monitoring_folder, "e").path, "10 rows")
    other = RowCut(5, 6, 10, RowPlace(7, "r", 0))
    assert not cuts.put(other, summary, after=None), "the rows were cut from their beginning already"
    assert len(windows(place)) == 1


def test_a_damaged_file_keeps_back_what_comes_after_it(tmp_path: Path) -> None:
    place, folder = place_of(tmp_path)
    write(folder, "a", list(range(25)), 0)
    write(folder, "b", list(range(100, 130)), 1)
    write(folder, "c", list(range(200, 230)), 2)
    path = folder.hour_path("requests", FIRST + 1) / "b.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    for windows_made in (2, 0):
        done = summarise_log("e", workspace=place, monitoring=TEN)
        (note,) = done.notes
        assert "rows wait to be cut into windows" in note
        assert "b.parquet" in note
        assert len(done.windows) == windows_made
    assert sums(place) == [("1", 10, 0, 9), ("1", 10, 10, 19)]
    path.write_bytes(whole)
    assert len(summarise_log("e", workspace=place, monitoring=TEN).windows) == 6
    assert sums(place)[2:4] == [("1", 10, 20, 104), ("1", 10, 105, 114)], "none was cut without the damaged rows"
    assert sum(count for _, count, *_ in sums(place)) == 80


@pytest.mark.parametrize("every", ["10 rows", "day"])
def test_nobody_is_told_to_come_back_for_what_is_damaged(
    tmp_path: Path, every: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _, folder = place_of(tmp_path)
    write(folder, "a", list(range(25)), 0)
    path = folder.hour_path("requests", FIRST) / "a.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    asked = ["monitor", "e", "--workspace", str(tmp_path), "--window"]
    assert run_command([*asked, every]) == 0
    told = capsys.readouterr().err
    assert ("a.parquet is damaged" if every == "10 rows" else "the file cannot be read") in told
    assert "come back" not in told
    path.write_bytes(whole)
    assert run_command([*asked, "50 rows"]) == 0
    assert "come back later" in capsys.readouterr().err


def test_a_damaged_page_keeps_back_its_own_model_alone(tmp_path: Path) -> None:
    place, folder = place_of(tmp_path)
    write(folder, "a", list(range(20)), 0)
    write(folder, "b", list(range(20, 50)), 0, "2")
    path = folder.hour_path("requests", FIRST) / "a.parquet"
    whole = path.read_bytes()
    column = pq.read_metadata(path).row_group(0)
    ages = next(each for each in map(column.column, range(column.num_columns)) if each.path_in_schema == "instance.age")
    start = ages.dictionary_page_offset or ages.data_page_offset
    path.write_bytes(whole[:start] + bytes(ages.total_compressed_size) + whole[start + ages.total_compressed_size :])
    done = summarise_log("e", workspace=place, monitoring=TEN)
    assert len(done.notes) == 1
    assert [version for version, *_ in sums(place)] == ["2", "2", "2"]
    path.write_bytes(whole)
    assert len(summarise_log("e", workspace=place, monitoring=TEN).windows) == 2


def test_a_damaged_window_is_summed_up_again_without_the_others_waiting(tmp_path: Path) -> None:
    place, folder = place_of(tmp_path)
    write(folder, "a", [number for number in range(20) if number != 15], 0)
    write(folder, "b", list(range(30, 50)), 1)
    assert len(summarise_log("e", workspace=place, monitoring=TEN).windows) == 3
    path = folder.hour_path("requests", FIRST) / "a.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    write(folder, "late", [15], 0)
    write(folder, "c", [50], 1)
    done = summarise_log("e", workspace=place, monitoring=TEN)
    assert (len(done.notes), len(done.windows)) == (1, 1)
    path.write_bytes(whole)
    done = summarise_log("e", workspace=place, monitoring=TEN)
    assert not done.notes
    assert sorted(count for _, count, *_ in sums(place)) == [10, 10, 10, 11]


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_every_row_is_in_one_window_in_whatever_order_they_come(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    place, folder = place_of(tmp_path_factory.mktemp("home"))
    numbers = data.draw(st.permutations(range(data.draw(st.integers(1, 60)))))
    asked = Monitoring(every=f"{data.draw(st.integers(2, 20))} rows")
    cut = sorted(data.draw(st.lists(st.integers(0, len(numbers)), max_size=2)))
    for place_in_order, (begin, end) in enumerate(zip([0, *cut], [*cut, len(numbers)], strict=True)):
        by_hour = collections.defaultdict(list)
        for number in numbers[begin:end]:
            by_hour[number % 2].append(number)
        for hour, some in by_hour.items():
            write(folder, f"w{place_in_order}", some, hour)
        summarise_log("e", workspace=place, monitoring=asked)
    cuts = RowCuts(WindowSummaries(place.monitoring_folder, "e").path, asked.every).cuts("id1")
    rows = sorted((RowPlace((FIRST + number % 2) * HOUR + number, f"r{number}", 0), number) for number in numbers)
    found = windows(place, asked.every)
    edges = [None, *(each.last for each in cuts)]
    for before, each, summary in zip(edges, cuts, found, strict=False):
        inside = [number for where, number in rows if (before is None or where > before) and where <= each.last]
        assert len(inside) >= int(asked.every.split()[0])
        assert (summary.num_rows, summary.inputs["age"].mean) == (
            len(inside), pytest.approx(sum(inside) / len(inside)))  # fmt: skip
    rest = [number for where, number in rows if not cuts or where > cuts[-1].last]
    assert len(rest) < int(asked.every.split()[0]), "what is left is no full window"


def test_a_spec_says_it_in_words() -> None:
    assert read_yaml("data: f.csv\nlabel: y\nmonitoring: {every: 5000 rows}\n").monitoring == Monitoring(
        every="5000 rows"
    )
    for wrong in ("0 rows", "rows", "dya", "-5 rows", "5.5 rows"):
        with pytest.raises(SpecError, match="no window"):
            read_yaml(f"data: f.csv\nlabel: y\nmonitoring: {{every: '{wrong}'}}\n")
    with pytest.raises(SpecError, match="no window would be judged"):
        read_yaml("data: f.csv\nlabel: y\nmonitoring: {every: 50 rows}\n")
