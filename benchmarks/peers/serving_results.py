"""`Results`: what was measured, its medians, and the tables of them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from peers.serving_contenders import Contender
from peers.serving_load import Load


@dataclass(frozen=True)
class Measured:
    """One load on one server."""

    name: str
    connections: int
    rate: float
    """Requests/s that were due; 0 for a closed loop."""
    cpu_us: float
    """Of all the server's processes, a right answer."""
    load: Load


@dataclass
class Results:
    closed: list[Measured] = field(default_factory=list)
    open: list[tuple[float, Measured]] = field(default_factory=list)
    """With the share of the highest load."""
    workers: list[Measured] = field(default_factory=list)
    by_wrk: dict[str, list[float]] = field(default_factory=dict)
    """Requests/s over 64 connections."""
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def wrong(self) -> int:
        """Answers that were not those of the model, and requests that got none."""
        every = [*self.closed, *(each for _, each in self.open), *self.workers]
        return sum(each.load.wrong + each.load.failed for each in every)

    def of(self, name: str, connections: int) -> list[Measured]:
        """A closed loop's rounds."""
        return [each for each in self.closed if each.name == name and each.connections == connections]

    def rate(self, name: str, connections: int) -> float | None:
        """The median of requests/s."""
        return median(each.load.requests_per_second for each in self.of(name, connections))

    def cpu_us(self, name: str, connections: int) -> float | None:
        return median(each.cpu_us for each in self.of(name, connections))

    def highest(self, name: str) -> float | None:
        """Requests/s at the best number of connections."""
        rates = [self.rate(name, connections) for connections in {each.connections for each in self.closed}]
        return max((rate for rate in rates if rate), default=None)


def median(values: Iterable[float]) -> float | None:
    """None where there are none."""
    found = list(values)
    return statistics.median(found) if found else None


def print_closed(results: Results, groups: Mapping[str, Sequence[Contender]], connections: Sequence[int]) -> None:
    """A table a number of connections."""
    for count in connections:
        print(f"\n{count} connection{'s' * (count > 1)}, closed loop\n")
        print("| | requests/s | lowest to highest | p50, ms | p99, ms | CPU µs | load's share of its core |")
        print("| --- | --- | --- | --- | --- | --- | --- |")
        for contender in (each for group in groups.values() for each in group):
            if rounds := results.of(contender.name, count):
                print(closed_row(contender.name, rounds), flush=True)
    for name, rates in results.by_wrk.items():
        ours = results.rate(name, 64) or 0
        print(f"\nthe load beside wrk, {name}, 64 connections: {ours:,.0f} requests/s by it, "
              f"{statistics.median(rates):,.0f} by wrk")  # fmt: skip


def closed_row(name: str, rounds: Sequence[Measured]) -> str:
    rates = [each.load.requests_per_second for each in rounds]
    figures = [f"{statistics.median(rates):,.0f}", f"{min(rates):,.0f} to {max(rates):,.0f}"]
    figures += [
        f"{middle(rounds, lambda each: each.load.p50_ms):.2f}",
        f"{middle(rounds, lambda each: each.load.p99_ms):.2f}",
    ]
    figures += [f"{middle(rounds, lambda each: each.cpu_us):,.0f}"]
    figures += [f"{middle(rounds, lambda each: each.load.generator_share):.2f}"]
    return f"| {name} | {' | '.join(figures)} |{faults(rounds)}"


def print_open(results: Results) -> None:
    if not results.open:
        return
    print("\nopen loop, 64 connections, latency from when a request was due\n")
    print("| | of the highest load | requests/s due | answered | p50, ms | p99, ms | p99.9, ms | highest, ms |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, share in sorted({(each.name, share) for share, each in results.open}):
        rounds = [each for part, each in results.open if part == share and each.name == name]
        times = [middle(rounds, lambda each, what=what: getattr(each.load, what))
                 for what in ("p50_ms", "p99_ms", "p999_ms", "max_ms")]  # fmt: skip
        answered = middle(rounds, lambda each: each.load.right / (each.load.right + each.load.unanswered or 1))
        print(f"| {name} | {share} | {rounds[0].rate:,.0f} | {answered:.2%} | "
              f"{' | '.join(f'{each:.2f}' for each in times)} |{faults(rounds)}")  # fmt: skip


def middle(rounds: Sequence[Measured], value: Callable[[Measured], float]) -> float:
    return statistics.median(value(each) for each in rounds)


def faults(rounds: Sequence[Measured]) -> str:
    """What stands behind a row where not every answer was right."""
    counts = {what: sum(getattr(each.load, what) for each in rounds) for what in ("wrong", "refused", "failed")}
    found = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    return f" {found}" if found else ""
