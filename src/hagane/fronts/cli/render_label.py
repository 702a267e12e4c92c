"""`render_label`: the label's balance, what tells it, and what that means for the split."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from hagane.counted import counted
from hagane.fronts.cli.fit_width import FitWidth
from hagane.fronts.cli.histogram import bars
from hagane.fronts.cli.new_table import cell, new_table, rest_text
from hagane.fronts.cli.short_text import short_text
from hagane.number_text import share_text, tiny_text

if TYPE_CHECKING:
    from hagane.description.label import FeatureRelation, LabelDescription

MAX_CLASSES, MAX_FEATURES, NUM_BINS = 6, 8, 11
MEASURES = {"roc_auc": "ROC AUC", "r2": "R²"}


def render_label(label: LabelDescription) -> RenderableType:
    """Classes with their shares, the columns that tell the label best by themselves, hints."""
    parts: list[RenderableType] = [
        Text.assemble((f"the label, {short_text(label.column, 40)}", "bold"), _balance(label))
    ]
    if label.features:
        parts.append(FitWidth(lambda width: _features(label, width)))
        parts += [Text(rest_text(len(label.features) - MAX_FEATURES, "columns"), "dim")] if _is_more(label) else []
    parts += (Padding(Text.assemble(("! ", "yellow"), hint), (0, 0, 0, 2)) for hint in label.hints)
    return Group(*parts)


def _is_more(label: LabelDescription) -> bool:
    return len(label.features) > MAX_FEATURES


def _balance(label: LabelDescription) -> str:
    if not label.num_rows:
        return ": NULL in every row" if label.num_missing else ": there are no rows"
    if label.task == "regression":
        return f": a number, {counted(label.num_rows, 'row')}"
    shown = [f"{short_text(each.value, 20)} {share_text(each.share)}" for each in label.classes[:MAX_CLASSES]]
    rest = len(label.classes) - len(shown)
    return f": {', '.join(shown)}" + (f" and {rest} more classes" if rest > 0 else "")


def _features(label: LabelDescription, width: int) -> RenderableType:
    features, shown_class = label.features[:MAX_FEATURES], label.shown_class
    ends = [_ends(feature, is_share=bool(shown_class)) for feature in features]
    low_width = max(len(low) for low, _ in ends)
    course = f"share of {short_text(shown_class, 14)} by value" if shown_class else "label by value"
    name_width = max(12, width - len("ROC AUC") - 4 - max(cell_len(course), 2 * low_width + NUM_BINS + 2))
    table = new_table()
    table.add_column("tells it alone", style="bold", no_wrap=True)
    table.add_column(MEASURES.get(features[0].measure, features[0].measure), justify="right", no_wrap=True)
    table.add_column(course, no_wrap=True)
    for feature, (low, high) in zip(features, ends, strict=True):
        drawn = Text.assemble(f"{low:>{low_width}} ", (_course(feature), "green"), f" {high}") if high else Text("")
        table.add_row(cell(feature.column, name_width), f"{feature.score:.3f}", drawn)
    return table


def _means(feature: FeatureRelation) -> list[float]:
    """The label's mean, or the share of the class, by bin; nothing of fewer than two."""
    means = [each.mean for each in feature.bins if each.mean is not None]
    return means if len(means) > 1 else []


def _course(feature: FeatureRelation) -> str:
    means = _means(feature)
    low, high = min(means), max(means)
    return bars([mean - low + (high - low) / 8 for mean in means])


def _ends(feature: FeatureRelation, *, is_share: bool) -> tuple[str, str]:
    """The least and the greatest of the means, as text; empty where there are none."""
    means, write = _means(feature), share_text if is_share else tiny_text
    return (write(min(means)), write(max(means))) if means else ("", "")
