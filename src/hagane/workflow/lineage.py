"""`Lineage`: what a bundle was made of, and how."""

from __future__ import annotations

import msgspec

from hagane.anomalies.outlier_report import OutlierReport
from hagane.calibration.calibrate import CalibrationFit
from hagane.calibration.prediction_intervals import IntervalsFit
from hagane.models.family import Iteration
from hagane.workflow.hyperparameters import Hyperparameter
from hagane.workflow.row_weights import RowWeights
from hagane.workflow.verify_export import Verification


class EnsembleMember(msgspec.Struct, frozen=True, kw_only=True):
    """What a member of an ensemble has to say."""

    number: int
    """Among those of the spec, from 0."""
    type: str
    weight: float
    """Its share: those of all add up to 1."""
    num_models: int
    """One for each fold."""
    held_out_loss: float | None
    """On the rows held out; null where nothing was."""


class Lineage(msgspec.Struct, frozen=True, kw_only=True):
    """`lineage.json`: what the bundle was made of, and how."""

    created: str
    """RFC 3339, UTC."""
    training_seconds: float
    data_fingerprint: str
    split: str
    split_counts: dict[str, int]
    declared_transform: dict[str, str] = {}
    """The features as the spec asked for them, before implicit steps were written out; none where it left them to
    automatic preprocessing."""
    row_weights: RowWeights = RowWeights()
    """What the rows counted in training."""
    hyperparameters: tuple[Hyperparameter, ...] = ()
    """What was left open in the spec: where it was searched, and the value of this training."""
    outliers: OutlierReport | None = None
    """The training rows that were set aside."""
    warm_start: str | None = None
    """The model that training began with, and the digest of its bundle."""
    retrained: str | None = None
    """Of a study's winner: that its eval rows were trained on, too."""
    occasion: str | None = None
    """Of a model that a policy had trained: of which endpoint, in which attempt, and because of what."""
    best_iteration: int
    training_info: tuple[Iteration, ...]
    advice: tuple[str, ...] = ()
    """What the curve suggests (overfitting, underfitting)."""
    importance: dict[str, float]
    members: tuple[EnsembleMember, ...] = ()
    """Of an ensemble, those that have a say."""
    calibration: CalibrationFit | None = None
    """What makes probabilities mean what they say, fitted on the eval rows."""
    intervals: IntervalsFit | None = None
    """What bounds are put around predicted numbers, fitted on the eval rows."""
    verification: Verification
    python: str
    libraries: dict[str, str]
