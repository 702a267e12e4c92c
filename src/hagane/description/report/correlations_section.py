"""The correlations as a map and as a table; then what says the same."""

from __future__ import annotations

from hagane.counted import counted
from hagane.number_text import percent_text
from hagane.page.markup import Markup, element, joined
from hagane.page.number_text import number_text
from hagane.page.pieces import Row, bar, card, folded, table
from hagane.page.short_name import short_names, text_width
from hagane.statistics.collinearity import CollinearGroup, Collinearity
from hagane.statistics.correlations import Correlation, Correlations
from hagane.statistics.dependencies import Dependency

MAX_MAPPED, MAX_PAIRS = 24, 60
MAX_NAME = 20
LETTER, SIDE = 6.8, 30.0
"""What a letter of a name and a square of the map take."""
LEAST_STRENGTH, MIN_PAIRS = 0.1, 10
"""Weaker pairs are listed only where there are few stronger ones."""
DARK = 0.825
"""From this strength on white is easier to read than black; the style's colours are chosen for it."""
MEASURES = {"pearson": "Pearson r", "cramers_v": "Cramér V", "correlation_ratio": "ratio η"}


def correlations_section(correlations: Correlations, columns: tuple[str, ...]) -> Markup:
    """The map of up to 24 columns, those with the strongest pairs, in the table's order; the strongest pairs below."""
    ranked = dict.fromkeys(name for pair in correlations.pairs for name in (pair.a, pair.b))
    kept = set(list(ranked)[:MAX_MAPPED])
    names = [name for name in columns if name in kept]
    note = (
        "Blue rises together, red one rises as the other falls; the paler, the weaker. NULL is left out pair by pair."
    )
    if len(ranked) > len(names):
        note += f" The {len(names)} of {counted(len(ranked), 'column')} with the strongest pairs."
    sampled = correlations.num_sampled_rows
    rows = f"Pearson's r of {counted(correlations.num_pearson_rows, 'row')}, the rest of {sampled:,}."
    listed = [pair for i, pair in enumerate(correlations.pairs) if i < MIN_PAIRS or pair.strength >= LEAST_STRENGTH]
    pairs = folded("The strongest pairs", _table(listed[:MAX_PAIRS]), note=rows)
    notes = (element("p", each, class_="note") for each in correlations.notes)
    return element("div", card("Every column against every other", _map(names, correlations), note=note, span="wide"),
                   pairs, *notes, class_="cards")  # fmt: skip


def _map(names: list[str], correlations: Correlations) -> Markup:
    found = {frozenset((pair.a, pair.b)): pair for pair in correlations.pairs}
    shown = short_names(names, MAX_NAME)
    longest = LETTER * max(map(text_width, shown))
    left, top = 28.0 + longest, 26.0 + 0.82 * longest
    marks = []
    for i, first in enumerate(names):
        y = top + i * SIDE
        marks.append(element("text", shown[i], x=f"{left - 6:g}", y=f"{y + SIDE / 2 + 4:g}", text_anchor="end"))
        x = left + (i + 0.5) * SIDE
        marks.append(element("text", shown[i], x=0, y=0, transform=f"translate({x + 4:g} {top - 6:g}) rotate(-55)"))
        for j, second in enumerate(names[:i]):
            marks.append(_cell(found.get(frozenset((first, second))), left + j * SIDE, y))
    width, height = left + len(names) * SIDE + 0.6 * longest, top + len(names) * SIDE + 4
    described = f"Correlations among {counted(len(names), 'column')}; the strongest pairs are in the table below"
    picture = element(
        "svg",
        element("title", described),
        *marks,
        viewBox=f"0 0 {width:g} {height:g}",
        style=f"min-width:{0.85 * width:g}px;max-width:{max(460.0, width * 1.15):g}px",
        role="img",
        aria_label=described,
        class_="heat",
    )
    return element("div", picture, class_="scroll", tabindex=0, role="region", aria_label="Map of correlations")


def _cell(pair: Correlation | None, x: float, y: float) -> Markup:
    place = {"x": f"{x + 1:g}", "y": f"{y + 1:g}", "width": f"{SIDE - 2:g}", "height": f"{SIDE - 2:g}", "rx": "4"}
    if pair is None:
        return element("rect", class_="none", **place)
    told = f"{pair.a}, {pair.b}: {MEASURES[pair.measure]} {pair.value:.2f}"
    size = abs(pair.value)
    square = element(
        "rect",
        element("title", told),
        class_="up" if pair.value >= 0 else "down",
        fill_opacity=f"{0.06 + 0.94 * size:.2f}",
        **place,
    )
    if size < 0.3:
        return square
    class_ = "figure strong" if size >= DARK else "figure"
    text = f"{pair.value:.2f}".replace("0.", ".").replace("-", "−")
    return joined(square, element("text", text, x=f"{x + SIDE / 2:g}", y=f"{y + SIDE / 2 + 3.5:g}", class_=class_))


def _table(pairs: list[Correlation]) -> Markup:
    rows: list[Row] = [
        (
            [
                f"{pair.a}, {pair.b}",
                MEASURES[pair.measure],
                joined(number_text(pair.value)),
                number_text(pair.spearman),
                f"{pair.num_rows:,}",
                bar(pair.strength),
            ],
            None,
        )
        for pair in pairs
    ]
    heads = ("Columns", "Measure", "Value", "Spearman ρ", "Rows", "Strength")
    return table(heads, rows, name="The strongest pairs of columns", words=(1,))


def collinearity_section(collinearity: Collinearity) -> Markup:
    """Equations, then a card a group."""
    cards = [_equations(collinearity.dependencies)] if collinearity.dependencies else []
    cards += [_group(group) for group in collinearity.groups]
    if not cards:
        cards = [card("Nothing is said twice", element("p", "No equations and no collinear groups."), span="wide")]
    left_out = f"Not looked at, missing too often: {', '.join(collinearity.left_out)}." if collinearity.left_out else ""
    return joined(element("div", *cards, class_="cards"), element("p", left_out, class_="note") if left_out else "")


def _equations(dependencies: tuple[Dependency, ...]) -> Markup:
    items = [
        element("li", element("span", each.equation, class_="equation"), f" — {_held(each)}") for each in dependencies
    ]
    note = "One column of each can go; an equation that fails in a few rows may show a fault in the data."
    return card("Columns that follow from others", element("ul", *items, class_="said"), note=note, span="wide")


def _held(each: Dependency) -> str:
    if each.num_held == each.num_rows:
        return f"in every one of {counted(each.num_rows, 'row')}"
    failed = percent_text(1 - each.num_held / each.num_rows)
    return f"in {each.num_held:,} of {counted(each.num_rows, 'row')}, not in {failed}"


def _group(group: CollinearGroup) -> Markup:
    factor = "infinite" if group.max_vif is None else f"up to {number_text(group.max_vif)}"
    note = f"|r| up to {group.max_correlation:.3f}, variance inflation {factor}"
    if group.condition_index is not None:
        note += f", condition index {number_text(group.condition_index)}"
    names = ", ".join(group.columns[:12]) + (f" and {len(group.columns) - 12} more" if len(group.columns) > 12 else "")
    return card(names, element("ul", *(element("li", each) for each in group.advice), class_="said"), note=note)
