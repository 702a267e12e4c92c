"""A card a column: its distribution drawn, its figures, what looks wrong."""

from __future__ import annotations

from collections.abc import Sequence

from hagane.counted import counted
from hagane.description.description import Description
from hagane.description.distributions import Bin, Distribution
from hagane.number_text import percent_text
from hagane.page.markup import Markup, element, joined
from hagane.page.number_text import number_text, tick_text
from hagane.page.pieces import bar
from hagane.page.short_name import short_name
from hagane.statistics.numbers_in_text import number_in_text
from hagane.statistics.statistics import ColumnStatistics

WIDTH, HEIGHT = 300.0, 72.0
MAX_CARDS, MAX_BARS, MAX_NAME = 200, 6, 48
MANY_MISSING = 0.5


def columns_section(description: Description) -> Markup:
    """Up to 200 cards; the rest are in the JSON document."""
    shown = list(zip(description.statistics, description.distributions, strict=True))[:MAX_CARDS]
    rows = description.statistics.num_rows
    cards = (_card(column, distribution, rows) for column, distribution in shown)
    rest = len(description.statistics.columns) - len(shown)
    note = element("p", f"and {counted(rest, 'more column')}", class_="note") if rest else ""
    return joined(element("div", *cards, class_="columns"), note)


def _card(column: ColumnStatistics, distribution: Distribution, num_rows: int) -> Markup:
    missing = column.num_nulls / num_rows if num_rows else 0.0
    kind = [column.type.value, counted(column.num_distinct, "value") if column.num_distinct is not None else ""]
    facts = _facts(column)
    warnings = []
    if missing > 0:
        warnings.append(f"{percent_text(missing)} missing")
    if column.is_constant and column.count:
        warnings.append("one value only")
    if example := number_in_text(column):
        warnings.append(f"numbers as text? {example}")
    if column.num_infinite:
        warnings.append(f"{column.num_infinite:,} infinite")
    return element(
        "article",
        element("h3", column.name),
        element("p", " · ".join(part for part in kind if part), class_="type"),
        _drawn(distribution, column),
        element("p", facts, class_="facts") if facts else "",
        element("p", " · ".join(warnings), class_="warn" if missing > MANY_MISSING or column.is_constant else "facts")
        if warnings
        else "",
        class_="card",
    )


def _facts(column: ColumnStatistics) -> str:
    by_fraction = {each.fraction: each.value for each in column.quantiles}
    parts = []
    if column.mean is not None:
        parts.append(f"mean {number_text(column.mean)}")
    if 0.5 in by_fraction:
        parts.append(f"median {number_text(by_fraction[0.5])}")
    if column.stddev is not None:
        parts.append(f"deviation {number_text(column.stddev)}")
    return " · ".join(parts)


def _drawn(distribution: Distribution, column: ColumnStatistics) -> Markup:
    if distribution.kind in ("histogram", "lengths") and len(distribution.bins) > 1:
        return _histogram(distribution)
    if distribution.kind == "bars":
        return _bars(distribution, max(1, column.count))
    if distribution.kind == "periods" and distribution.bars:
        return _periods(distribution)
    return element("p", "no values" if not column.count else "nothing to draw", class_="facts")


def _histogram(distribution: Distribution) -> Markup:
    bins = distribution.bins
    what = "lengths in characters" if distribution.kind == "lengths" else "values"
    outside = distribution.num_below + distribution.num_above
    notes = [what] if distribution.kind == "lengths" else []
    notes += ["logarithmic scale: try LN(x)"] if distribution.is_log else []
    notes += [f"{counted(outside, 'sampled row')} outside"] if outside else []
    described = f"Histogram of {what} from {number_text(bins[0].low)} to {number_text(bins[-1].high)}"
    return joined(
        _columns([each.num_rows for each in bins], f"{described}; {_fullest(bins)}"),
        element(
            "div",
            element("span", tick_text(_short(bins[0].low))),
            element("span", tick_text(_short(bins[-1].high))),
            class_="ends",
        ),
        element("p", "; ".join(notes), class_="facts") if notes else "",
    )


def _fullest(bins: Sequence[Bin]) -> str:
    fullest = max(bins, key=lambda each: each.num_rows)
    return f"most rows between {number_text(fullest.low)} and {number_text(fullest.high)}"


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def _columns(heights: Sequence[int], described: str) -> Markup:
    """Columns side by side, as one path; what there is at all is seen."""
    most = max(heights, default=0) or 1
    width = WIDTH / max(1, len(heights))
    wide, path = width * 0.88, ""
    for index, height in enumerate(heights):
        if height:
            tall = max(1.5, height / most * (HEIGHT - 4))
            path += f"M{(index + 0.06) * width:.1f} {HEIGHT - tall:.1f}h{wide:.1f}V{HEIGHT:g}h-{wide:.1f}z"
    return element(
        "svg",
        element("title", described),
        element("line", x1=0, x2=WIDTH, y1=HEIGHT - 0.5, y2=HEIGHT - 0.5),
        element("path", d=path),
        viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}",
        preserveAspectRatio="none",
        role="img",
        aria_label=described,
        class_="mini",
    )


def _bars(distribution: Distribution, count: int) -> Markup:
    if len(distribution.bars) > MAX_BARS and not distribution.num_other and _is_number(distribution):
        heights = [each.num_rows for each in distribution.bars]
        ends = (distribution.bars[0].value, distribution.bars[-1].value)
        drawn = _columns(heights, f"Rows of each value from {ends[0]} to {ends[1]}")
        return joined(drawn, element("div", *(element("span", end) for end in ends), class_="ends"))
    shown = [(each.value or "(empty)", each.num_rows) for each in distribution.bars[:MAX_BARS]]
    rest = distribution.num_other + sum(each.num_rows for each in distribution.bars[MAX_BARS:])
    if rest:
        shown.append(("others", rest))
    rows = (
        joined(
            element("span", short_name(value, MAX_NAME)),
            bar(num_rows / count, "bar" if index < len(distribution.bars[:MAX_BARS]) else "bar base"),
            element("span", percent_text(min(1.0, num_rows / count)), class_="figure"),
        )
        for index, (value, num_rows) in enumerate(shown)
    )
    return element("div", *rows, class_="bars")


def _is_number(distribution: Distribution) -> bool:
    return all(each.value.lstrip("-").isdigit() for each in distribution.bars)


def _periods(distribution: Distribution) -> Markup:
    first, last = distribution.bars[0], distribution.bars[-1]
    described = f"Rows by {distribution.unit} from {first.value} to {last.value}"
    return joined(
        _columns([each.num_rows for each in distribution.bars], described),
        element(
            "div",
            element("span", first.value),
            element("span", f"by {distribution.unit}"),
            element("span", last.value),
            class_="ends",
        ),
    )
