"""`render_models` and `render_model`: what the workspace holds, and one model in full."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from hagane.evaluation.evaluation import Evaluation
from hagane.evaluation.metric_info import metric_info
from hagane.fronts.cli.figure_text import figure_text, short_text, tiny_text
from hagane.fronts.cli.new_table import cell, new_table
from hagane.fronts.cli.render_evaluation import render_evaluation
from hagane.workspace.model_version import ModelVersion


def render_models(versions: Sequence[ModelVersion]) -> RenderableType:
    """One line a version."""
    if not versions:
        return Text("no models yet", "dim")
    table = new_table()
    table.add_column("model", style="bold", no_wrap=True)
    for heading in ("type", "label"):
        table.add_column(heading, no_wrap=True)
    table.add_column("headline", justify="right", no_wrap=True)
    table.add_column("rows", justify="right", no_wrap=True)
    table.add_column("created", no_wrap=True)
    for version in versions:
        table.add_row(
            reference_text(version, 17),
            cell(re.sub("_(classifier|regressor)$", "", version.model_type), 12),
            cell(version.label, 10),
            _headline(version),
            tiny_text(version.num_rows),
            version.created[:10],
        )
    return table


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
    spec = Syntax(spec_yaml.rstrip("\n"), "yaml", theme="ansi_dark", background_color="default", word_wrap=True)
    return Group(facts, Text(""), Text("spec", "bold"), spec, Text(""), render_evaluation(evaluation))


def _facts(name: str, path: Path, version: ModelVersion | None) -> list[tuple[str, str]]:
    if version is None:
        return [("model", name), ("bundle", str(path))]
    return [
        ("model", version.reference),
        ("type", version.model_type),
        ("label", version.label),
        ("trained on", f"{version.num_rows:,} rows"),
        ("created", created_text(version.created) + " UTC"),
        ("bundle", str(path)),
    ]
