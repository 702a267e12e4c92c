"""`explanation_html`: what matters to a model, as one page."""

from __future__ import annotations

from collections.abc import Mapping

from hagane.number_text import brief_text
from hagane.page.markup import element, joined
from hagane.page.pieces import bar, card
from hagane.page.whole_page import whole_page

MAX_COLUMNS = 40


def explanation_html(
    title: str, subtitle: str, attributions: Mapping[str, float], increases: Mapping[str, float] | None = None
) -> str:
    """Mean absolute attributions by column, and by how much the loss grows where a column is shuffled, if measured."""
    meaning = "How much a column adds to an answer, or takes from it: the mean over the rows, regardless of sign."
    cards = [_bars("Mean absolute attribution", meaning, attributions)]
    if increases is not None:
        told = "By how much the loss grows where the column's values are shuffled among the rows."
        cards.append(_bars("Permutation importance", told, increases))
    return whole_page(title, subtitle, *cards)


def _bars(title: str, note: str, values: Mapping[str, float]) -> object:
    ranked = sorted(values.items(), key=lambda item: (-abs(item[1]), item[0]))
    most = abs(ranked[0][1]) if ranked and ranked[0][1] else 1.0
    rows = [
        joined(element("span", name), bar(max(value, 0.0) / most), element("span", brief_text(value), class_="figure"))
        for name, value in ranked[:MAX_COLUMNS]
    ]
    rest = f" The first {MAX_COLUMNS} of {len(ranked):,}." if len(ranked) > MAX_COLUMNS else ""
    return card(title, element("div", *rows, class_="bars importance"), note=note + rest, span="wide")
