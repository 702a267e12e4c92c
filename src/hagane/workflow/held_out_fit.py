"""`fit_on_eval`: what is fitted on the eval rows once the model stands: its calibration, its prediction intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from hagane.bundle.bundle import Bundle
from hagane.bundle.write_bundle import write_bundle
from hagane.calibration.calibrate import CalibrationFit, calibrate
from hagane.calibration.calibrator import Calibrator
from hagane.calibration.prediction_intervals import IntervalsFit, PredictionIntervals
from hagane.features.label import LabelEncoding
from hagane.models.boosted_tree_options import BoostedTreeOptions
from hagane.models.family import FitContext, FittedModel
from hagane.models.quantile_trees import fit_quantile
from hagane.progress import Progress
from hagane.spec.calibration import Calibration
from hagane.spec.intervals import Intervals
from hagane.workflow.build_graph import build_graph
from hagane.workflow.prepare import Prepared
from hagane.workflow.row_weights import WeightedSplits
from hagane.workflow.score import Scored, score_table
from hagane.workflow.sign import sign


@dataclass(frozen=True, slots=True)
class HeldOutFit:
    """What stands in the graph behind the family's scores, and how it came about."""

    calibrator: Calibrator | None = None
    intervals: PredictionIntervals | None = None
    calibration_fit: CalibrationFit | None = None
    intervals_fit: IntervalsFit | None = None

    @property
    def calibration_method(self) -> Literal["none", "platt", "isotonic"]:
        """`none` where the family's probabilities stay as they are."""
        return self.calibration_fit.method if self.calibration_fit else "none"


def fit_bounds(prepared: Prepared, encoded: WeightedSplits, progress: Progress) -> tuple[FittedModel, ...]:
    """The models of the lower and the upper quantile where the spec asks for them, else none.

    Boosted trees whatever the family, with its options where it is one. Raises TrainingError.
    """
    spec, options = prepared.resolved.spec, prepared.resolved.options
    if spec.intervals is None or spec.intervals.method != "quantile":
        return ()
    trees = options if isinstance(options, BoostedTreeOptions) else BoostedTreeOptions()
    context = FitContext(
        features=encoded.train.features,
        seed=spec.training.seed,
        progress=progress,
        memory=prepared.table.engine.memory,
    )
    tail = (1.0 - spec.intervals.level) / 2.0
    return tuple(
        fit_quantile(encoded.train, encoded.eval, trees, context, quantile=quantile) for quantile in (tail, 1.0 - tail)
    )


def fit_on_eval(
    prepared: Prepared, model: FittedModel, bounds: Sequence[FittedModel], folder: Path, progress: Progress
) -> HeldOutFit:
    """Fit what the spec asks for on the eval rows, by what the graph itself answers for them (in `folder`, a bundle).

    Class weights do not count here, so that calibrated probabilities are those of the data; a weight column does, in
    calibration. Raises TrainingError where the eval rows do not suffice.
    """
    spec = prepared.resolved.spec
    asks_calibration = spec.calibration is not None and spec.calibration.method != "none"
    asks_intervals = spec.intervals is not None and spec.intervals.method != "none"
    if not asks_calibration and not asks_intervals:
        return HeldOutFit()
    unmoved = PredictionIntervals(bounds=tuple(bounds)) if asks_intervals else None
    scored = _score_eval(prepared, model, unmoved, folder, progress)
    if unmoved is not None:
        assert spec.intervals is not None
        return _intervals(spec.intervals, unmoved, scored)
    assert spec.calibration is not None
    assert isinstance(prepared.label, LabelEncoding)
    return _calibration(spec.calibration, prepared.label, scored, spec.training.seed)


def _score_eval(
    prepared: Prepared, model: FittedModel, unmoved: PredictionIntervals | None, folder: Path, progress: Progress
) -> Scored:
    """The eval rows through a graph that nothing was fitted on behind the family's scores."""
    spec = prepared.resolved.spec
    graph = build_graph(
        prepared.transform, model, prepared.label, threshold=spec.evaluation.threshold, intervals=unmoved
    )
    signature = sign(prepared, calibration="none", has_intervals=unmoved is not None)
    bundle = Bundle.load(write_bundle(folder, model=graph, signature=signature))
    assert prepared.splits.eval is not None
    weight = spec.training.weight_column
    return score_table(
        bundle, prepared.splits.eval, prepared.label, weight=weight, phase="calibrate", progress=progress
    )


def _calibration(wanted: Calibration, label: LabelEncoding, scored: Scored, seed: int) -> HeldOutFit:
    assert wanted.method != "none"
    labels = scored.labels.astype(np.int64)
    calibrator, told = calibrate(wanted.method, scored.scores.astype(np.float64), labels, scored.weights, seed=seed)
    return HeldOutFit(calibrator=calibrator, calibration_fit=told)


def _intervals(wanted: Intervals, unmoved: PredictionIntervals, scored: Scored) -> HeldOutFit:
    assert scored.bounds is not None
    labels = scored.labels.astype(np.float64)
    intervals = unmoved.fitted(labels, scored.bounds[:, 0], scored.bounds[:, 1], wanted.level)
    told = IntervalsFit(method=wanted.method, level=wanted.level, num_rows=len(labels), margin=intervals.margin)
    return HeldOutFit(intervals=intervals, intervals_fit=told)
