"""From a fitted model to what is published: the graph, proved against the training path, and its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec

from hagane.bundle.bundle import Bundle
from hagane.bundle.signature import Signature
from hagane.bundle.write_bundle import write_bundle
from hagane.data.split import Splits
from hagane.data.table import Table
from hagane.data.training_fraction import TrainingFraction
from hagane.evaluation.evaluate_without_label import evaluate_without_label
from hagane.evaluation.evaluation import Evaluation
from hagane.features.encode import EncodedSplits
from hagane.features.encoded import Encoded
from hagane.features.no_label import NoLabel
from hagane.models.explained import ExplainedModel, Explanation
from hagane.models.family import FeatureMaskModel, FittedModel
from hagane.models.measured_model import MeasuredModel
from hagane.monitoring.training_reference import REFERENCE_NAME
from hagane.progress import Progress
from hagane.spec.monitoring import Monitoring
from hagane.spec.spec import Spec
from hagane.workflow.build_graph import Graphs, build_graphs
from hagane.workflow.card_slices import card_slices
from hagane.workflow.error_model import error_model_documents
from hagane.workflow.explanation_documents import explanation_documents
from hagane.workflow.global_explanation import GLOBAL_EXPLANATION_NAME, explain_globally
from hagane.workflow.held_out_fit import HeldOutFit, fit_on_eval
from hagane.workflow.measure_reference import measure_reference
from hagane.workflow.prepare import Prepared
from hagane.workflow.score import report, score_table
from hagane.workflow.sign import sign
from hagane.workflow.tell_slices_without_values import tell_slices_without_values
from hagane.workflow.verify_explanation import MissedSumError
from hagane.workflow.verify_export import Verification, verify_export

JUMPS = "the model's answers jump, so that its gradients do not add up to them"

MOST_TRAINING_ROWS = 50_000
"""A report of the rows that were trained on says little, whatever their number: so many are enough for it."""


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
    """The documents by which a bundle explains its answers, where it can; how it answered when it was new."""


def export(
    prepared: Prepared,
    model: FittedModel,
    folder: Path,
    progress: Progress,
    *,
    encoded: EncodedSplits,
    bounds: Sequence[FittedModel] = (),
) -> Export:
    """Fit what is fitted on the eval rows, build the graph, load it as a bundle in `folder`, verify and evaluate it.

    `encoded` are the rows as features, `bounds` the quantile models of prediction intervals. Raises BundleError when
    the graph does not reproduce training.
    """
    spec = prepared.resolved.spec
    fit = fit_on_eval(prepared, model, bounds, folder / "uncalibrated", progress)
    explanation = model.explanation() if isinstance(model, ExplainedModel) else None
    try:
        proved = _proved(prepared, model, fit, folder / "exported", explanation)
    except MissedSumError:
        if explanation is None or not explanation.may_fail:
            raise
        explanation = explanation.by_answers(f"{JUMPS}: explained by sampled Shapley values")
        proved = _proved(prepared, model, fit, folder / "exported_anew", explanation)
    if explanation is not None and explanation.note:
        progress.note(explanation.note)
    trial, graphs, documents, signature, verification = proved
    evaluation = _evaluate(trial, prepared, model, encoded, progress)
    documents |= _explained_globally(trial, prepared, explanation is not None, progress)
    documents |= error_model_documents(prepared, model, encoded, folder / "error_model", progress)
    documents |= _reference(trial, prepared, progress)
    tell_slices_without_values(prepared, progress)
    kept = asked_slices(spec)
    asked = msgspec.structs.replace(evaluation, slices=tuple(each for each in evaluation.slices if each.column in kept))
    return Export(graphs.model, signature, verification, asked, evaluation, fit, documents)


class _Proved(NamedTuple):
    """A bundle that answers what the model does."""

    bundle: Bundle
    graphs: Graphs
    documents: dict[str, bytes]
    signature: Signature
    verification: Verification


def _proved(
    prepared: Prepared, model: FittedModel, fit: HeldOutFit, folder: Path, explanation: Explanation | None
) -> _Proved:
    """Build the graphs, write them to `folder` and verify them."""
    graphs = build_graphs(
        prepared.transform,
        model,
        prepared.label,
        threshold=prepared.resolved.spec.evaluation.threshold,
        calibrator=fit.calibrator,
        intervals=fit.intervals,
        explanation=explanation,
        declared=prepared.resolved.spec.transform,
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
        outputs=graphs.columns,
    )
    bundle = Bundle.load(write_bundle(folder, model=graphs.model, signature=signature, documents=documents))
    return _Proved(bundle, graphs, documents, signature, verify_export(bundle, prepared, model, fit))


def _evaluate(
    bundle: Bundle, prepared: Prepared, model: FittedModel, encoded: EncodedSplits, progress: Progress
) -> Evaluation:
    """Evaluate on the test rows; without any, on the eval rows; without those, on some of the training rows.

    A model without a label on all of these: it needs no more than their features.
    """
    part = _report_part(prepared)
    if isinstance(prepared.label, NoLabel):
        return _measured(model, getattr(encoded, part), prepared.label, part, progress)
    wanted = prepared.resolved.spec.evaluation
    rows = _report_rows(prepared)
    unasked = card_slices(prepared, prepared.split_counts[part])
    slices = tuple(dict.fromkeys((*asked_slices(prepared.resolved.spec), *unasked)))
    scored = score_table(bundle, rows, prepared.label, slices=slices, progress=progress)
    return report(scored, bundle.signature, wanted, prepared.resolved.spec.model, part=part, progress=progress)


def asked_slices(spec: Spec) -> tuple[str, ...]:
    """The columns by whose values the evaluation is sliced: those by which the traffic will be, too."""
    monitored = spec.monitoring.quality.slices if spec.monitoring else ()
    return tuple(dict.fromkeys((*spec.evaluation.slices, *monitored)))


def _measured(model: FittedModel, rows: Encoded, label: NoLabel, part: str, progress: Progress) -> Evaluation:
    """What a model without a label says of encoded rows."""
    measurement = model.measurement() if isinstance(model, MeasuredModel) else None
    if measurement is not None:
        with progress.phase("evaluate", total=rows.num_rows) as phase:
            for batch in rows.blocks():
                measurement.add(batch.dense, batch.ids, batch.sparse)
                phase.advance(len(batch.label))
    return evaluate_without_label(measurement, task=label.task, num_rows=rows.num_rows, part=part)


def _explained_globally(bundle: Bundle, prepared: Prepared, can: bool, progress: Progress) -> dict[str, bytes]:
    """The document that says how much each column matters over the rows of the report, where that is asked for."""
    if not prepared.resolved.spec.evaluation.global_explain:
        return {}
    if not can:
        progress.note("evaluation.global_explain: a model of this family cannot be explained")
        return {}
    found = explain_globally(bundle, _report_rows(prepared), part=_report_part(prepared), progress=progress)
    return {GLOBAL_EXPLANATION_NAME: found.to_json()}


def _reference(bundle: Bundle, prepared: Prepared, progress: Progress) -> dict[str, bytes]:
    """What windows of the traffic will be held against; of a model without rows to answer nothing."""
    rows, monitoring = _report_rows(prepared), prepared.resolved.spec.monitoring or Monitoring()
    if not rows.num_rows:
        return {}
    found = measure_reference(bundle, rows, prepared.transform, monitoring.watch, part=_report_part(prepared),
                              progress=progress)  # fmt: skip
    for note in found.notes:
        progress.note(f"monitoring.watch: {note}")
    return {REFERENCE_NAME: found.to_json()}


def _report_part(prepared: Prepared) -> str:
    return next((name for name in ("test", "eval") if prepared.split_counts[name]), "train")


def _report_rows(prepared: Prepared) -> Table:
    part = _report_part(prepared)
    rows: Table = _training_rows(prepared.splits) if part == "train" else getattr(prepared.splits, part)
    return rows


def _training_rows(splits: Splits) -> Table:
    share = MOST_TRAINING_ROWS / max(1, splits.counts[0])
    return TrainingFraction(share=min(1.0, share))(splits).train
