"""`render_missing`: what is missing together, what that tells, and what may stand for a missing value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from hagane.counted import counted
from hagane.fronts.cli.new_table import rest_text
from hagane.fronts.cli.short_text import short_text
from hagane.number_text import figure_text, share_text

if TYPE_CHECKING:
    from hagane.description.missing import Missing, MissingTellsLabel

MAX_PATTERNS, MAX_LINES, MAX_NAMES = 5, 6, 4


def render_missing(missing: Missing, label: str) -> RenderableType | None:
    """None where no column lacks values and no value looks like a stand-in."""
    lines = [*_patterns(missing), *_relations(missing, label), *_stand_ins(missing)]
    if not lines:
        return None
    return Group(Text("missing values", "bold"), *(Padding(line, (0, 0, 0, 2)) for line in lines))


def _patterns(missing: Missing) -> Iterator[Text]:
    if not missing.num_columns:
        return
    share = share_text(missing.num_complete_rows / max(1, missing.num_sampled_rows))
    noun = "column lacks" if missing.num_columns == 1 else "columns lack"
    complete = "no row has all" if not missing.num_complete_rows else f"{share} of the rows have all"
    yield Text(f"{missing.num_columns:,} {noun} values; {complete}")
    shown = [pattern for pattern in missing.patterns if pattern.columns][:MAX_PATTERNS]
    if missing.num_columns > 1:
        for pattern in shown:
            yield Text.assemble(
                (f"{share_text(pattern.num_rows / missing.num_sampled_rows):>6}", "cyan"),
                f"  lack {_names(pattern.columns)}",
            )
        left = missing.num_patterns - len(shown) - bool(missing.num_complete_rows)
        if left > 0:
            yield Text(rest_text(left, "combinations"), "dim")


def _relations(missing: Missing, label: str) -> Iterator[Text]:
    for each in missing.tells_label[:MAX_LINES]:
        yield Text.assemble(
            ("! ", "yellow"), f"that {short_text(each.column, 30)} is missing tells {label}: {_told(each)}"
        )


def _told(each: MissingTellsLabel) -> str:
    if each.label_if_missing is None or each.label_if_present is None:
        return f"Cramér's V {each.strength:.2f}"
    if each.label_class:
        found = f"{share_text(each.label_if_missing)} {short_text(each.label_class, 20)} if missing"
        return f"{found}, {share_text(each.label_if_present)} if not"
    return f"mean {figure_text(each.label_if_missing)} if missing, {figure_text(each.label_if_present)} if not"


def _stand_ins(missing: Missing) -> Iterator[Text]:
    for each in missing.stand_ins[:MAX_LINES]:
        value = short_text(repr(each.value), 20)
        yield Text.assemble(
            ("! ", "yellow"),
            f"{short_text(each.column, 30)} is {value} in {counted(each.num_rows, 'row')}: a missing value?",
        )
    rest = rest_text(len(missing.stand_ins) - MAX_LINES, "such values")
    if rest:
        yield Text(rest, "dim")


def _names(columns: tuple[str, ...]) -> str:
    shown = ", ".join(short_text(name, 24) for name in columns[:MAX_NAMES])
    return shown + (f" and {len(columns) - MAX_NAMES:,} more" if len(columns) > MAX_NAMES else "")
