"""`exposition`: what all processes counted, in Prometheus' text format or in OpenMetrics."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from hagane.serving.metrics.families import FAMILIES
from hagane.serving.metrics.family import Family
from hagane.serving.metrics.read_cells import ProcessCells

Labels = tuple[tuple[str, str], ...]

_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", '"': '\\"'})


class Format(NamedTuple):
    """One of the two."""

    content_type: bytes
    is_open: bool


TEXT = Format(b"text/plain; version=0.0.4; charset=utf-8", False)
OPEN_METRICS = Format(b"application/openmetrics-text; version=1.0.0; charset=utf-8", True)


def choose_format(accept: bytes) -> Format:
    """OpenMetrics where the client can read it, and does not like the text format better.

    >>> choose_format(b"application/openmetrics-text;q=0.5,text/plain;q=0.3") is OPEN_METRICS
    True
    >>> choose_format(b"*/*") is TEXT
    True
    """
    quality = {TEXT: 0.0, OPEN_METRICS: 0.0}
    for part in accept.decode("latin-1").split(","):
        name, *parameters = (each.strip() for each in part.split(";"))
        asked = {"text/plain": TEXT, "application/openmetrics-text": OPEN_METRICS}.get(name.lower())
        if asked is not None:
            quality[asked] = max(quality[asked], _quality(parameters))
    return OPEN_METRICS if quality[OPEN_METRICS] > 0 and quality[OPEN_METRICS] >= quality[TEXT] else TEXT


def exposition(processes: Iterable[ProcessCells], form: Format, families: Sequence[Family] = FAMILIES) -> bytes:
    """The families in their order, the processes' values of one series put together.

    >>> from hagane.serving.metrics.registry import Registry
    >>> loads = Family("loads", "counter", "How many.", ("outcome",))
    >>> registry = Registry()
    >>> registry.number(loads, "ok").add()
    >>> print(exposition(registry.processes(), TEXT, [loads]).decode())
    # HELP loads_total How many.
    # TYPE loads_total counter
    loads_total{outcome="ok"} 1
    """
    merged = _merge(processes, {family.name: family for family in families})
    lines = (line for family in families if (found := merged[family.name]) for line in _family(family, found, form))
    return "".join(f"{line}\n" for line in itertools.chain(lines, ["# EOF"] if form.is_open else [])).encode()


def _merge(processes: Iterable[ProcessCells], families: dict[str, Family]) -> dict[str, dict[Labels, list[float]]]:
    merged: dict[str, dict[Labels, list[float]]] = {name: {} for name in families}
    for process in processes:
        for name, labels, cells in process.series:
            family = families.get(name)
            if family is None or (family.kind == "gauge" and not process.is_live) or len(cells) != family.num_cells:
                continue
            kept = merged[name].get(labels)
            pairs = zip(kept or cells, cells, strict=True)
            put = [max(pair) for pair in pairs] if family.merge == "max" else [have + more for have, more in pairs]
            merged[name][labels] = list(cells) if kept is None else put
    return merged


def _family(family: Family, series: dict[Labels, list[float]], form: Format) -> Iterator[str]:
    suffix = "_total" if family.kind == "counter" else ""
    told = family.name if form.is_open else f"{family.name}{suffix}"
    yield f"# HELP {told} {family.help}"
    yield f"# TYPE {told} {family.kind}"
    if form.is_open and family.unit:
        yield f"# UNIT {told} {family.unit}"
    for labels, cells in sorted(series.items()):
        if family.kind == "histogram":
            yield from _histogram(family, labels, cells)
        else:
            yield f"{family.name}{suffix}{_labels(labels)} {_number(cells[0])}"


def _histogram(family: Family, labels: Labels, cells: list[float]) -> Iterator[str]:
    bounds = [*map(_bound, family.bounds), "+Inf"]
    totals = list(itertools.accumulate(cells[:-1]))
    for bound, total in zip(bounds, totals, strict=True):
        yield f"{family.name}_bucket{_labels((*labels, ('le', bound)))} {_number(total)}"
    yield f"{family.name}_sum{_labels(labels)} {_number(cells[-1])}"
    yield f"{family.name}_count{_labels(labels)} {_number(totals[-1])}"


def _labels(labels: Labels) -> str:
    return "{" + ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in labels) + "}" if labels else ""


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 2**53 else repr(value)


def _bound(value: float) -> str:
    """As OpenMetrics wants a bucket's bound: always with a point, `1.0`."""
    return f"{value:.1f}" if value == int(value) else format(value, "f").rstrip("0")


def _quality(parameters: Sequence[str]) -> float:
    texts = [text.partition("=")[2].strip() for text in parameters if text.partition("=")[0].strip() == "q"]
    try:
        return float(texts[0]) if texts else 1.0
    except ValueError:
        return 0.0
