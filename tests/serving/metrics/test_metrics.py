"""What is counted is told, over processes that live and that were killed; Prometheus' own parsers read it back."""

from __future__ import annotations

import gc
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open
from prometheus_client.parser import text_string_to_metric_families as parse_text

from hagane.serving.metrics.cells import CAPACITY, Cells
from hagane.serving.metrics.count_collections import CountCollections
from hagane.serving.metrics.exposition import OPEN_METRICS, TEXT, choose_format, exposition
from hagane.serving.metrics.families import COLLECTIONS, FAMILIES, IN_FLIGHT, MODEL_INFO, PAUSES, REQUESTS
from hagane.serving.metrics.family import Family
from hagane.serving.metrics.process_facts import process_facts
from hagane.serving.metrics.read_cells import FOLDED_NAME, read_cells
from hagane.serving.metrics.registry import Registry

SECONDS = Family("test_duration_seconds", "histogram", "How long.", ("route",), (0.1, 1.0, 2.5))
COUNT = Family("test_things", "counter", "How many.", ("name",))
NOW = Family("test_now", "gauge", "How many now.")
ALL = (SECONDS, COUNT, NOW)
SPAWN = multiprocessing.get_context("spawn")


def samples(processes: Any, form: Any = OPEN_METRICS, families: Any = ALL) -> dict[tuple[str, Any], float]:
    text = exposition(processes, form, families).decode()
    parsed = (parse_open if form is OPEN_METRICS else parse_text)(text)
    return {(each.name, frozenset(each.labels.items())): each.value for family in parsed for each in family.samples}


def key(metric: str, /, **labels: str) -> tuple[str, Any]:
    return metric, frozenset(labels.items())


@pytest.mark.parametrize("form", [TEXT, OPEN_METRICS])
def test_a_histogram_as_prometheus_reads_it(form: Any) -> None:
    registry = Registry()
    histogram = registry.histogram(SECONDS, "predict")
    for value in (0.05, 0.1, 0.5, 2.5, 30.0):
        histogram.observe(value)
    found = samples(registry.processes(), form)
    buckets = {bound: found[key("test_duration_seconds_bucket", route="predict", le=bound)] for bound in ("0.1", "1.0")}
    assert buckets == {"0.1": 2, "1.0": 3}
    assert found[key("test_duration_seconds_bucket", route="predict", le="2.5")] == 4
    assert found[key("test_duration_seconds_bucket", route="predict", le="+Inf")] == 5
    assert found[key("test_duration_seconds_count", route="predict")] == 5
    assert found[key("test_duration_seconds_sum", route="predict")] == pytest.approx(33.15)


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=20), st.floats(0, 1e300), max_size=5))
def test_any_label_comes_back(values: dict[str, float]) -> None:
    cells = Registry()
    for name, value in values.items():
        cells.number(COUNT, name).add(value)
    found = samples(cells.processes())
    assert found == {key("test_things_total", name=name): value for name, value in values.items()}
    cells.close()


def test_every_family_keeps_prometheus_conventions(tmp_path: Path) -> None:
    registry = Registry()
    for family in FAMILIES:
        labels = [f"some {label}" for label in family.labels]
        if family.kind == "histogram":
            registry.histogram(family, *labels).observe(0.5)
        else:
            registry.number(family, *labels).add(1)
    for form, parse in ((TEXT, parse_text), (OPEN_METRICS, parse_open)):
        text = exposition(registry.processes(), form).decode()
        assert len(list(parse(text))) == len(FAMILIES)
    for family in FAMILIES:
        assert re.fullmatch(r"(hagane|python|process)(_[a-z]+)+", family.name), family.name
        assert not family.name.endswith("_total")
        assert family.help.endswith(".")
    promtool = os.environ.get("HAGANE_PROMTOOL") or shutil.which("promtool")
    if promtool:
        text = exposition(registry.processes(), TEXT)
        ran = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, check=False)
        assert (ran.returncode, ran.stderr) == (0, b"")


def count_in(folder: Path, amount: int, ready: Any, end: Any) -> None:
    """A worker: it counts, says so, and waits for its end."""
    registry = Registry(folder)
    registry.number(COUNT, "a").add(amount)
    registry.number(NOW).set(amount)
    registry.histogram(SECONDS, "r").observe(amount)
    ready.set()
    end.wait(60)


def workers(folder: Path, amounts: list[int]) -> tuple[list[Any], Any]:
    end, ready = [[SPAWN.Event() for _ in amounts] for _ in range(2)]
    made = [
        SPAWN.Process(target=count_in, args=(folder, *each), daemon=True)
        for each in zip(amounts, ready, end, strict=True)
    ]
    for process in made:
        process.start()
    for event in ready:
        assert event.wait(60)
    return made, end  # an end of each one's own: an event whose waiter was killed never wakes anyone again


def test_processes_are_summed_and_those_that_were_killed_are_kept(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    registry.number(COUNT, "a").add(1)
    registry.number(NOW).set(1)
    made, end = workers(tmp_path, [10, 100])
    found = samples(registry.processes())
    assert (found[key("test_things_total", name="a")], found[key("test_now")]) == (111, 111)
    assert {each.pid for each in read_cells(tmp_path)} == {os.getpid(), *(process.pid for process in made)}
    os.kill(made[1].pid, signal.SIGKILL)
    made[1].join()
    for _ in range(3):  # the first time from its file, then from what was folded
        found = samples(registry.processes())
        assert (found[key("test_things_total", name="a")], found[key("test_now")]) == (111, 11)
        assert found[key("test_duration_seconds_count", route="r")] == 2
    assert (tmp_path / FOLDED_NAME).is_file()
    assert len(list(tmp_path.glob("*.cells"))) == 2
    end[0].set()
    made[0].join()
    found = samples(registry.processes())
    assert (found[key("test_things_total", name="a")], found[key("test_now")]) == (111, 1)
    registry.close()
    assert samples(read_cells(tmp_path))[key("test_things_total", name="a")] == 111


def test_a_file_that_was_folded_and_not_removed_counts_once(tmp_path: Path) -> None:
    """As where a reader died between its two steps."""
    registry = Registry(tmp_path)
    registry.number(COUNT, "a").add(5)
    path = next(tmp_path.glob("*.cells"))
    content = path.read_bytes()[:4096]
    registry.close()
    assert samples(read_cells(tmp_path))[key("test_things_total", name="a")] == 5
    path.write_bytes(content)
    assert samples(read_cells(tmp_path))[key("test_things_total", name="a")] == 5


@given(st.binary(max_size=200))
def test_foreign_files_are_passed_over(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("cells")
    (folder / "1-a.cells").write_bytes(content)
    (folder / FOLDED_NAME).write_bytes(content)
    assert samples(read_cells(folder)) == {}


def test_there_is_an_end_to_the_room(tmp_path: Path) -> None:
    cells = Cells()
    places = {cells.series(["x", {"label": str(number) * 1000}], 20) for number in range(CAPACITY // 1000)}
    assert len(places) < CAPACITY // 1000
    assert max(places) * 8 + 20 * 8 < CAPACITY
    cells.values[max(places)] += 1
    cells.close()


def test_samplers_and_this_process() -> None:
    registry = Registry()
    registry.sample_with(lambda: registry.number(NOW).set(7))
    assert samples(registry.processes())[key("test_now")] == 7
    facts = exposition(process_facts([os.getpid(), 2**22 + 1]), OPEN_METRICS).decode()
    found = {sample.name: sample.value for family in parse_open(facts) for sample in family.samples}
    if sys.platform == "linux":
        assert found["process_resident_memory_bytes"] > 1e6
        assert found["process_cpu_seconds_total"] > 0
        assert time.time() - 86400 * 30 < found["process_start_time_seconds"] <= time.time() + 1
        assert 3 <= found["process_open_fds"] < found["process_max_fds"]


def test_collections_are_counted() -> None:
    registry = Registry()
    counts = CountCollections(registry)
    gc.collect()
    counts.close()
    runs = registry.number(COLLECTIONS, "2").value
    assert runs >= 1
    assert registry.number(PAUSES, "2").value > 0
    gc.collect()
    assert registry.number(COLLECTIONS, "2").value == runs
    before = len(gc.callbacks)
    counts = CountCollections(registry)
    assert len(gc.callbacks) == before + 1
    del counts
    assert len(gc.callbacks) == before


def test_which_format() -> None:
    prometheus = (
        b"application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
        b"text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
    )
    assert choose_format(prometheus) is OPEN_METRICS
    for accept in (b"", b"*/*", b"text/plain", b"text/plain, application/openmetrics-text;q=0.1", b"\xff;q=x,;;,"):
        assert choose_format(accept) is TEXT
    assert choose_format(b"application/openmetrics-text;q=0") is TEXT


def test_gauges_that_say_what_is_are_not_added_up(tmp_path: Path) -> None:
    one, other = Registry(tmp_path), Registry(tmp_path)
    for registry in (one, other):
        registry.number(MODEL_INFO, "e", "m", "1", "id").set(1)
        registry.number(IN_FLIGHT, "inline").set(2)
        registry.number(REQUESTS, "e", "m", "1", "kserve", "predict", "2xx").add()
    found = samples(read_cells(tmp_path), families=FAMILIES)
    assert found[key("hagane_deployed_model_info", endpoint="e", model="m", version="1", deployed_model_id="id")] == 1
    assert found[key("hagane_requests_in_flight", way="inline")] == 4
    one.close()
    other.close()
