"""The limit keeps a simulated server busy and its answers in time, whatever it is asked for: no wall clock is read."""

from __future__ import annotations

import importlib.util
import math
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.serving.concurrency_limit import ConcurrencyLimit


def _simulation() -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks" / "overload_simulation.py"
    spec = importlib.util.spec_from_file_location("overload_simulation", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["overload_simulation"] = module
    spec.loader.exec_module(module)
    return module


simulation = _simulation()
THREADS = simulation.Server("2 threads, 20 ms", 2, 1, lambda n: 0.02, 0.0)


def simulate(load: Callable[[float], tuple[int, float]], seconds: float) -> dict[int, object]:
    clock = simulation.Clock()
    return simulation.simulate(THREADS, simulation.LittlesLaw(clock, 2), clock, load, seconds)


@pytest.mark.parametrize("times", [1.5, 3.0, 10.0])
def test_too_much_work_is_answered_at_full_speed_and_in_time(times: float) -> None:
    outcome = simulate(lambda now: (0, times), 20)[0]
    assert outcome.good / (20 * THREADS.capacity) > 0.9
    assert outcome.late == 0
    assert max(outcome.latencies) < 2 * simulation.WAIT_SECONDS


def test_what_it_can_carry_is_let_in() -> None:
    outcome = simulate(lambda now: (0, 0.5), 20)[0]
    assert outcome.good / outcome.asked > 0.99


def test_it_recovers_at_once() -> None:
    after = simulate(lambda now: (int(now >= 10), 3.0 if now < 10 else 0.5), 20)[1]
    assert after.last_bad < 2 * simulation.WAIT_SECONDS


def test_a_server_without_a_limit_does_not_survive_the_same() -> None:
    """The simulation can fail."""
    clock = simulation.Clock()
    outcome = simulation.simulate(THREADS, simulation.Unlimited(), clock, lambda now: (0, 3.0), 20)[0]
    assert outcome.good / (20 * THREADS.capacity) < 0.1


def drive(limit: ConcurrencyLimit, clock: object, seconds: float, at_once: int, count: int) -> None:
    """`count` answers, one each `seconds`, with as many inside as are let in, at most `at_once`."""
    for _ in range(count):
        while limit.inside < at_once and limit.enter():
            pass
        clock.now += seconds
        limit.leave()


def limit_of(**options: object) -> tuple[ConcurrencyLimit, object]:
    clock = simulation.Clock()
    return ConcurrencyLimit(**{"wait_seconds": 0.1, "least": 4, "most": 500, **options}, clock=clock), clock


def test_the_limit_follows_the_rate_down_and_up() -> None:
    limit, clock = limit_of()
    drive(limit, clock, 0.001, 1_000, 2_000)
    assert limit.limit == 100
    drive(limit, clock, 0.01, 1_000, 500)
    assert limit.limit == 10
    drive(limit, clock, 0.001, 1_000, 2_000)
    assert limit.limit == 100


def test_a_quiet_server_is_not_taken_for_a_slow_one() -> None:
    """The same server, one request at a time with pauses between: its answers say nothing of what it can carry."""
    limit, clock = limit_of()
    drive(limit, clock, 0.001, 1_000, 2_000)
    while limit.inside:
        limit.leave()
    for _ in range(100):
        assert limit.enter()
        clock.now += 0.005
        limit.leave()
        clock.now += 0.2
    assert limit.limit >= 95


@pytest.mark.parametrize(("seconds", "limit_found"), [(0.0000001, 500), (5.0, 4)])
def test_its_bounds(seconds: float, limit_found: int) -> None:
    limit, clock = limit_of()
    drive(limit, clock, seconds, 1_000, 1_100_000 if seconds < 1 else 20)
    assert limit.limit == limit_found


def test_who_could_not_be_answered_in_time_is_not_let_in() -> None:
    limit, clock = limit_of(wait_seconds=10.0)
    drive(limit, clock, 0.1, 4, 100)
    assert round(limit.rate) == 10
    while limit.enter(within_seconds=2.0):
        pass
    assert limit.inside == 20
    assert limit.queue_seconds == pytest.approx(2.0, rel=0.05)
    assert limit.retry_after_seconds in (2, 3)
    assert limit.enter()


def test_who_can_begin_at_once_is_always_let_in() -> None:
    """Even if the measured rate says that it will be late: the measurement may be old."""
    limit, clock = limit_of()
    drive(limit, clock, 5.0, 4, 20)
    while limit.inside:
        limit.leave()
    assert limit.enter(within_seconds=0.5)


def test_work_that_was_not_done_is_not_counted() -> None:
    limit, clock = limit_of()
    for _ in range(1_000):
        limit.enter()
        clock.now += 0.001
        limit.leave(answered=False)
    assert limit.limit == 4


def test_turning_away_is_not_taken_for_slow_work() -> None:
    """Those who were let in are answered when all have been read, and refusing the others takes three times as long."""
    limit, clock = limit_of()
    for _ in range(200):
        let_in = sum(limit.enter() for _ in range(1_000))
        clock.now += let_in * 0.003
        for _ in range(let_in):
            begin = clock.now
            clock.now += 0.001
            limit.leave(begin=begin)
    assert (round(limit.rate), limit.limit) == (1_000, 100)


def test_the_less_urgent_have_fewer_places() -> None:
    limit, _ = limit_of()
    assert [limit.enter(0.5) for _ in range(3)] == [True, True, False]
    assert [limit.enter() for _ in range(3)] == [True, True, False]


@given(st.lists(st.tuples(st.sampled_from(["enter", "late", "leave", "wait"]), st.floats(0, 10)), max_size=60))
@settings(max_examples=200, deadline=None)
def test_whatever_happens_the_places_are_counted(steps: list[tuple[str, float]]) -> None:
    limit, clock = limit_of(most=50)
    inside = 0
    for step, number in steps:
        if step == "wait":
            clock.now += number
        elif step == "leave" and inside:
            limit.leave(answered=number > 5)
            inside -= 1
        elif step in ("enter", "late"):
            there = limit.limit
            entered = limit.enter(within_seconds=number if step == "late" else math.inf)
            assert entered or inside >= min(there, 2)
            assert not entered or inside < there
            inside += entered
        assert limit.inside == inside
        assert 4 <= limit.limit <= 50
        assert 1 <= limit.retry_after_seconds <= 60
