"""`write_report`: the page and the pictures that a command was asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hagane.counted import counted
from hagane.fronts.cli.console import Output

if TYPE_CHECKING:
    from hagane.evaluation.evaluation import Evaluation
    from hagane.workspace.workspace import Workspace


def write_report(
    evaluation: Evaluation, model: str, html: Path | None, plots: Path | None, *, workspace: Workspace, output: Output
) -> list[Path]:
    """Write the page `html` and the pictures into `plots`, where they are given; the pictures' files."""
    from hagane.workflow.write_report import write_html, write_plots

    if html is not None:
        write_html(evaluation, model, html, workspace=workspace)
        output.show(f"wrote {html}")
    if plots is None:
        return []
    files = write_plots(evaluation, model, plots, workspace=workspace)
    output.show(f"wrote {counted(len(files), 'plot')} to {plots}")
    return list(files)
