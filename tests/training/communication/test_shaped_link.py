"""Two machines joined by a slow cable: what is counted is what the network counts, and less of it is faster."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import communication as benchmark
from hagane.spec.communication import Communication
from shaped_link import ShapedLink, call, missing

BENCHMARKS = Path(benchmark.__file__).parent
pytestmark = pytest.mark.slow
MEGABITS = 50


@pytest.fixture(scope="module")
def link() -> Iterator[ShapedLink]:
    """A cable of 50 Mbit/s; skipped, with the reason, where there can be none."""
    if why := missing():
        pytest.skip(f"no link can be shaped here: {why}")
    with ShapedLink() as shaped:
        shaped.shape(MEGABITS)
        yield shaped


@pytest.fixture(scope="module")
def told(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> benchmark.Work:
    """A network of half a million parameters on Adult."""
    folder = tmp_path_factory.mktemp("adult")
    benchmark.encode_adult(shared_data / "adult", folder)
    return benchmark.Work(rank=0, size=2, folder=f"{folder}/rows", communication=Communication(),
                          hidden_units=(768, 512), batch_size=64, epochs=1, seed=0, num_steps=16)  # fmt: skip


def test_the_counted_bytes_are_those_of_the_network_and_fewer_are_faster(
    link: ShapedLink, told: benchmark.Work
) -> None:
    plain = benchmark.together(link, told)
    bits = 8 * plain.sent_bytes * told.num_steps
    assert plain.seconds > 0.9 * bits / (MEGABITS * 1e6), "the cable is not as slow as it should be"
    for name in ("bfloat16", "powersgd, rank 4", "DiLoCo, 16, bfloat16"):
        option = benchmark.OPTIONS[name]
        assert option is not None
        found = benchmark.together(link, benchmark.msgspec.structs.replace(told, communication=option))
        assert found.counted_bytes <= found.sent_bytes <= 1.05 * found.counted_bytes + 10_000, name
        assert found.sent_bytes < 0.52 * plain.sent_bytes, name
        assert found.seconds < (0.75 if name == "bfloat16" else 0.5) * plain.seconds, name


def test_ctrl_c_leaves_no_machine_behind() -> None:
    if why := missing():
        pytest.skip(f"no link can be shaped here: {why}")
    program = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n" \
              f"import sys, time; sys.path.insert(0, {str(BENCHMARKS)!r}); from shaped_link import ShapedLink\n" \
              "with ShapedLink(): print('up', flush=True); time.sleep(60)"  # fmt: skip
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    assert f"hagane-{process.pid}-0-1" in call("ip", "netns", "list")
    os.kill(process.pid, signal.SIGINT)
    process.wait(30)
    assert f"hagane-{process.pid}-" not in call("ip", "netns", "list")
