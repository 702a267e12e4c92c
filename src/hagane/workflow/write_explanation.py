"""What matters to a model, as a page and as pictures."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from hagane.counted import counted
from hagane.evaluation import plots
from hagane.evaluation.report.explanation_html import explanation_html
from hagane.evaluation.save_picture import save_picture
from hagane.workflow.explain import ExplainSummary
from hagane.workflow.write_text import write_text


def write_explanation_html(summary: ExplainSummary, title: str, path: Path) -> None:
    """Write one self-contained HTML page to `path`, whole or not at all. Raises StorageError."""
    told = summary.permutation
    about = f"What matters to it, by {summary.method.replace('_', ' ')}, over {counted(summary.num_rows, 'row')}"
    write_text(path, explanation_html(title, about, summary.attributions, told.increases if told else None))


def write_explanation_plots(summary: ExplainSummary, folder: Path) -> tuple[Path, ...]:
    """Write `attributions.png`, and `permutation_importance.png` where it was measured, into `folder`; the files."""
    draw = partial(plots.draw_columns, "Columns", "Mean absolute attribution", summary.attributions)
    files = [save_picture(folder, "attributions", draw)]
    if summary.permutation is not None:
        told = f"Increase of {summary.permutation.loss} when shuffled"
        draw = partial(plots.draw_columns, "Permutation importance", told, summary.permutation.increases)
        files.append(save_picture(folder, "permutation_importance", draw))
    return tuple(files)
