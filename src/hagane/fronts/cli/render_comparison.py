"""`render_comparison`: several models side by side, and what was asked for differently."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.text import Text

from hagane.evaluation.compare import ComparedMetric, Comparison
from hagane.fronts.cli.figure_text import MISSING, figure_text, short_text
from hagane.fronts.cli.fit_width import FitWidth
from hagane.fronts.cli.new_table import cell, new_table, rest_text, titled
from hagane.page.short_name import short_name

MOST_ACROSS = 4
"""Models up to which each has a column; beyond, each has a row and there are fewer metrics."""
NUM_DIFFERENCES = 30


class Difference(msgspec.Struct, frozen=True):
    """One place in which specs differ."""

    where: str
    """`model.options.max_tree_depth`, `transform.age`."""
    values: tuple[str | None, ...]
    """What each model's spec says, in the models' order; None: nothing."""


def spec_differences(specs: Mapping[str, str]) -> tuple[Difference, ...]:
    """Where the specs (model → YAML) differ. Raises SpecError for one that cannot be read.

    >>> specs = {"a": "data: f\\nlabel: y", "b": "data: f\\nlabel: y\\nsplit: {method: none}"}
    >>> spec_differences(specs)
    (Difference(where='split.method', values=('random', 'none')),)
    """
    from hagane.spec.read_yaml import read_yaml

    flat = [
        dict(_flatten(msgspec.to_builtins(read_yaml(text, path=f"spec.yaml of {model}"))))
        for model, text in specs.items()
    ]
    places = dict.fromkeys(place for each in flat for place in each)
    rows = (Difference(place, tuple(each.get(place) for each in flat)) for place in places)
    return tuple(row for row in rows if len(set(row.values)) > 1)


def _flatten(value: Any, at: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flatten(inner, f"{at}.{name}" if at else name)
    elif value is not None:
        yield at, value if isinstance(value, str) else msgspec.json.encode(value).decode()


def render_comparison(comparison: Comparison, differences: Sequence[Difference]) -> RenderableType:
    """Metrics with the best value of each marked, why they may not be comparable, and the specs' differences."""
    parts: list[RenderableType] = [_warning(reason) for reason in comparison.unfair]
    parts.append(_across(comparison) if len(comparison.models) <= MOST_ACROSS else _down(comparison))
    if differences:
        parts += [Text(""), _differences(comparison.models, differences)]
    return Group(*parts)


def _warning(reason: str) -> Text:
    return Text.assemble(("not comparable: ", "yellow"), reason)


def _across(comparison: Comparison) -> RenderableType:
    """Metrics down, models across."""
    table = new_table()
    table.add_column("metric")
    for model in comparison.models:
        table.add_column(cell(model, 20), justify="right")
    for metric in comparison.metrics:
        table.add_row(metric.title, *_values(comparison.models, metric))
    table.add_row("rows", *(f"{count:,}" for count in comparison.num_rows), style="dim")
    return table


def _down(comparison: Comparison) -> RenderableType:
    """Models down, the first metrics across."""
    table = new_table()
    table.add_column("model", no_wrap=True)
    metrics = comparison.metrics[:MOST_ACROSS]
    for metric in metrics:
        table.add_column(metric.title, justify="right")
    columns = [_values(comparison.models, metric) for metric in metrics]
    for index, model in enumerate(comparison.models):
        table.add_row(cell(model, 24), *(column[index] for column in columns))
    return table


def _values(models: Sequence[str], metric: ComparedMetric) -> list[Text]:
    best = metric.best if len(metric.best) < len(models) else ()
    pairs = zip(models, metric.values, strict=True)
    return [Text(figure_text(value), "bold green" if model in best else "") for model, value in pairs]


def _differences(models: Sequence[str], differences: Sequence[Difference]) -> RenderableType:
    if len(models) > MOST_ACROSS:
        places = ", ".join(difference.where for difference in differences[:NUM_DIFFERENCES])
        return Text.assemble(("the specs differ in ", "bold"), places)
    table = FitWidth(lambda width: _values_of_specs(models, differences[:NUM_DIFFERENCES], width))
    return titled("the specs differ in", table, rest_text(len(differences) - NUM_DIFFERENCES, "places: --json"))


def _values_of_specs(models: Sequence[str], differences: Sequence[Difference], width: int) -> RenderableType:
    """A place of the specs takes up to half of the width: its end says most."""
    places = min(max(cell_len(difference.where) for difference in differences), max(24, width // 2))
    each = max(8, (width - places) // len(models) - 2)
    table = new_table()
    table.add_column("", style="cyan", width=places, overflow="fold")
    for model in models:
        table.add_column(cell(model, each), max_width=each, overflow="fold")
    for difference in differences:
        shown = (MISSING if value is None else short_text(value, 2 * each) for value in difference.values)
        table.add_row(short_name(short_text(difference.where, len(difference.where)), places), *map(Text, shown))
    return table
