"""A study as people see it while it runs: a table that fits, lines in a log, a terminal that is left whole."""

from __future__ import annotations

import sys
import threading
from io import StringIO

import msgspec
import pytest
from made_study import made_study
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from hagane.fronts.cli.render_space import render_space
from hagane.fronts.cli.study_progress import StudyProgress, live_table
from hagane.fronts.cli.study_view import StudyView
from hagane.progress.events import (
    Event,
    IterationEnded,
    StudyEnded,
    StudyStarted,
    TrialEnded,
    TrialMeasured,
    TrialStarted,
)
from hagane.tuning.study_record import StudyRecord
from hagane.tuning.trial import Trial


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def started(record: StudyRecord, **more: object) -> StudyStarted:
    values = {"max_parallel_trials": 1, **more}
    return StudyStarted(
        study=record.name,
        objectives={each.metric: each.goal for each in record.objectives},
        parameters=tuple(each.name for each in record.dimensions),
        space=tuple(msgspec.to_builtins(each) for each in record.dimensions),
        num_trials=len(record.trials),
        **values,  # type: ignore[arg-type]
    )


def events(record: StudyRecord, trial: Trial, best: float | None) -> list[Event]:
    value = record.value(trial)
    told: list[Event] = [TrialStarted(trial=trial.id, parameters=trial.parameters)]
    told += [TrialMeasured(trial=trial.id, iteration=each.iteration, max_iterations=64, metrics=each.metrics,
                           elapsed_seconds=each.elapsed_seconds) for each in trial.measurements]  # fmt: skip
    told.append(
        TrialEnded(
            trial=trial.id,
            state=trial.state.value,
            metrics=trial.final_measurement.metrics if trial.final_measurement else {},
            best_iteration=trial.best_iteration,
            reason=trial.error or trial.infeasible_reason,
            is_best=value is not None and (best is None or value > best),
            num_columns=trial.num_columns,
            num_cached=trial.num_cached,
            duration_seconds=2.5,
        )
    )
    return told


def tell_all(progress: StudyProgress | StudyView, record: StudyRecord, clock: Clock, upto: int = 99) -> None:
    best = None
    tell = progress.take if isinstance(progress, StudyView) else progress.tell
    for trial in record.trials[:upto]:
        for event in events(record, trial, best):
            tell(event)
            clock.now += 0.125
        value = record.value(trial)
        best = value if best is None or (value is not None and value > best) else best


def test_a_log_has_the_space_and_a_line_a_trial() -> None:
    stream, clock, record = StringIO(), Clock(), made_study(12)
    console = Console(file=stream, width=100)
    with StudyProgress(console, clock) as progress:
        progress.tell(started(record))
        tell_all(progress, record, clock)
        progress.tell(StudyEnded(study="late", reason="num_trials", states={}, duration_seconds=9.0))
    text = stream.getvalue()
    assert "\x1b" not in text
    assert not any(line.endswith(" ") for line in text.splitlines())
    assert "study late  roc_auc as large as possible" in text
    assert "model.options.learn_rate      0.001 to 0.3, log scale" in text
    assert "booster_type dart" in text
    lines = [line for line in text.splitlines() if line[:1] in "✓–∅✗"]
    assert len(lines) == 12
    assert lines[0].startswith("✓ trial 1 of 12  roc_auc 0.8")
    assert "best so far  iteration 64  2.5 s" in lines[0]
    assert lines[8].startswith("✗ trial 9 of 12  failed: TrainingError: the loss became nan: step 3")
    assert lines[10].startswith("∅ trial 11 of 12  infeasible: dropout needs booster_type dart")
    assert "learn_rate 0.1, max_tree_depth" in lines[0]


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, 200])
def test_the_table_fits_the_terminal(width: int, several: bool) -> None:
    clock, record = Clock(), made_study(40, several=several)
    view = StudyView(started(record, max_parallel_trials=3), clock)
    tell_all(view, record, clock, 25)
    for trial in record.trials[25:28]:
        view.take(TrialStarted(trial=trial.id, parameters=trial.parameters))
    view.take(TrialMeasured(trial=27, iteration=16, max_iterations=64, metrics={"roc_auc": 0.71}, elapsed_seconds=1))
    console = Console(file=StringIO(), width=width, force_terminal=True)
    console.print(live_table(view, width, 18))
    drawn = Text.from_ansi(console.file.getvalue()).plain.rstrip().splitlines()  # type: ignore[attr-defined]
    assert len(drawn) <= 18
    if width >= 40:
        assert all(cell_len(line.rstrip()) <= width for line in drawn)
        assert "25 of 40 trials" in drawn[0]
        assert sum(" running" in line for line in drawn) == 3
    if width >= 60:
        assert f"best roc_auc {view.best_value:.4f}" in drawn[0]
        assert any(f"{min(view.best)}*" in line for line in drawn)
        assert any("learn_rate" in line for line in drawn)
    if width >= 80:
        assert "≤ " in drawn[0]
    if width >= 120:
        assert any("16/64" in line for line in drawn)


def test_the_time_left_is_that_of_the_trials_so_far_and_of_the_budget() -> None:
    clock, record = Clock(), made_study(10)
    view = StudyView(started(record, max_parallel_trials=2, budget_seconds=60.0), clock)
    assert view.seconds_left() == 60.0
    for number in (1, 2):
        view.take(TrialStarted(trial=number, parameters={}))
    clock.now += 10
    for number in (1, 2):
        view.take(TrialEnded(trial=number, state="SUCCEEDED", metrics={"roc_auc": 0.5}, duration_seconds=10.0))
    assert view.seconds_left() == pytest.approx(40.0)  # eight trials of ten seconds, two at once
    clock.now += 20
    assert view.seconds_left() == pytest.approx(30.0)  # the budget ends before


def test_what_an_earlier_process_found_stays_the_best() -> None:
    clock, record = Clock(), made_study(10)
    view = StudyView(started(record, num_ended=4, best_trial=3, best_value=0.9), clock)
    view.take(TrialStarted(trial=5, parameters={"transform.route": 64}))
    view.take(TrialEnded(trial=5, state="SUCCEEDED", metrics={"roc_auc": 0.8}, duration_seconds=1.0))
    assert view.headline()[:2] == ["5 of 10 trials", "best roc_auc 0.9000 (trial 3)"]


def test_trainings_within_trials_are_not_shown_and_stages_around_them_are() -> None:
    stream, clock, record = StringIO(), Clock(), made_study(2)
    with StudyProgress(Console(file=stream, width=80), clock) as progress:
        with progress.phase("read", total=10) as phase:
            phase.advance(10)
        progress.tell(started(record))
        with progress.phase("train", total=10) as phase:
            phase.advance(10)
            clock.now += 100
            progress.tell(
                IterationEnded(number=1, max_iterations=2, step=1, loss=0.1, eval_loss=0.2, learning_rate=None,
                               duration_seconds=1.0, examples_per_second=None, best_iteration=1)
            )  # fmt: skip
        progress.tell(StudyEnded(study="late", reason="num_trials", states={}, duration_seconds=9.0))
        with progress.phase("export") as phase:
            phase.advance(1)
    shown = [line.split()[1] for line in stream.getvalue().splitlines() if line.startswith("✓")]
    assert shown == ["read", "export"]


def test_an_interrupt_leaves_the_terminal_whole() -> None:
    stream, clock, record = StringIO(), Clock(), made_study(10)
    console = Console(file=stream, width=100, height=20, force_terminal=True)
    progresses: list[StudyProgress] = []

    def work() -> None:
        with StudyProgress(console, clock) as progress:
            progresses.append(progress)
            progress.tell(started(record))
            tell_all(progress, record, clock, 3)
            progress.note("something to know")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    text = stream.getvalue()
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")
    assert "something to know" in text
    assert progresses[0]._live is None


def test_drawing_while_trials_are_told_never_waits_for_itself() -> None:
    """The display draws from a thread of its own, and whoever tells prints above it: neither may hold up the other."""
    record = made_study(40)
    console = Console(file=StringIO(), width=100, height=30, force_terminal=True)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    ended = threading.Event()

    def work() -> None:
        with StudyProgress(console) as progress:
            for _ in range(3):
                progress.tell(started(record))
                assert progress._live is not None
                progress._live.refresh_per_second = 500
                drawing = threading.Thread(target=lambda live=progress._live: [live.refresh() for _ in range(30)])
                drawing.start()
                for trial in record.trials:
                    for event in events(record, trial, None):
                        progress.tell(event)
                    progress.note(f"trial {trial.id}")
                drawing.join()
                progress.tell(StudyEnded(study="late", reason="num_trials", states={}, duration_seconds=9.0))
        ended.set()

    try:
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(120)
    finally:
        sys.setswitchinterval(interval)
    assert ended.is_set()


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_a_space_is_shown_with_its_ranges_whole(width: int) -> None:
    console = Console(file=StringIO(), width=width)
    dimensions = made_study().dimensions
    console.print(render_space(dimensions, width))
    lines = [line.rstrip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]
    assert len(lines) == 2 + len(dimensions)
    assert all(cell_len(line) <= width for line in lines)
    assert len({line.split()[0] for line in lines[2:]}) == len(dimensions)
    if width >= 60:
        assert "0.001 to 0.3, log scale" in lines[2]
        assert lines[2].split()[-1] == "0.1"
    assert ("only with" in lines[0]) == (width >= 80)
