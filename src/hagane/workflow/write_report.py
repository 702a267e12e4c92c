"""An evaluation as a page or as pictures, with what the bundle knows besides: curve, importance, spec, statistics."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from hagane.anomalies.anomaly_report import AnomalyReport
from hagane.bundle.bundle import Bundle
from hagane.evaluation.evaluation import Evaluation
from hagane.evaluation.report.report_html import report_html
from hagane.evaluation.save_plots import save_plots
from hagane.page.markup import Markup
from hagane.statistics.statistics import Statistics
from hagane.workflow.lineage import Lineage
from hagane.workflow.write_text import write_text
from hagane.workspace.workspace import Workspace


def write_html(
    evaluation: Evaluation, model: str | Path, path: Path, *, workspace: Workspace, also: Sequence[Markup] = ()
) -> None:
    """Write one self-contained HTML page to `path`, whole or not at all; the cards `also` stand on it, too.

    Raises StorageError.
    """
    bundle = Bundle.load(workspace.bundle_path(str(model)))
    lineage = lineage_of(bundle)
    page = report_html(
        evaluation,
        title=bundle.name,
        curve=lineage.training_info,
        best_iteration=lineage.best_iteration,
        advice=lineage.advice,
        importance=lineage.importance,
        spec_yaml=bundle.document("spec.yaml").decode(),
        statistics=Statistics.from_json(bundle.document("statistics.json")),
        anomalies=_anomalies(bundle),
        weighting=tuple(lineage.row_weights.describe()),
        outliers=lineage.outliers,
        also=also,
    )
    write_text(path, page)


def _anomalies(bundle: Bundle) -> AnomalyReport | None:
    has_any = "anomalies.json" in bundle.manifest.files
    return AnomalyReport.from_json(bundle.document("anomalies.json")) if has_any else None


def write_plots(evaluation: Evaluation, model: str | Path, folder: Path, *, workspace: Workspace) -> tuple[Path, ...]:
    """Write one PNG a picture into `folder`; the files."""
    lineage = lineage_of(Bundle.load(workspace.bundle_path(str(model))))
    return save_plots(
        evaluation,
        folder,
        curve=lineage.training_info,
        best_iteration=lineage.best_iteration,
        importance=lineage.importance,
    )


def lineage_of(bundle: Bundle) -> Lineage:
    """What the bundle was made of, and how."""
    return msgspec.json.decode(bundle.document("lineage.json"), type=Lineage)
