"""From a fitted model to what is published: the graph, proved against the training path, and its report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hagane.bundle.bundle import Bundle
from hagane.bundle.signature import Signature
from hagane.bundle.write_bundle import write_bundle
from hagane.evaluation.evaluation import Evaluation
from hagane.models.family import FittedModel
from hagane.progress import Progress
from hagane.workflow.build_graph import build_graph
from hagane.workflow.prepare import Prepared
from hagane.workflow.score import report, score_table
from hagane.workflow.sign import sign
from hagane.workflow.verify_export import Verification, verify_export


@dataclass(frozen=True, slots=True)
class Export:
    """What a bundle is written from."""

    graph: bytes
    signature: Signature
    verification: Verification
    evaluation: Evaluation


def export(prepared: Prepared, model: FittedModel, folder: Path, progress: Progress) -> Export:
    """Build the graph, load it as a bundle from `folder`, verify and evaluate it there.

    Raises BundleError when it does not reproduce training.
    """
    spec, family = prepared.resolved.spec, prepared.resolved.family
    graph = build_graph(prepared.transform, model, prepared.label, threshold=spec.evaluation.threshold)
    signature = sign(prepared.resolved, prepared.table, prepared.transform, prepared.label, prepared.statistics)
    trial = Bundle.load(write_bundle(folder, model=graph, signature=signature))
    verification = verify_export(trial, prepared.splits.train, prepared.transform, model, family)
    return Export(graph, signature, verification, _evaluate(trial, prepared, progress))


def _evaluate(bundle: Bundle, prepared: Prepared, progress: Progress) -> Evaluation:
    """Evaluate on the test rows; without any, on the eval rows; without those, on the training rows."""
    part = next((name for name in ("test", "eval") if prepared.split_counts[name]), "train")
    wanted = prepared.resolved.spec.evaluation
    rows = getattr(prepared.splits, part)
    scored = score_table(bundle, rows, prepared.label, slices=wanted.slices, progress=progress)
    return report(scored, bundle.signature, wanted, part=part)
