"""`render_label`: the label's balance, what tells it, and what that means for the split."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from hagane.fronts.cli.figure_text import share_text, short_text, tiny_text
from hagane.fronts.cli.fit_width import FitWidth
from hagane.fronts.cli.histogram import bars
from hagane.fronts.cli.new_table import cell, new_table, rest_text

if TYPE_CHECKING:
    from hagane.description.label import FeatureRelation, LabelDescription

MAX_CLASSES, MAX_FEATURES = 6, 8
MEASURES = {"roc_auc": "ROC AUC", "r2": "R²"}


def render_label(label: LabelDescription) -> RenderableType:
    """Classes with their shares, the columns that tell the label best by themselves, hints."""
    parts: list[RenderableType] = [
        Text.assemble((f"the label, {short_text(label.column, 40)}", "bold"), _balance(label))
    ]
    if label.features:
        parts.append(FitWidth(lambda width: _features(label.features, width)))
        parts += [Text(rest_text(len(label.features) - MAX_FEATURES, "columns"), "dim")] if _is_more(label) else []
    parts += (Padding(Text.assemble(("! ", "yellow"), hint), (0, 0, 0, 2)) for hint in label.hints)
    return Group(*parts)


def _is_more(label: LabelDescription) -> bool:
    return len(label.features) > MAX_FEATURES


def _balance(label: LabelDescription) -> str:
    if label.task == "regression":
        return f": a number, {label.num_rows:,} rows"
    shown = [f"{short_text(each.value, 20)} {share_text(each.share)}" for each in label.classes[:MAX_CLASSES]]
    rest = len(label.classes) - len(shown)
    return f": {', '.join(shown)}" + (f" and {rest} more classes" if rest > 0 else "")


def _features(features: Sequence[FeatureRelation], width: int) -> RenderableType:
    table = new_table()
    table.add_column("tells it alone", style="bold", no_wrap=True)
    table.add_column(MEASURES.get(features[0].measure, features[0].measure), justify="right", no_wrap=True)
    table.add_column("label, from low to high or by value", no_wrap=True)
    for feature in features[:MAX_FEATURES]:
        table.add_row(
            cell(feature.column, max(12, width - 55)), f"{feature.score:.3f}", Text.assemble(*_course(feature))
        )
    return table


def _course(feature: FeatureRelation) -> Iterator[str | tuple[str, str]]:
    """The label's mean, or the share of the class, by bin."""
    means = [each.mean for each in feature.bins if each.mean is not None]
    if len(means) < 2:
        return
    low, high = min(means), max(means)
    yield f"{tiny_text(low)} "
    yield bars([mean - low + (high - low) / 8 for mean in means]), "green"
    yield f" {tiny_text(high)}"
