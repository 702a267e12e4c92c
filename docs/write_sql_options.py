"""Writes docs/sql_options.md, the table of CREATE MODEL's options, from the code that reads them.

`make functions` runs it. `tests/fronts/test_sql_options_page.py` holds the page to what this script writes.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from hagane.models import FAMILIES, SEARCHED
from hagane.workflow.model_options.known_option import KnownOption
from hagane.workflow.model_options.known_options import KNOWN_OPTIONS, without_effect
from hagane.workflow.model_options.model_types import (
    BIGQUERY_TYPES,
    BOOSTED,
    FORESTS,
    GLM,
    IMPORTED,
    LABELLED,
    LATER,
    NETWORKS,
    REMOTE,
    TREES,
    WIDE,
    kind_of,
)

PAGE = Path(__file__).with_name("sql_options.md")

HEAD = """\
# Options of CREATE MODEL

Written by `make functions` from the code itself; a test holds the page to it. [SQL](sql.md) is the page to read first.

`CREATE MODEL name OPTIONS (l2_reg = 0.1, …)`: the names are BigQuery ML's, in any case, and its defaults fill what is
left out (`defaults: bigquery` of the [spec](spec.md#defaults), written out in the resolved one). *Where in the spec*
says what the option becomes; the [families' own options](models.md) beside these are taken, too, under their names.
A value may be `HPARAM_RANGE(low, high)` or `HPARAM_CANDIDATES([a, b, …])` where `num_trials` says that the model is
[tuned](tuning.md).

An option that nobody knows is refused with the nearest name, one of another model type with the types that have it.
What has no effect here is accepted with a notice, and recorded.

"""
GROUPS: dict[tuple[str, ...], str] = {
    (*BIGQUERY_TYPES, REMOTE): "all",
    BIGQUERY_TYPES: "all",
    LABELLED: "all with a label",
    GLM: "`LINEAR_REG`, `LOGISTIC_REG`",
    TREES: "trees and forests",
    BOOSTED: "`BOOSTED_TREE_*`",
    FORESTS: "`RANDOM_FOREST_*`",
    NETWORKS: "networks",
    WIDE: "`DNN_LINEAR_COMBINED_*`",
    SEARCHED: "`AUTOML_*`",
}
"""Groups of model types → what the table calls them, the largest first."""


def types_text(of: Iterable[str]) -> str:
    """The model types of an option that can be made here."""
    left = [name for name in of if kind_of(name) != "later"]
    shown = []
    for names, text in GROUPS.items():
        members = [name for name in names if kind_of(name) != "later"]
        if members and set(members) <= set(left):
            shown.append(text)
            left = [name for name in left if name not in members]
    return ", ".join([*shown, *(f"`{name.upper()}`" if name != REMOTE else "remote models" for name in left)])


def meaning_of(option: KnownOption) -> str:
    """What it means, and where it has no effect."""
    notices = {without_effect(option, name): [] for name in option.of if kind_of(name) != "later"}
    for name in option.of:
        if (notice := without_effect(option, name)) in notices:
            notices[notice].append(name)
    notices.pop("", None)
    told = [
        f"no effect: {notice}" if option.notice else f"no effect on {types_text(of)}: {notice}"
        for notice, of in notices.items()
    ]
    return "; ".join(part for part in (option.meaning, *told) if part)


def rows() -> Iterable[str]:
    """A row of the table for each option of a model that can be made here."""
    for option in KNOWN_OPTIONS.values():
        if any(kind_of(name) != "later" for name in option.of) and (option.place or option.meaning or option.notice):
            place = f"`{option.place}`" if option.place else ""
            yield f"| `{option.name}` | {types_text(option.of)} | {option.default} | {place} | {meaning_of(option)} |"


def beyond() -> str:
    """The families that BigQuery ML does not have."""
    return ", ".join(f"`{name.upper()}`" for name in FAMILIES if name not in BIGQUERY_TYPES)


def later() -> Iterable[str]:
    """What cannot be made yet."""
    for name, reason in LATER.items():
        yield f"| `{name.upper()}` | {reason.missing} |"


def write_page() -> str:
    """The page."""
    imported = ", ".join(f"`{name.upper()}`" for name in IMPORTED)
    return "\n".join(
        [
            HEAD + "| option | of | BigQuery ML's default | where in the spec | |",
            "| --- | --- | --- | --- | --- |",
            *rows(),
            "",
            "## Model types beyond BigQuery ML's",
            "",
            f"{beyond()} take `INPUT_LABEL_COLS`, the options of the split, of weights and of tuning, and"
            " [their own](models.md). `KNN`, `DECISION_TREE`, `TABNET` and `PLS` alone mean the one for the label's"
            " type: text and BOOL are classes, FLOAT64 is a number, and of a whole number it is asked.",
            "",
            "## Models that are not trained here",
            "",
            f"{imported} models are imported from `MODEL_PATH`;"
            " a model `REMOTE WITH CONNECTION` is asked at `ENDPOINT`.",
            "",
            "## Model types that come later",
            "",
            "Their statements are read, and their options checked; then they are refused, for want of:",
            "",
            "| model_type | |",
            "| --- | --- |",
            *later(),
            "",
        ]
    )


if __name__ == "__main__":
    PAGE.write_text(write_page(), encoding="utf-8")
