"""From a fitted model to what is published: the graph, proved against the training path, and its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from hagane.bundle.bundle import Bundle
from hagane.bundle.signature import Signature
from hagane.bundle.write_bundle import write_bundle
from hagane.evaluation.evaluation import Evaluation
from hagane.models.explained import ExplainedModel
from hagane.models.family import FeatureMaskModel, FittedModel
from hagane.progress import Progress
from hagane.workflow.build_graph import build_graphs
from hagane.workflow.card_slices import card_slices
from hagane.workflow.explanation_documents import explanation_documents
from hagane.workflow.held_out_fit import HeldOutFit, fit_on_eval
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
    """As the spec asks for it."""
    card_evaluation: Evaluation
    """The same with slices for the card, where the spec names none."""
    held_out: HeldOutFit
    explanation: Mapping[str, bytes]
    """The documents by which a bundle explains its answers; none where the model cannot be explained."""


def export(
    prepared: Prepared,
    model: FittedModel,
    folder: Path,
    progress: Progress,
    *,
    bounds: Sequence[FittedModel] = (),
) -> Export:
    """Fit what is fitted on the eval rows, build the graph, load it as a bundle in `folder`, verify and evaluate it.

    `bounds` are the quantile models of prediction intervals. Raises BundleError when the graph does not reproduce
    training.
    """
    spec = prepared.resolved.spec
    fit = fit_on_eval(prepared, model, bounds, folder / "uncalibrated", progress)
    explanation = model.explanation() if isinstance(model, ExplainedModel) else None
    graphs = build_graphs(
        prepared.transform,
        model,
        prepared.label,
        threshold=spec.evaluation.threshold,
        calibrator=fit.calibrator,
        intervals=fit.intervals,
        explanation=explanation,
    )
    documents: dict[str, bytes] = {}
    if explanation is not None:
        assert isinstance(model, ExplainedModel)
        documents = explanation_documents(prepared, model, explanation, graphs.explained, fit)
    signature = sign(
        prepared,
        calibration=fit.calibration_method,
        has_intervals=fit.intervals is not None,
        interval_rows=fit.intervals_fit.num_rows if fit.intervals_fit else None,
        has_masks=isinstance(model, FeatureMaskModel),
    )
    trial = Bundle.load(write_bundle(folder / "exported", model=graphs.model, signature=signature, documents=documents))
    verification = verify_export(trial, prepared, model, fit)
    evaluation = _evaluate(trial, prepared, progress)
    asked = evaluation if spec.evaluation.slices else msgspec.structs.replace(evaluation, slices=())
    return Export(graphs.model, signature, verification, asked, evaluation, fit, documents)


def _evaluate(bundle: Bundle, prepared: Prepared, progress: Progress) -> Evaluation:
    """Evaluate on the test rows; without any, on the eval rows; without those, on the training rows."""
    part = next((name for name in ("test", "eval") if prepared.split_counts[name]), "train")
    wanted = prepared.resolved.spec.evaluation
    rows = getattr(prepared.splits, part)
    slices = wanted.slices or card_slices(prepared, prepared.split_counts[part])
    scored = score_table(bundle, rows, prepared.label, slices=slices, progress=progress)
    return report(scored, bundle.signature, wanted, prepared.resolved.spec.model, part=part, progress=progress)
