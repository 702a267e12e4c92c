"""`render_correlations`: the pairs of columns that go together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from hagane.fronts.cli.fit_width import FitWidth
from hagane.fronts.cli.new_table import cell, new_table, rest_text, titled
from hagane.number_text import MISSING

if TYPE_CHECKING:
    from hagane.statistics.correlations import Correlation, Correlations

LEAST_STRENGTH = 0.3
"""Weaker pairs are not shown."""
MAX_PAIRS = 12
BAR_WIDTH = 10
LETTERS = {"pearson": "r", "cramers_v": "V", "correlation_ratio": "η"}


def render_correlations(correlations: Correlations) -> RenderableType | None:
    """The strongest pairs, a line each; None where no two columns go together."""
    strong = [pair for pair in correlations.pairs if pair.strength >= LEAST_STRENGTH]
    if not strong:
        return None
    shown = strong[:MAX_PAIRS]
    sampled = correlations.num_sampled_rows
    of_ranks = "" if sampled == correlations.num_pearson_rows else f"; ρ, V and η of {sampled:,} sampled rows"
    meaning = f"r: Pearson, ρ: Spearman, V: Cramér, η: correlation ratio; NULL left out pair by pair{of_ranks}"
    table = FitWidth(lambda width: _table(shown, (width - 37) // 2))
    rest = rest_text(len(strong) - len(shown), f"pairs of {LEAST_STRENGTH} or more: --html shows them")
    return titled("what goes together", table, rest, meaning, *correlations.notes)


def _table(pairs: list[Correlation], name_width: int) -> Table:
    table = new_table()
    table.add_column("column", style="bold", no_wrap=True)
    table.add_column("and column", style="bold", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("ρ", justify="right", no_wrap=True)
    for pair in pairs:
        figure = f"{LETTERS[pair.measure]} {signed(pair.value)}"
        table.add_row(
            cell(pair.a, name_width),
            cell(pair.b, name_width),
            strength_bar(pair.value if abs(pair.value) >= LEAST_STRENGTH else pair.spearman or 0.0),
            figure,
            MISSING if pair.spearman is None else signed(pair.spearman),
        )
    return table


def strength_bar(value: float) -> Text:
    """As long as the correlation is strong: green up, red down."""
    full = round(abs(value) * BAR_WIDTH)
    return Text("█" * full, "green" if value > 0 else "red").append("░" * (BAR_WIDTH - full), "dim")


def signed(value: float) -> str:
    """Two digits; ±1 only where it is exactly that.

    >>> [signed(value) for value in (0.98765, -0.25, 0.9999, 1.0)]
    ['0.99', '-0.25', '>0.99', '1.00']
    """
    text = f"{value:.2f}"
    return {"1.00": ">0.99", "-1.00": "<-0.99"}.get(text, text) if abs(value) < 1 else text
