"""Stages as people see them: bars that fit the terminal and go, lines where there is none."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from hagane.fronts.cli.progress import RichProgress
from hagane.progress.events import IterationEnded, Resumed, Warned, WorkerDied


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def iteration(number: int, eval_loss: float, best: int, most: int | None = 20) -> IterationEnded:
    return IterationEnded(
        number=number,
        max_iterations=most,
        step=10 * number,
        loss=0.41236,
        eval_loss=eval_loss,
        learning_rate=0.1,
        duration_seconds=1.0,
        examples_per_second=1e6,
        best_iteration=best,
    )


def plain() -> tuple[RichProgress, Clock, StringIO]:
    stream, clock = StringIO(), Clock()
    return RichProgress(Console(file=stream, width=80), clock), clock, stream


def test_a_long_training_in_a_log_says_how_it_goes() -> None:
    progress, clock, stream = plain()
    with progress.phase("train", total=2_000, unit="rows", at_most=True) as phase:
        for number in range(1, 8):
            clock.now += 4
            phase.advance(100, loss=0.41236, eval_loss=0.43)
            progress.tell(iteration(number, 0.43, min(number, 3)))
    assert stream.getvalue().splitlines() == [
        "  train: iteration 3 of 20  loss 0.4124  eval_loss 0.43  25 rows/s  ≤ 1:08 left",
        "  train: iteration 6 of 20  loss 0.4124  eval_loss 0.43, best 0.43 at 3  25 rows/s  ≤ 0:56 left",
        "✓ train               700 rows  28.0 s  loss 0.4124  eval_loss 0.43, best 0.43 at 3",
    ]


def test_a_long_stage_without_iterations_says_how_far_it_is() -> None:
    progress, clock, stream = plain()
    with progress.phase("encode", total=100) as known, progress.phase("read") as unknown:
        for _ in range(7):
            clock.now += 10
            known.advance(5)
            unknown.advance(1000)
    assert stream.getvalue().splitlines()[:4] == [
        "  encode: 15 of 100 rows (15 %)  0.5 rows/s  2:50 left",
        "  read: 3,000 rows  100 rows/s",
        "  encode: 30 of 100 rows (30 %)  0.5 rows/s  2:20 left",
        "  read: 6,000 rows  100 rows/s",
    ]


def test_a_quick_training_is_one_line() -> None:
    progress, clock, stream = plain()
    with progress.phase("train", total=20, unit="rounds") as phase:
        for number in range(1, 21):
            clock.now += 0.1
            phase.advance(1, loss=0.4)
            progress.tell(iteration(number, 0.43, number))
    assert stream.getvalue() == "✓ train               20 rounds  2.0 s  loss 0.4\n"


def test_what_an_earlier_process_did_is_no_speed_of_this_one() -> None:
    progress, clock, stream = plain()
    progress.tell(Resumed(step=1234, iteration=5))
    with progress.phase("train", total=1000, completed=600) as phase:
        clock.now += 40
        phase.advance(100)
    assert stream.getvalue().splitlines() == [
        "going on from step 1,234, behind iteration 5",
        "  train: 700 of 1,000 rows (70 %)  2.5 rows/s  2:00 left",
        "✓ train               100 rows  40.0 s  2.5 rows/s",
    ]


def test_a_process_that_died_is_told() -> None:
    progress, _, stream = plain()
    progress.tell(WorkerDied(worker=1, num_workers=2, exit_code=-9, restarts_left=3, step=1200))
    progress.tell(WorkerDied(worker=0, num_workers=2, exit_code=1, restarts_left=1, step=0))
    progress.tell(WorkerDied(worker=0, num_workers=2, exit_code=1, restarts_left=0, step=0))
    assert stream.getvalue().splitlines() == [
        "note: process 1 of 2 (from 0) was ended by SIGKILL; it is started again, and all go on from step 1,200, which "
        "is saved",
        "note: process 0 of 2 (from 0) ended with code 1; it is started again, and all go on from the beginning",
        "note: process 0 of 2 (from 0) ended with code 1",
    ]


def test_warnings_are_said() -> None:
    progress, _, stream = plain()
    progress.tell(Warned(text="the events are lost"))
    assert stream.getvalue() == "warning: the events are lost\n"


@pytest.mark.parametrize("width", [20, 40, 80, 100, 120, 200])
@pytest.mark.parametrize("name", ["train", "a stage of a very long name, longer than terminals are"])
def test_a_bar_is_one_line_that_leaves_room_for_the_interrupts_echo(width: int, name: str) -> None:
    clock = Clock()
    console = Console(file=StringIO(), width=width, force_terminal=True)
    progress = RichProgress(console, clock)
    with progress.phase(name, total=400_000_000, unit="examples", at_most=True) as phase:
        clock.now += 2000
        phase.advance(123_456_789, loss=0.41236, eval_loss=1.2e-7)
        progress.tell(iteration(7, 0.44, 3))
        assert progress._live is not None
        shown = Console(file=StringIO(), width=width, force_terminal=True)
        shown.print(progress._live.make_tasks_table(progress._live.tasks))
    (drawn,) = Text.from_ansi(shown.file.getvalue()).plain.rstrip().splitlines()  # type: ignore[attr-defined]
    assert cell_len(drawn.rstrip()) <= width - 2
    if width >= 80 and name == "train":
        assert all(part in drawn for part in ("train 8/20", "31 %", "0.4124", "1.2e-7", "≤ 1:14:"))
    if width >= 120 and name == "train":
        assert "eval_loss" in drawn


def test_an_interrupt_takes_every_bar_away() -> None:
    stream = StringIO()
    progress = RichProgress(Console(file=stream, width=100, force_terminal=True))

    def work() -> None:
        with progress.phase("outer", total=4, unit="models"), progress.phase("inner") as inner:
            inner.advance(10, loss=0.25)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    text = stream.getvalue()
    assert progress._live is None
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")
    last = text[text.rindex("\x1b[?25h") :]
    assert "inner" not in last
    assert "\x1b[2K" in last
