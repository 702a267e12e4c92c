"""The label and what is missing, as cards."""

from __future__ import annotations

import re

from hagane.counted import counted
from hagane.description.label import FeatureRelation, LabelDescription
from hagane.description.missing import Missing
from hagane.number_text import percent_text
from hagane.page.markup import Markup, element, joined
from hagane.page.number_text import MINUS, number_text
from hagane.page.pieces import Row, bar, card, table
from hagane.page.short_name import short_name
from hagane.statistics.leaks import Leak

MAX_FEATURES, MAX_CLASSES, MAX_NAME = 12, 10, 44
_FRONT_MINUS = re.compile(r"(?:(?<=… )|^)-(?=\d)")
MEASURES = {"roc_auc": "ROC AUC", "r2": "R²"}


def label_section(label: LabelDescription, leaks: tuple[Leak, ...]) -> Markup:
    """Suspected leaks, balance and hints, the rows' order; then a card for each of the columns that tell it best."""
    cards = []
    if leaks:
        said = element("ul", *(element("li", leak.reason) for leak in leaks), class_="said")
        cards.append(
            card("Suspected leaks", said, note="Columns that alone tell the label almost perfectly.", span="wide")
        )
    if label.classes:
        cards.append(card("Balance", _classes(label)))
    if label.hints:
        hints = element("ul", *(element("li", hint) for hint in label.hints), class_="said")
        cards.append(card("Before splitting", hints, span="" if label.classes else "wide"))
    if label.tenths and (label.drift or 0) >= 0.1:
        told = "mean" if not label.classes else f"share of {label.shown_class or label.classes[0].value}"
        cards.append(card("Along the rows", _tenths(label), note=f"The label's {told} by tenth of the rows, in order."))
    cards += [_feature(each, label) for each in label.features[:MAX_FEATURES] if each.bins]
    return element("div", *cards, class_="cards")


def _classes(label: LabelDescription) -> Markup:
    rows = (_bar(each.value, each.share, percent_text(each.share)) for each in label.classes[:MAX_CLASSES])
    return element("div", *rows, class_="bars bins")


def _tenths(label: LabelDescription) -> Markup:
    most = max((abs(each) for each in label.tenths), default=0.0) or 1.0
    rows = (
        _bar(f"{10 * index}–{10 * index + 10} %", each / most, _mean_text(each, label))
        for index, each in enumerate(label.tenths)
    )
    return element("div", *rows, class_="bars bins")


def _bar(name: str, length: float, figure: str) -> Markup:
    return joined(
        element("span", short_name(_FRONT_MINUS.sub(MINUS, name), MAX_NAME)),
        bar(abs(length)),
        element("span", figure, class_="figure"),
    )


def _mean_text(mean: float, label: LabelDescription) -> str:
    return percent_text(mean) if label.classes else number_text(mean)


def _feature(each: FeatureRelation, label: LabelDescription) -> Markup:
    scored = f"{MEASURES.get(each.measure, each.measure)} {each.score:.3f} alone."
    if any(part.shares for part in each.bins):
        classes = [found.value for found in label.classes[: len(each.bins[0].shares)]]
        rows: list[Row] = [([part.name, *(percent_text(share) for share in part.shares)], None) for part in each.bins]
        return card(each.column, table([each.column, *classes], rows, name=f"Classes by {each.column}"), note=scored)
    most = max((abs(part.mean or 0.0) for part in each.bins), default=0.0) or 1.0
    bars = (_bar(part.name, (part.mean or 0.0) / most, _mean_text(part.mean or 0.0, label)) for part in each.bins)
    told = f" Share of {label.shown_class} by its values." if label.shown_class else " The label's mean by its values."
    return card(each.column, element("div", *bars, class_="bars bins"), note=scored + told)


def missing_section(missing: Missing, label: str) -> Markup:
    """Which columns lack values together, what that tells of the label, what may stand for missing values."""
    cards = [
        *([_together(missing)] if missing.patterns else []),
        *([_pairs(missing)] if missing.together else []),
        *([_telling(missing, label)] if missing.tells_label else []),
        *([_stand_ins(missing)] if missing.stand_ins else []),
    ]
    return element("div", *cards, class_="cards") if cards else element("p", "No value is missing.", class_="note")


def _together(missing: Missing) -> Markup:
    columns, patterns = counted(missing.num_columns, "column"), counted(missing.num_patterns, "combination")
    bars = element("div", *_patterns(missing), class_="bars importance")
    return card("Missing together", bars, note=f"Values are missing in {columns}, in {patterns}.", span="wide")


def _pairs(missing: Missing) -> Markup:
    rows: list[Row] = [([f"{each.a}, {each.b}", f"{each.correlation:.2f}"], None) for each in missing.together]
    shown = table(("Columns", "Correlation of being missing"), rows, name="Missing in pairs")
    return card("Pairs", shown, span="double")


def _telling(missing: Missing, label: str) -> Markup:
    rows: list[Row] = []
    for each in missing.tells_label:
        values = number_text(each.label_if_missing), number_text(each.label_if_present)
        rows.append(([each.column, *values, f"{each.strength:.2f}"], None))
    heads = ("Column", f"{label} if missing", "if not", "Strength")
    shown = table(heads, rows, name="Missing and the label")
    return card("That it is missing tells the label", shown, span="double")


def _stand_ins(missing: Missing) -> Markup:
    rows: list[Row] = [([each.column, repr(each.value), f"{each.num_rows:,}"], None) for each in missing.stand_ins]
    shown = table(("Column", "Value", "Rows"), rows, name="Stand-ins for missing values")
    note = "Values that may stand for a missing one: write NULLIF(column, value) where they do."
    return card("Missing in disguise", shown, note=note, span="double")


def _patterns(missing: Missing) -> list[Markup]:
    """A bar a combination of columns."""
    sampled = max(1, missing.num_sampled_rows)
    return [
        joined(
            element("span", _names(each.columns)),
            bar(each.num_rows / sampled),
            element("span", percent_text(each.num_rows / sampled), class_="figure"),
        )
        for each in missing.patterns
    ]


def _names(columns: tuple[str, ...]) -> str:
    if not columns:
        return "nothing is missing"
    return ", ".join(columns[:5]) + (f" and {len(columns) - 5} more" if len(columns) > 5 else "")
