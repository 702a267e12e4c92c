"""The sections of a comparison's page."""

from __future__ import annotations

from collections.abc import Sequence

from hagane.counted import counted
from hagane.evaluation.comparison import ComparedMetric, Comparison, Cost, PairedTest
from hagane.evaluation.metric_info import metric_info
from hagane.evaluation.report.sections import interval_range
from hagane.number_text import brief_text
from hagane.page.markup import Markup, element, joined
from hagane.page.number_text import MINUS, number_text
from hagane.page.pieces import Row, badge, card, table

TESTS = {"bootstrap": "paired bootstrap", "delong": "DeLong", "mcnemar": "McNemar"}
MAX_DIFFERENCES = 200


def fairness_section(comparison: Comparison) -> Markup:
    """Why figures cannot be held against one another, and what else is to be known."""
    unfair = [element("p", element("strong", "Not fair: "), reason) for reason in comparison.unfair]
    notes = [element("p", note) for note in comparison.notes]
    note = (
        "" if unfair else "The same data, split, weights and rows for all: the figures can be held against one another."
    )
    return card("Fairness", *unfair, *notes, note=note, span="wide")


def comparison_metrics_section(comparison: Comparison) -> Markup:
    """Metrics down, models across; the best value of each is marked, its confidence interval below it."""
    rows = [(_metric_cells(comparison, metric), None) for metric in comparison.metrics]
    rows.append((["Rows", *(f"{count:,}" for count in comparison.num_rows)], None))
    note = f"Of {comparison.rows}." if comparison.rows else ""
    if comparison.bootstrap:
        note += f" {comparison.bootstrap.meaning}."
    return card("Metrics", table(("Metric", *comparison.models), rows, name="Metrics"), note=note.strip(), span="wide")


def paired_tests_section(comparison: Comparison) -> Markup:
    """Each model against the first."""
    heads = ("Metric", "Model", "Difference", "95 % interval", "p", "Test", "What it says")
    rows: list[Row] = [(_test_cells(test), None) for test in comparison.shown_tests()]
    first = comparison.models[0]
    note = f"Each model less {first}, on the same rows. An interval that holds 0 shows no difference."
    note += " P-values are two-sided"
    note += ", adjusted by Holm's method for the number of models." if len(comparison.models) > 2 else "."
    return card("Differences", table(heads, rows, name="Differences", words=(1, 5, 6)), note=note, span="wide")


def costs_section(comparison: Comparison) -> Markup:
    """Costs down, models across."""
    rows: list[Row] = [([name, *texts], None) for name, texts in cost_rows(comparison.costs)]
    note = "Speeds were measured for this comparison, on one thread."
    return card("Cost", table(("", *comparison.models), rows, name="Cost"), note=note, span="wide")


def specs_section(comparison: Comparison) -> Markup:
    """Where the specs differ."""
    shown = comparison.differences[:MAX_DIFFERENCES]
    rows: list[Row] = [([each.where, *(value or "–" for value in each.values)], None) for each in shown]
    words = tuple(range(1, len(comparison.models) + 1))
    inner = table(("Key", *comparison.models), rows, name="Specs", words=words)
    note = counted(len(comparison.differences), "key") + " of the resolved specs."
    if len(shown) < len(comparison.differences):
        note += f" The first {MAX_DIFFERENCES} are shown."
    return card("What the specs do differently", inner, note=note, span="wide")


def cost_rows(costs: Sequence[Cost]) -> list[tuple[str, list[str]]]:
    """Name of a cost, and its text for each model."""
    return [
        ("Training", [seconds_text(cost.training_seconds) for cost in costs]),
        ("Iterations kept", [f"{cost.iterations:,}" if cost.iterations else "–" for cost in costs]),
        ("Bundle", [_bytes_text(cost.bundle_bytes) for cost in costs]),
        ("Features", [f"{cost.num_features:,}" for cost in costs]),
        ("Numbers in the graph", [f"{cost.graph_numbers:,}" for cost in costs]),
        ("One row", [_milliseconds(cost.row_milliseconds) for cost in costs]),
        ("Rows a second", [_rate(cost.rows_per_second) for cost in costs]),
    ]


def verdict_of(test: PairedTest) -> str:
    """What a test says, in words."""
    if test.better == "neither":
        return "no difference shown"
    return f"{test.model if test.better == 'model' else test.against} is better"


def p_text(p_value: float) -> str:
    """A p-value in two digits.

    >>> p_text(0.0001), p_text(0.0312), p_text(0.74)
    ('<0.001', '0.031', '0.74')
    """
    return "<0.001" if p_value < 0.001 else f"{p_value:.3f}" if p_value < 0.1 else f"{p_value:.2f}"


def seconds_text(seconds: float) -> str:
    """A time that a training takes.

    >>> seconds_text(3.21), seconds_text(312.0), seconds_text(7_500.0)
    ('3.2 s', '5 min 12 s', '2 h 5 min')
    """
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 100 else f"{minutes // 60:,} h {minutes % 60} min"


def _metric_cells(comparison: Comparison, metric: ComparedMetric) -> list[object]:
    best = metric.best if len(metric.best) < len(comparison.models) else ()
    intervals = metric.intervals or (None,) * len(metric.values)
    cells = [
        joined(number_text(value), badge("best", "used") if model in best else "", interval_range(interval))
        for model, value, interval in zip(comparison.models, metric.values, intervals, strict=True)
    ]
    return [metric.title, *cells]


def _test_cells(test: PairedTest) -> list[object]:
    interval = f"{_signed(test.interval.low)} … {_signed(test.interval.high)}" if test.interval else "–"
    class_ = {"model": "better", "against": "worse", "neither": "soft"}[test.better]
    counts = f" ({test.counts[0]:,} rows against {test.counts[1]:,})" if test.test == "mcnemar" else ""
    return [
        metric_info(test.metric).title,
        test.model,
        _signed(test.difference),
        interval,
        p_text(test.adjusted_p_value),
        TESTS[test.test] + counts,
        element("span", verdict_of(test), class_=class_),
    ]


def _signed(value: float) -> str:
    return number_text(value) if value <= 0 else f"+{number_text(value)}".replace(f"+{MINUS}", MINUS)


def _bytes_text(size: int) -> str:
    value = float(size)
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:
            return f"{value:,.0f} B" if unit == "B" else f"{value:,.1f} {unit}"
        value /= 1024
    return f"{value:,.1f} GiB"


def _milliseconds(value: float | None) -> str:
    return "–" if value is None else f"{brief_text(value, 3)} ms"


def _rate(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"
