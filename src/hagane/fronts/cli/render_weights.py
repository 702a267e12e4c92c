"""`render_weights`: a linear model's weights as a table, the largest first."""

from __future__ import annotations

import math
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from hagane.fronts.cli.fit_width import FitWidth
from hagane.fronts.cli.new_table import cell, new_table, rest_text
from hagane.models.weights import INTERCEPT, ModelWeights
from hagane.number_text import MISSING, figure_text

LEAST_NAME, MOST_NAME = 8, 32


def render_weights(weights: ModelWeights, *, most: int | None) -> RenderableType:
    """`most` rows (None: all): the intercepts, then the weights that are largest with every number standardised.

    Where there is no room for weights behind the intercepts of many classes, these have no place of their own.
    """
    rows = weights.rows()
    largest = sorted(rows, key=_size, reverse=True)
    starts = [row for row in rows if row["processed_input"] == INTERCEPT]
    if most is None or len(starts) < most:
        largest = starts + [row for row in largest if row["processed_input"] != INTERCEPT]
    shown = largest[:most]
    notes = [
        rest_text(len(rows) - len(shown), "weights (--all shows them)"),
        rest_text(sum(weight.num_left_out for weight in weights.weights), "smaller ones that the bundle does not list"),
        *_meaning(weights),
    ]
    table = FitWidth(lambda width: _table(weights, shown, width))
    return Group(_headline(weights), table, *(Text(note, "dim") for note in notes if note))


def _size(row: dict[str, Any]) -> float:
    return abs(float(row["standardized_weight"] or 0.0))


def _headline(weights: ModelWeights) -> Text:
    return Text.assemble((weights.model_type, "bold green"), " of ", (weights.label, "bold"))


def _table(weights: ModelWeights, rows: list[dict[str, Any]], width: int) -> RenderableType:
    several, tested = len(weights.classes) > 2, weights.test is not None
    columns = ["weight", "standardised", *(["std. error", "p-value"] if tested else [])]
    room = (width - 12 * len(columns)) // (3 if several else 2)
    name_width = min(MOST_NAME, max(LEAST_NAME, room))
    table = new_table()
    for name in (*(["class"] if several else []), "feature", "category"):
        table.add_column(name, no_wrap=True)
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        category = row["category"]
        table.add_row(
            *([cell(row["class_label"], name_width)] if several else []),
            cell("intercept" if row["processed_input"] == INTERCEPT else row["processed_input"], name_width),
            Text("") if category is None else cell(category, name_width),
            figure_text(row["weight"]),
            figure_text(row["standardized_weight"]),
            *([figure_text(row["standard_error"]), p_value_text(row["p_value"])] if tested else []),
        )
    return table


def p_value_text(value: float | None) -> str:
    """Four decimals, and no smaller than is worth telling apart.

    >>> [p_value_text(value) for value in (0.04217, 0.9, 3e-9, 0.0, None)]
    ['0.0422', '0.9000', '<0.0001', '<0.0001', '–']
    """
    if value is None or math.isnan(value):
        return MISSING
    return f"{value:.4f}" if value >= 0.0001 else "<0.0001"


def _meaning(weights: ModelWeights) -> list[str]:
    """What the figures are of."""
    score = {0: "the prediction", 2: f"the log odds of {weights.classes[-1]}" if weights.classes else ""}
    notes = [f"each adds to {score.get(len(weights.classes), 'the score of its class')}"]
    if any(weight.input is not None for weight in weights.weights):
        notes.append("weight: for one unit of the value before it was scaled")
    notes.append("standardised: with every number at mean 0 and deviation 1")
    if weights.test is not None:
        test = f"t with {weights.degrees_of_freedom:g} degrees of freedom" if weights.test == "t" else "z"
        notes.append(f"p-value: that the weight is 0, by {test}; {MISSING} where the rows do not tell it")
    return notes
