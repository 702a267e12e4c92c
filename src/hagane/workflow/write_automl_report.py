"""`write_automl_html`: what an AutoML run tried, and the report of what came out, as one page."""

from __future__ import annotations

from pathlib import Path

from hagane.spec.write_brief_yaml import write_brief_yaml
from hagane.tuning.report.automl_cards import automl_cards
from hagane.workflow.automl_result import AutoMlResult
from hagane.workflow.write_report import write_html
from hagane.workspace.workspace import Workspace


def write_automl_html(result: AutoMlResult, path: Path, *, workspace: Workspace) -> None:
    """Write one self-contained HTML page to `path`, whole or not at all. Raises StorageError."""
    cards = automl_cards(
        result.objective,
        result.leaderboard,
        because=result.because,
        steps=result.steps,
        spec_yaml=write_brief_yaml(result.spec),
    )
    write_html(result.trained.evaluation, result.trained.bundle, path, workspace=workspace, also=cards)
