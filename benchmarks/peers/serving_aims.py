"""`print_aims`: the ratios that Hagane's server is held to, by rounds of one run."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from peers.serving_contenders import FASTAPI_ONNX, HAGANE, TWO_WORKERS, Contender
from peers.serving_results import Results, median

HELLO_AIMS = {16: 0.55, 64: 0.9}
PEER_AIM, FASTAPI_AIM = 5.0, 2.0
HALF_LOAD_P99_MS = 5.0


def print_aims(results: Results, groups: Mapping[str, Sequence[Contender]], connections: Sequence[int]) -> None:
    """By the clock, and by the processor time of a request, which a busy machine changes least."""
    everyone = [each for group in groups.values() for each in group]
    print("\n| hagane serve beside | connections | by the clock | by CPU | aim |\n| --- | --- | --- | --- | --- |")
    for count in connections:
        for title, names, aim in rows(everyone, count):
            print_ratio(results, title, names, count, aim)
    print_half_load(results)
    print_two_workers(results)


def rows(everyone: Sequence[Contender], count: int) -> list[tuple[str, list[str], str]]:
    """A title, those of whom the fastest counts, and the aim."""
    roles = {
        role: [each.name for each in everyone if each.role == role] for role in ("hello", "limit", "peer", "onnx peer")
    }
    aim = f"≥ {HELLO_AIMS[count]}" if count in HELLO_AIMS else ""
    others = [name for name in roles["onnx peer"] if name != FASTAPI_ONNX.name]
    return [
        ("the fastest hello server", roles["hello"], aim),
        ("hello without a server", roles["limit"], ""),
        ("the best of the peers, scikit-learn", roles["peer"], f"≥ {PEER_AIM:g}"),
        ("the best of MLflow, BentoML, Ray Serve with ONNX Runtime", others, ""),
        ("FastAPI, pydantic, ONNX Runtime", [FASTAPI_ONNX.name], f"≥ {FASTAPI_AIM:g}"),
    ]


def print_ratio(results: Results, title: str, names: Sequence[str], count: int, aim: str) -> None:
    rates = {name: rate for name in names if (rate := results.rate(name, count))}
    if not rates or not results.of(HAGANE.name, count):
        return
    best = max(rates, key=rates.__getitem__)
    pairs = list(zip(results.of(HAGANE.name, count), results.of(best, count), strict=False))
    ratios = [ours.load.requests_per_second / theirs.load.requests_per_second for ours, theirs in pairs]
    cpu = statistics.median(theirs.cpu_us / ours.cpu_us for ours, theirs in pairs)
    spread = f" ({min(ratios):.2f} to {max(ratios):.2f})" if len(ratios) > 1 else ""
    print(f"| {title}: {best} | {count} | {statistics.median(ratios):.2f}{spread} | {cpu:.2f} | {aim} |")


def print_half_load(results: Results) -> None:
    p99 = median(each.load.p99_ms for share, each in results.open if share == 0.5 and each.name == HAGANE.name)
    if p99 is not None:
        print(f"\np99 at half of the highest load: {p99:.2f} ms (aim: under {HALF_LOAD_P99_MS:g} ms)")


def print_two_workers(results: Results) -> None:
    """The latency of one connection."""
    for what, title in (("p50_ms", "p50"), ("p99_ms", "p99")):
        found = {name: median(getattr(each.load, what) for each in results.workers if each.name == name)
                 for name in (HAGANE.name, TWO_WORKERS.name)}  # fmt: skip
        one, two = found[HAGANE.name], found[TWO_WORKERS.name]
        if one is not None and two is not None:
            print(f"one connection, {title}: {one:.3f} ms with one worker, {two:.3f} ms with two: "
                  f"{two / one:.2f} (aim: 1)")  # fmt: skip
