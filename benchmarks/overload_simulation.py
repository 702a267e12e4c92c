"""Which limit of concurrency keeps a server answering within the deadline when it is asked for too much?

    python benchmarks/overload_simulation.py

A simulation of queues with a clock of its own: the same seed prints the same table on every machine. Requests come at
random (Poisson) at 0.5, 1, 2 and 3 times of what the server carries, 6 seconds each; then the load falls to one half.
Goodput is what was answered within the deadline, as a share of what the server carries (of what was asked, at 0.5).
Rejecting costs the server time, too. "slower": at 2x the server suddenly carries half as much. "recovery": seconds
after the load has fallen, until every request is answered within the deadline again.

The rivals are written from their descriptions: Netflix's Gradient2 and AIMD (github.com/Netflix/concurrency-limits),
and CoDel as Facebook has it for servers (Maurer, "Fail at Scale", ACM Queue 13(8), 2015).
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from hagane.serving.concurrency_limit import ConcurrencyLimit

DEADLINE_SECONDS = 1.0
PHASE_SECONDS = 6.0
WAIT_SECONDS = 0.25
MOST = 10_000


class Limit(Protocol):
    def enter(self) -> bool: ...
    def begin(self, waited: float) -> bool:
        """Whether a request that waited so long is still to be run."""
        ...

    def leave(self, seconds: float, answered: bool) -> None: ...


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


class LittlesLaw:
    """Hagane's."""

    def __init__(self, clock: Clock, servers: int) -> None:
        self.limit = ConcurrencyLimit(
            wait_seconds=WAIT_SECONDS, least=2 * servers, first=16 * servers, most=MOST, clock=clock
        )

    def enter(self) -> bool:
        return self.limit.enter(within_seconds=DEADLINE_SECONDS)

    def begin(self, waited: float) -> bool:
        return waited < DEADLINE_SECONDS

    def leave(self, seconds: float, answered: bool) -> None:
        self.limit.leave(answered=answered)


class Fixed:
    """So many at once; what has waited until its deadline is not run."""

    def __init__(self, most: int) -> None:
        self.most, self.inside = float(most), 0

    def enter(self) -> bool:
        if self.inside >= int(self.most):
            return False
        self.inside += 1
        return True

    def begin(self, waited: float) -> bool:
        return waited < DEADLINE_SECONDS

    def leave(self, seconds: float, answered: bool) -> None:
        self.inside -= 1


class Unlimited(Fixed):
    """What every server without a bound does: all are taken, all are run, however late."""

    def __init__(self) -> None:
        super().__init__(10**9)

    def begin(self, waited: float) -> bool:
        return True


class Aimd(Fixed):
    """One more while the limit is in use and latencies are below the wait aimed at, a tenth less otherwise."""

    def leave(self, seconds: float, answered: bool) -> None:
        if seconds > WAIT_SECONDS or not answered:
            self.most = max(2.0, self.most * 0.9)
        elif self.inside * 2 >= self.most:
            self.most = min(float(MOST), self.most + 1)
        super().leave(seconds, answered)


class Gradient2(Fixed):
    """The long latency over the short one, with tolerance 1.5 and room for a queue of 4, smoothed by 0.2."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.long, self.samples = 0.0, 0

    def leave(self, seconds: float, answered: bool) -> None:
        self.samples += 1
        weight = 2 / 601 if self.samples > 10 else 1 / self.samples
        self.long += weight * (seconds - self.long)
        if self.long / seconds > 2:
            self.long *= 0.95
        if self.inside * 2 >= self.most:
            gradient = max(0.5, min(1.0, 1.5 * self.long / seconds))
            self.most = min(float(MOST), max(2.0, self.most * 0.8 + 0.2 * (self.most * gradient + 4)))
        super().leave(seconds, answered)


class Codel(Fixed):
    """Whoever waited 5 ms is dropped, while the queue has not been empty for 100 ms; the interval, otherwise."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(MOST)
        self.clock, self.emptied = clock, 0.0

    def begin(self, waited: float) -> bool:
        if waited < 0.005:
            self.emptied = self.clock()
        return waited < (0.005 if self.clock() - self.emptied > 0.1 else 0.1)


@dataclass
class Server:
    """`servers` threads; each runs up to `batch` requests at once in `seconds(n)`."""

    name: str
    servers: int
    batch: int
    seconds: Callable[[int], float]
    reject_seconds: float
    spread: float = 0.3

    @property
    def capacity(self) -> float:
        """Requests a second."""
        return self.servers * self.batch / self.seconds(self.batch)


@dataclass
class Outcome:
    asked: int = 0
    good: int = 0
    """Answered within the deadline."""
    late: int = 0
    """Accepted, and answered too late or not at all."""
    latencies: list[float] = field(default_factory=list)
    last_bad: float = 0.0
    """When the last request came that was not answered in time, since the phase began."""


def simulate(
    server: Server, limit: Limit, clock: Clock, load: Callable[[float], tuple[int, float]], end: float
) -> dict[int, Outcome]:
    """Outcomes by phase; `load` gives the phase of a time, and the load then as a multiple of the capacity."""
    return Simulation(server, limit, clock, load).run(end)


class Simulation:
    def __init__(self, server: Server, limit: Limit, clock: Clock, load: Callable[[float], tuple[int, float]]) -> None:
        self.server, self.limit, self.clock, self.load = server, limit, clock, load
        self.random = random.Random(0)
        self.queue: deque[float] = deque()
        self.free, self.debt = server.servers, 0.0
        self.ends: list[tuple[float, int, list[float]]] = []
        self.outcomes: dict[int, Outcome] = {}
        self.began: dict[int, float] = {}

    def run(self, end: float) -> dict[int, Outcome]:
        arrival, number = 0.0, 0
        while arrival < end or self.ends:
            if (self.ends and self.ends[0][0] <= arrival) or arrival >= end:
                self.clock.now, _, batch = heapq.heappop(self.ends)
                self.finish(batch)
            else:
                self.clock.now = arrival
                self.arrive(arrival)
                arrival += self.random.expovariate(self.load(arrival)[1] * self.server.capacity)
            while self.free and self.queue:
                number += 1
                self.start(number)
        return self.outcomes

    def outcome(self, came: float) -> Outcome:
        phase = self.load(came)[0]
        self.began.setdefault(phase, came)
        return self.outcomes.setdefault(phase, Outcome())

    def bad(self, came: float) -> None:
        outcome = self.outcome(came)
        outcome.last_bad = max(outcome.last_bad, came - self.began[self.load(came)[0]])

    def arrive(self, now: float) -> None:
        self.outcome(now).asked += 1
        if self.limit.enter():
            self.queue.append(now)
        else:
            self.debt += self.server.reject_seconds
            self.bad(now)

    def start(self, number: int) -> None:
        batch: list[float] = []
        while self.queue and len(batch) < self.server.batch:
            came = self.queue.popleft()
            waited = self.clock.now - came
            if self.limit.begin(waited):
                batch.append(came)
            else:
                self.limit.leave(waited, False)
                self.debt += self.server.reject_seconds
                self.outcome(came).late += 1
                self.bad(came)
        if batch:
            self.free -= 1
            seconds = self.server.seconds(len(batch)) * self.random.lognormvariate(0, self.server.spread)
            heapq.heappush(self.ends, (self.clock.now + seconds + self.debt, number, batch))
            self.debt = 0.0

    def finish(self, batch: list[float]) -> None:
        self.free += 1
        for came in batch:
            seconds, outcome = self.clock.now - came, self.outcome(came)
            self.limit.leave(seconds, True)
            outcome.latencies.append(seconds)
            outcome.good += seconds <= DEADLINE_SECONDS
            outcome.late += seconds > DEADLINE_SECONDS
            if seconds > DEADLINE_SECONDS:
                self.bad(came)


LOADS = (0.5, 1.0, 2.0, 3.0, 0.5)
SERVERS = (
    Server("2 threads, 20 ms a request", 2, 1, lambda n: 0.02, 0.0001),
    Server("2 threads, 400 ms a request", 2, 1, lambda n: 0.4, 0.0001),
    Server("batches of 64, 2 + 0.2 n ms", 1, 64, lambda n: 0.002 + 0.0002 * n, 0.00004, 0.1),
)


def steps(now: float) -> tuple[int, float]:
    phase = min(len(LOADS) - 1, int(now / PHASE_SECONDS))
    return phase, LOADS[phase]


def limits(clock: Clock, servers: int) -> dict[str, Limit]:
    return {
        "Little's law": LittlesLaw(clock, servers),
        "Gradient2": Gradient2(20),
        "AIMD": Aimd(20),
        "CoDel": Codel(clock),
        "100 at once": Fixed(100),
        "no limit": Unlimited(),
    }


def slower(server: Server, clock: Clock) -> Server:
    """Half as fast from second 5 on."""
    seconds = lambda n: server.seconds(n) * (1 if clock() < 5 else 2)  # noqa: E731
    return Server(server.name, server.servers, server.batch, seconds, server.reject_seconds, server.spread)


def main() -> None:
    for server in SERVERS:
        print(f"\n{server.name}: carries {server.capacity:,.0f} a second, deadline {DEADLINE_SECONDS:g} s")
        print(f"{'':14}{'goodput at':>10}0.5    1    2    3   slower   p99 of answers at 3, s   recovery, s")
        for name in limits(Clock(), 1):
            clock = Clock()
            limit = limits(clock, server.servers)[name]
            found = simulate(server, limit, clock, steps, PHASE_SECONDS * len(LOADS))
            goods = [
                found[phase].good / (found[phase].asked if load < 1 else PHASE_SECONDS * server.capacity)
                for phase, load in enumerate(LOADS)
            ]
            latencies = sorted(found[3].latencies)
            p99 = latencies[int(0.99 * len(latencies))] if latencies else float("nan")
            clock = Clock()
            capacity = server.capacity
            there = simulate(
                slower(server, clock), limits(clock, server.servers)[name], clock,
                lambda now: (int(now >= 5), 2.0 if now < 5 else 4.0), 10,
            )[1]  # fmt: skip
            weaker = there.good / (5 * capacity / 2)
            shares = "".join(f"{good:5.2f}" for good in goods[:4])
            print(f"{name:22}{shares}{weaker:9.2f}{p99:22.3f}{found[4].last_bad:18.2f}")


if __name__ == "__main__":
    main()
