"""`calibrate`: choose and fit a calibrator on rows that the model was not trained on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.calibration.calibrator import Calibrator, Doubles
from hagane.calibration.isotonic_calibrator import fit_isotonic
from hagane.calibration.sigmoid_calibrator import fit_sigmoid
from hagane.errors import Fault, TrainingError
from hagane.metrics.log_loss import clipped

Labels = npt.NDArray[np.int64]
Fit = Callable[[Doubles, Labels, Doubles], Calibrator]
METHODS: dict[str, Fit] = {"platt": fit_sigmoid, "isotonic": fit_isotonic}
NUM_FOLDS = 5


class CalibrationFit(msgspec.Struct, frozen=True, kw_only=True):
    """What was fitted and on what, for the lineage."""

    method: Literal["platt", "isotonic", "none"]
    """`none`: `auto` found that no calibration has a lower log loss."""
    asked: str
    """As the spec has it."""
    num_rows: int
    """Eval rows that it was fitted on."""
    fitted: str = ""
    """What came out, in a few words."""
    cross_validated_log_loss: dict[str, float] = {}
    """Method → log loss over the folds of the eval rows; of `auto` alone."""


def calibrate(
    method: Literal["platt", "isotonic", "auto"],
    probabilities: Doubles,
    labels: Labels,
    weights: Doubles | None = None,
    *,
    seed: int,
) -> tuple[Calibrator | None, CalibrationFit]:
    """Fit on `probabilities` [n, c] of rows with `labels` [n] (class numbers), which count `weights` [n].

    `auto` takes the method of the lowest log loss over five folds, none included (the simpler of equals). Raises
    TrainingError where the rows show one class only.

    >>> scores = np.linspace(0.05, 0.95, 200)
    >>> labels = (np.arange(200) % 10 < 10 * scores**2).astype(np.int64)  # what is said is too high
    >>> fitted, told = calibrate("auto", np.column_stack([1 - scores, scores]), labels, seed=0)
    >>> told.method, sorted(told.cross_validated_log_loss)
    ('platt', ['isotonic', 'none', 'platt'])
    """
    counts = np.ones(len(labels)) if weights is None else weights
    _check(labels, counts)
    losses: dict[str, float] = {}
    chosen: str = method
    if method == "auto":
        losses = cross_validated_log_losses(probabilities, labels, counts, seed=seed)
        chosen = min(losses, key=losses.__getitem__)
    fitted = METHODS[chosen](probabilities, labels, counts) if chosen != "none" else None
    told = CalibrationFit(
        method=chosen,  # type: ignore[arg-type]
        asked=method,
        num_rows=len(labels),
        fitted=fitted.describe() if fitted else "",
        cross_validated_log_loss=losses,
    )
    return fitted, told


def cross_validated_log_losses(
    probabilities: Doubles, labels: Labels, weights: Doubles, *, seed: int
) -> dict[str, float]:
    """Of no calibration and of each method: the weighted mean over rows that the calibrator was not fitted on."""
    folds = stratified_folds(labels, seed)
    answers = {name: np.empty_like(probabilities) for name in METHODS}
    for fold in range(NUM_FOLDS):
        inside = folds == fold
        for name, fit in METHODS.items():
            fitted = fit(probabilities[~inside], labels[~inside], weights[~inside])
            answers[name][inside] = fitted.apply(probabilities[inside])
    return {name: _log_loss(each, labels, weights) for name, each in ({"none": probabilities} | answers).items()}


def stratified_folds(labels: Labels, seed: int) -> npt.NDArray[np.int64]:
    """[n] the fold of each row: of every class the same share in each, at random.

    >>> np.bincount(stratified_folds(np.repeat([0, 1], [10, 5]), 0)).tolist()
    [3, 3, 3, 3, 3]
    """
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    folds = np.empty(len(labels), np.int64)
    folds[by_class] = np.arange(len(labels)) % NUM_FOLDS
    return folds


def _log_loss(probabilities: Doubles, labels: Labels, weights: Doubles) -> float:
    of_label = clipped(probabilities[np.arange(len(labels)), labels])
    return float(np.average(-np.log(of_label), weights=weights))


def _check(labels: Labels, weights: Doubles) -> None:
    if len(np.unique(labels[weights > 0])) > 1:
        return
    raise TrainingError(
        Fault(
            what="probabilities cannot be calibrated: the eval rows show one class only",
            where="calibration",
            expected="eval rows of at least 2 classes",
            received=f"{len(labels):,} rows" + (f", all of class number {labels[0]}" if len(labels) else ""),
            next_step="give split.eval_fraction a larger share, set split.stratify: true, or remove 'calibration'",
        )
    )
