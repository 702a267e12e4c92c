"""Events as lines: whole, in order, read back as they were told, whatever happens to the writer or its disk."""

from __future__ import annotations

import io
import itertools
import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hagane.errors import Fault
from hagane.progress.event_log import EventLog
from hagane.progress.event_reader import EventReader
from hagane.progress.events import (
    EVENTS_VERSION,
    CheckpointWritten,
    Event,
    Failed,
    Finished,
    IterationEnded,
    Noted,
    PhaseStarted,
    Resumed,
    Started,
    StepEnded,
    StoppedEarly,
    StudyEnded,
    StudyStarted,
    TrialEnded,
    TrialMeasured,
    TrialStarted,
    Warned,
    WorkerDied,
)
from hagane.progress.follow_events import follow_events
from hagane.progress.replay import PhaseFailedError, Replay
from hagane.progress.step_thinner import StepThinner
from hagane.progress.tee import Tee


class Recorder:
    """A `Progress` that keeps a line for whatever it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def phase(
        self,
        name: str,
        *,
        total: float | None = None,
        unit: str = "rows",
        at_most: bool = False,
        completed: float = 0.0,
    ) -> RecordedPhase:
        self.lines.append(f"begin {name} {total and float(total)} {unit}{' at most' if at_most else ''}")
        return RecordedPhase(self, name, completed)

    def note(self, text: str) -> None:
        self.lines.append(f"note {text}")

    def tell(self, event: Event) -> None:
        self.lines.append(type(event).__name__)


class RecordedPhase:
    def __init__(self, recorder: Recorder, name: str, completed: float) -> None:
        self.recorder, self.name, self.completed = recorder, name, completed

    def __enter__(self) -> RecordedPhase:
        return self

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        self.recorder.lines.append(f"end {self.name} {self.completed:g} {type(error).__name__ if error else 'well'}")

    def advance(self, amount: float = 1, **figures: float) -> None:
        self.completed += amount


def iteration(number: int = 1, **other: float | None) -> IterationEnded:
    return IterationEnded(
        number=number,
        max_iterations=9,
        step=10 * number,
        loss=other.get("loss", 0.5),
        eval_loss=None,
        learning_rate=0.1,
        duration_seconds=1.5,
        examples_per_second=100.0,
        best_iteration=None,
    )


EVERY_EVENT: list[Event] = [
    iteration(),
    CheckpointWritten(step=3, path="a/b", num_bytes=12, duration_seconds=0.1),
    Resumed(step=3, iteration=1),
    WorkerDied(worker=1, num_workers=2, exit_code=-9, restarts_left=3, step=3),
    StoppedEarly(iteration=5, best_iteration=3, best_value=0.25),
    StudyStarted(study="late", objectives={"roc_auc": "MAXIMIZE"}, parameters=("transform.age",), num_trials=20),
    TrialStarted(trial=3, parameters={"transform.age": None, "model.options.hidden_units": [64, 32]}),
    TrialMeasured(trial=3, iteration=4, max_iterations=20, metrics={"roc_auc": 0.75}, elapsed_seconds=0.5),
    TrialEnded(trial=3, state="FAILED", reason="the loss became nan", metrics={"roc_auc": None}, duration_seconds=1.0),
    StudyEnded(study="late", reason="budget", states={"FAILED": 1}, duration_seconds=1.0),
    Noted(text="naïve\n“text”"),
    Warned(text="so"),
    Failed(error="SpecError", faults=(Fault(what="no", where="here"),), exit_code=3),
    Finished(model="late@1", bundle="x", duration_seconds=2.0),
]


def without_time(event: Event) -> dict[str, object]:
    return {name: getattr(event, name) for name in event.__struct_fields__ if name != "time"}


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    with EventLog.at(tmp_path / "log") as log:
        for event in EVERY_EVENT:
            log.tell(event)
    read = list(EventReader(tmp_path / "log").read())
    assert isinstance(read[0], Started)
    assert (read[0].version, read[0].process) == (EVENTS_VERSION, os.getpid())
    assert [without_time(each) for each in read[1:]] == [without_time(each) for each in EVERY_EVENT]
    assert [type(each) for each in read[1:]] == [type(each) for each in EVERY_EVENT]
    assert all(each.time is not None and each.time.utcoffset() is not None for each in read)


def test_every_line_is_json_for_strict_readers(tmp_path: Path) -> None:
    with EventLog.at(tmp_path / "log") as log, log.phase("train") as phase:
        log.tell(iteration(loss=math.nan))
        phase.advance(1, loss=math.inf)

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    lines = [json.loads(line, parse_constant=refuse) for line in (tmp_path / "log").read_text().splitlines()]
    assert lines[2]["loss"] is None
    assert lines[3]["figures"] == {"loss": None}


def test_moves_are_written_now_and_then_and_the_end_says_all(tmp_path: Path) -> None:
    with EventLog.at(tmp_path / "log", advances_every_seconds=3600) as log, log.phase("encode", total=1000) as phase:
        for _ in range(1000):
            phase.advance(1, loss=0.5)
    kinds = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [each["event"] for each in kinds] == ["started", "phase_started", "phase_advanced", "phase_ended"]
    assert (kinds[-1]["completed"], kinds[-1]["figures"]) == (1000.0, {"loss": 0.5})
    assert kinds[-1]["succeeded"] is True


def test_a_reader_reads_on(tmp_path: Path) -> None:
    reader = EventReader(tmp_path / "log")
    assert list(reader.read()) == []
    with EventLog.at(tmp_path / "log") as log:
        assert len(list(reader.read())) == 1
        log.note("one")
        log.note("two")
        assert [each.text for each in reader.read() if isinstance(each, Noted)] == ["one", "two"]
        assert list(reader.read()) == []


@given(st.integers(0, 400))
def test_a_line_cut_anywhere_is_passed_over_by_the_next_writer(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    path = tmp_path_factory.mktemp("cut") / "log"
    with EventLog.at(path) as log:
        log.note("first")
        log.note("second")
    whole = path.read_bytes()
    path.write_bytes(whole[: min(cut, len(whole))])
    reader = EventReader(path)
    before = list(reader.read())
    assert len(before) == whole[: min(cut, len(whole))].count(b"\n")
    with EventLog.at(path) as log:
        log.note("third")
    after = list(reader.read())
    assert [each.text for each in after if isinstance(each, Noted)][-1] == "third"
    assert sum(isinstance(each, Started) for each in before + after) == (2 if before else 1) + (
        not before and cut >= len(whole.splitlines()[0])
    )


def test_events_of_a_later_release_are_passed_over(tmp_path: Path) -> None:
    later = {"event": "teleported", "time": "2026-01-01T00:00:00Z"}
    known = {"event": "note", "text": "still", "mood": 3, "time": "2026-01-01T00:00:00Z"}
    (tmp_path / "log").write_text(f"{json.dumps(later)}\n{json.dumps(known)}\n")
    assert [each.text for each in EventReader(tmp_path / "log").read() if isinstance(each, Noted)] == ["still"]


def test_threads_share_a_log(tmp_path: Path) -> None:
    with EventLog.at(tmp_path / "log") as log:
        threads = [threading.Thread(target=lambda: [log.note("x" * 5000) for _ in range(50)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sum(isinstance(each, Noted) for each in EventReader(tmp_path / "log").read()) == 200


def test_the_work_outlives_its_reader() -> None:
    reading, writing = os.pipe()
    reasons: list[OSError] = []
    log = EventLog(writing, closes=True, on_loss=reasons.append)
    os.close(reading)
    log.note("nobody")
    log.note("reads")
    log.close()
    assert [type(each) for each in reasons] == [BrokenPipeError]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux's full disk")
def test_a_full_disk_is_told_once() -> None:
    reasons: list[OSError] = []
    with EventLog.at(Path("/dev/full"), on_loss=reasons.append) as log:
        log.note("lost")
    assert len(reasons) == 1


def test_a_writer_may_be_killed(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom hagane.progress.event_log import EventLog\n"
        "log = EventLog.at(Path(sys.argv[1]))\n"
        "while True:\n    log.note('x' * 3000)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "log")])
    reader, found = EventReader(tmp_path / "log"), 0
    while found < 100:
        found += sum(1 for _ in reader.read())
    child.send_signal(signal.SIGKILL)
    child.wait()
    list(reader.read())
    with EventLog.at(tmp_path / "log") as log:
        log.note("after")
    assert [type(each) for each in reader.read()] == [Started, Noted]
    *lines, _, _ = (tmp_path / "log").read_bytes().splitlines()
    assert all(json.loads(line) for line in lines[:-1])


def told(progress: Recorder | Tee | EventLog) -> None:
    with progress.phase("train", total=6, unit="rows", at_most=True, completed=1) as phase:
        phase.advance(2, loss=0.5)
        progress.tell(iteration())
        with progress.phase("evaluate") as inner:
            inner.advance(5)
        progress.note("hm")
        phase.advance(4)
    progress.tell(Warned(text="w"))
    with pytest.raises(ZeroDivisionError), progress.phase("last"):
        raise ZeroDivisionError


def test_a_replay_tells_what_was_told(tmp_path: Path) -> None:
    direct, replayed = Recorder(), Recorder()
    told(direct)
    with EventLog.at(tmp_path / "log", advances_every_seconds=0) as log:
        told(log)
    replay = Replay(replayed)
    for event in EventReader(tmp_path / "log").read():
        replay.take(event)
    direct.lines = [line.replace("ZeroDivisionError", PhaseFailedError.__name__) for line in direct.lines]
    assert replayed.lines == direct.lines
    assert "end train 7 well" in direct.lines
    assert replay.num_open == 0


def test_a_process_is_followed_while_it_works(tmp_path: Path) -> None:
    direct, followed = Recorder(), Recorder()
    told(direct)
    with follow_events(tmp_path / "log", followed), EventLog.at(tmp_path / "log", advances_every_seconds=0) as log:
        log.note("at once")
        for _ in range(500):
            if followed.lines:
                break
            time.sleep(0.01)
        assert followed.lines == ["note at once"], "before the block ends"
        told(log)
    direct.lines = [line.replace("ZeroDivisionError", PhaseFailedError.__name__) for line in direct.lines]
    assert followed.lines[1:] == direct.lines


def test_a_replay_of_a_process_that_died_ends_its_stages() -> None:
    recorder = Recorder()
    replay = Replay(recorder)
    replay.take(PhaseStarted(phase=1, name="train", total=None, unit="rows"))
    replay.close()
    assert recorder.lines == ["begin train None rows", "end train 0 PhaseFailedError"]


def test_a_tee_tells_all_and_ends_all() -> None:
    one, other = Recorder(), Recorder()
    told(Tee(one, other))
    assert one.lines == other.lines
    assert len(one.lines) > 5


def steps(first: int, last: int, every: int = 1) -> list[StepEnded]:
    return [
        StepEnded(step=s, loss=float(s), learning_rate=0.1, num_examples=4, duration_seconds=0.5)
        for s in range(first, last + 1, every)
    ]


def thinned(taken: list[StepEnded]) -> list[StepEnded]:
    thinner = StepThinner()
    return [point for step in taken if (point := thinner.take(step))]


@given(st.integers(1, 3000), st.integers(1, 3000))
def test_thinning_loses_no_example_and_thins_once(first: int, count: int) -> None:
    points = thinned(steps(first, first + count))
    assert thinned(points) == points
    ends = [point.step for point in points]
    assert sum(point.num_examples for point in points) == 4 * (ends[-1] - first + 1) if ends else True
    for before, after in itertools.pairwise(points):
        assert after.loss == pytest.approx((before.step + 1 + after.step) / 2)
        assert after.step - before.step <= max(1, after.step // 500)


def test_a_training_that_goes_on_tells_the_same_steps() -> None:
    whole = {point.step for point in thinned(steps(1, 40_000))}
    rest = {point.step for point in thinned(steps(12_345, 40_000))}
    assert rest == {step for step in whole if step >= 12_345}


def test_an_event_log_thins_steps() -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    buffer = io.BytesIO()
    log = EventLog(writing, closes=True)
    for step in steps(4001, 4400):
        log.tell(step)
        buffer.write(os.read(reading, 1 << 16) if step.step % 20 == 0 else b"")
    log.close()
    lines = [json.loads(line) for line in buffer.getvalue().splitlines()]
    assert sum(line["event"] == "step_ended" for line in lines) == 50
