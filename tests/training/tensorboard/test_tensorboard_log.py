"""Event files against protobuf's own parser, the checksum's published vectors, and (slow) TensorBoard itself."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from event_files import PROTO, events, long_division, scalars
from hypothesis import given
from hypothesis import strategies as st

from hagane.progress.events import CheckpointWritten, IterationEnded, Resumed, StepEnded
from hagane.training.tensorboard.crc32c import crc32c
from hagane.training.tensorboard.event_file import EventFile
from hagane.training.tensorboard.messages import varint_field
from hagane.training.tensorboard.tensorboard_log import TensorBoardLog


@pytest.mark.parametrize(
    ("data", "checksum"),
    [
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
        (b"123456789", 0xE3069283),
    ],
)
def test_checksums_of_rfc_3720(data: bytes, checksum: int) -> None:
    assert crc32c(data) == checksum


@given(st.binary(max_size=200))
def test_checksums_by_definition(data: bytes) -> None:
    assert crc32c(data) == long_division(data)


@given(st.integers(-(2**63), 2**64 - 1))
def test_varints(number: int) -> None:
    entry = varint_field(2, number)
    assert PROTO["Event"].FromString(entry).step == (number if number < 2**63 else number - 2**64)


def iteration(number: int, **other: Any) -> IterationEnded:
    facts: dict[str, Any] = {"loss": 1 / number, "eval_loss": 2 / number, "metric": None, "metric_name": None}
    return IterationEnded(
        number=number,
        max_iterations=9,
        step=10 * number,
        learning_rate=0.5,
        duration_seconds=2.0,
        examples_per_second=160.0,
        best_iteration=1,
        **facts | other,
    )


def step(number: int, loss: float | None = None) -> StepEnded:
    loss = 1 / number if loss is None else loss
    return StepEnded(step=number, loss=loss, learning_rate=0.5, num_examples=32, duration_seconds=0.25)


def test_scalars_of_steps_and_iterations(tmp_path: Path) -> None:
    with TensorBoardLog(tmp_path) as log:
        for number in (1, 2):
            log.tell(step(number))
        log.tell(CheckpointWritten(step=2, path="x", num_bytes=1, duration_seconds=0.1))
        log.tell(iteration(1, metric=0.75, metric_name="roc_auc"))
        log.tell(iteration(2, eval_loss=None))
    (path,) = tmp_path.iterdir()
    assert scalars(path) == {
        "step/loss": [(1, 1.0), (2, 0.5)],
        "step/learning_rate": [(1, 0.5), (2, 0.5)],
        "step/examples_per_second": [(1, 128.0), (2, 128.0)],
        "loss/train": [(10, 1.0), (20, 0.5)],
        "loss/eval": [(10, 2.0)],
        "learning_rate": [(10, 0.5), (20, 0.5)],
        "examples_per_second": [(10, 160.0), (20, 160.0)],
        "metric/roc_auc": [(10, 0.75)],
    }
    first = next(events(path))
    assert (first.file_version, first.step) == ("brain.Event:2", 0)


def test_numbers_beyond_a_float32(tmp_path: Path) -> None:
    with TensorBoardLog(tmp_path) as log:
        for number, loss in enumerate((1e300, -1e300, math.nan, 3.4e38), 1):
            log.tell(step(number, loss))
    (path,) = tmp_path.iterdir()
    losses = [loss for _, loss in scalars(path)["step/loss"]]
    assert losses[:2] == [math.inf, -math.inf]
    assert math.isnan(losses[2])
    assert losses[3] == pytest.approx(3.4e38, rel=1e-6)


def test_hyperparameters(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), TensorBoardLog(tmp_path, {"rate": 0.5, "kind": "adam", "stop": True}):
        raise ZeroDivisionError
    (path,) = tmp_path.iterdir()
    values = {value.tag: value.metadata.plugin_data for event in events(path) for value in event.summary.value}
    assert {each.plugin_name for each in values.values()} == {"hparams"}
    start = PROTO["HParams"].FromString(values["_hparams_/session_start_info"].content).start
    assert {entry.key: getattr(entry.value, entry.value.WhichOneof("kind")) for entry in start.hparams} == {
        "rate": 0.5,
        "kind": "adam",
        "stop": True,
    }
    assert PROTO["HParams"].FromString(values["_hparams_/session_end_info"].content).end.status == 2


def write_interrupted(folder: Path) -> None:
    """30 steps and some, a kill, and the rest from step 20."""
    log = TensorBoardLog(folder, {"learn_rate": 0.5})
    for number in range(1, 36):
        log.tell(step(number, 99.0 if number > 20 else None))
        if number % 10 == 0:
            log.tell(iteration(number // 10, loss=99.0 if number > 20 else 1.0))
    (path,) = folder.iterdir()
    path.write_bytes(path.read_bytes()[:-7])
    with TensorBoardLog(folder) as log:
        log.tell(Resumed(step=20, iteration=2))
        for number in range(21, 51):
            log.tell(step(number))
            if number % 10 == 0:
                log.tell(iteration(number // 10, loss=1.0))


def test_a_training_that_goes_on_voids_what_came_later(tmp_path: Path) -> None:
    write_interrupted(tmp_path)
    _, second = sorted(tmp_path.iterdir())
    starts = [event.step for event in events(second) if event.HasField("session_log")]
    assert starts == [21]
    assert [at for at, _ in scalars(second)["step/loss"]] == list(range(21, 51))


def test_a_training_from_the_start_voids_all_there_was(tmp_path: Path) -> None:
    with TensorBoardLog(tmp_path) as log:
        log.tell(iteration(1))
    (path,) = tmp_path.iterdir()
    kinds = [event.step for event in events(path) if event.HasField("session_log")]
    assert kinds == [1]


def test_files_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    paths = []
    for _ in range(12):
        file = EventFile(tmp_path)
        paths.append(file.path)
        file.close()
    assert sorted(paths) == paths
    assert len(set(paths)) == 12


def test_a_full_disk_is_told_once(tmp_path: Path) -> None:
    reasons: list[OSError] = []
    log = TensorBoardLog(tmp_path, on_loss=reasons.append)

    class Full:
        def write(self, _: bytes) -> None:
            raise OSError(28, "No space left on device")

        def close(self) -> None: ...

    log._file.close()
    log._file._file = Full()  # type: ignore[assignment]
    for number in range(1, 5):
        log.tell(step(number))
    assert [error.errno for error in reasons] == [28]


READ = """
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
log = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0})
log.Reload()
print(json.dumps({tag: [(e.step, e.value) for e in log.Scalars(tag)] for tag in log.Tags()["scalars"]}))
"""


@pytest.mark.slow
def test_tensorboard_reads_it(tmp_path: Path) -> None:
    """In an environment of its own: TensorBoard brings a dozen packages."""
    python = tmp_path / "environment" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "environment")], check=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "tensorboard==2.21.0"]
    if (done := subprocess.run(install, capture_output=True, text=True, check=False)).returncode:
        pytest.skip(f"TensorBoard cannot be installed: {done.stderr.strip().splitlines()[-1]}")
    write_interrupted(tmp_path / "run")
    read = subprocess.run([str(python), "-c", READ, str(tmp_path / "run")], capture_output=True, text=True, check=True)
    found = json.loads(read.stdout)
    assert [at for at, _ in found["step/loss"]] == list(range(1, 51))
    assert [loss for _, loss in found["step/loss"]] == pytest.approx([1 / at for at in range(1, 51)], rel=1e-6)
    assert found["loss/train"] == [[at, 1.0] for at in (10, 20, 30, 40, 50)]
