"""`render_models` and `render_model`: what the workspace holds, and one model in full."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from hagane.counted import counted
from hagane.evaluation.evaluation import Evaluation
from hagane.evaluation.metric_info import metric_info
from hagane.fronts.cli.fit_width import FitWidth
from hagane.fronts.cli.new_table import cell, new_table
from hagane.fronts.cli.render_evaluation import render_evaluation
from hagane.fronts.cli.short_text import short_text
from hagane.names_text import names_text
from hagane.number_text import figure_text, tiny_text
from hagane.workspace.model_version import ModelVersion

WIDE = 72
OTHERS, NARROW_OTHERS = 53, 31
"""What type, headline, rows and date take; headline and rows alone."""
USUAL_HEADLINE = 14
"""How wide a headline such as `ROC AUC 0.7123` is."""
LEAST_LABEL = 10
MOST_LABELS = 3
"""Named in a line."""


def render_models(versions: Sequence[ModelVersion]) -> RenderableType:
    """One line a version."""
    if not versions:
        return Text("no models yet", "dim")
    return FitWidth(lambda width: _versions(versions, width))


def _versions(versions: Sequence[ModelVersion], width: int) -> RenderableType:
    """Name and label share the room that the rest leaves; type and date wait for a terminal that is wide enough."""
    is_wide = width >= WIDE
    names = max(len(version.reference) for version in versions)
    longer = max(0, *(_headline(version).cell_len - USUAL_HEADLINE for version in versions))
    room = width - (OTHERS if is_wide else NARROW_OTHERS) - longer
    name_width = min(
        names, max(min(17, room - LEAST_LABEL), room - max(cell_len(_label(version)) for version in versions))
    )
    table = new_table()
    table.add_column("model", style="bold", no_wrap=True)
    for heading in ("type", "label") if is_wide else ("label",):
        table.add_column(heading, no_wrap=True)
    for heading in ("headline", "rows"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("created" if is_wide else "", no_wrap=True)
    for version in versions:
        kind = [cell(re.sub("_(classifier|regressor)$", "", version.model_type), 12)] if is_wide else []
        table.add_row(
            reference_text(version, name_width),
            *kind,
            cell(_label(version), max(LEAST_LABEL, room - name_width)),
            _headline(version),
            tiny_text(version.num_rows),
            version.created[:10] if is_wide else "",
        )
    return table


def _label(version: ModelVersion) -> str:
    return names_text(version.labels, MOST_LABELS)


def reference_text(version: ModelVersion, width: int) -> str:
    """`name@version`, the name cut where both do not fit."""
    number = f"@{version.version}"
    return short_text(version.name, width - len(number)) + number


def _headline(version: ModelVersion) -> Text:
    if not version.metric:
        return Text("–")
    return Text.assemble((f"{metric_info(version.metric).title} ", "dim"), figure_text(version.metric_value))


def created_text(created: str) -> str:
    """The moment to the minute, UTC.

    >>> created_text("2026-08-22T10:00:59Z")
    '2026-08-22 10:00'
    """
    return re.sub(r"^(\S{10})T(\d\d:\d\d).*$", r"\1 \2", created)


def render_model(
    name: str, path: Path, version: ModelVersion | None, spec_yaml: str, evaluation: Evaluation
) -> RenderableType:
    """One model: where it is, what it was asked for, how good it is."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_column(overflow="fold")
    for key, value in _facts(name, path, version):
        facts.add_row(key, Text(value))
    spec = Syntax("", "yaml", theme="ansi_dark", background_color="default").highlight(spec_yaml.rstrip("\n"))
    spec.rstrip()
    spec.no_wrap, spec.overflow = True, "ignore"  # lines stay whole, to be copied
    return Group(facts, Text(""), Text("spec", "bold"), spec, Text(""), render_evaluation(evaluation))


def _facts(name: str, path: Path, version: ModelVersion | None) -> list[tuple[str, str]]:
    if version is None:
        return [("model", name), ("bundle", str(path))]
    return [
        ("model", version.reference),
        ("type", version.model_type),
        ("label", ", ".join(version.labels)),
        ("trained on", counted(version.num_rows, "row")),
        ("created", created_text(version.created) + " UTC"),
        ("bundle", str(path)),
    ]
