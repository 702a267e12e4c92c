"""Whether the eval rows can serve for the calibration or the prediction intervals that a spec asks for."""

from __future__ import annotations

from collections.abc import Iterator

from hagane.calibration.conformal import fewest_rows
from hagane.counted import counted
from hagane.data.split import EVAL, Splits
from hagane.errors import Fault, SpecError
from hagane.features.several_labels import Labels
from hagane.spec.check_held_out import NEXT_STEP
from hagane.spec.spec import Spec


def check_held_out(spec: Spec, label: Labels, splits: Splits) -> None:
    """Raise SpecError where the label is of the wrong kind, or the split gave too few eval rows."""
    kinds = kind_faults(spec, label.task, label.column)
    faults = [*kinds, *_calibration(spec, label, splits), *_intervals(spec, label, splits)]
    if faults:
        raise SpecError(*faults)


def kind_faults(spec: Spec, task: str, column: str) -> Iterator[Fault]:
    """Calibration of numbers, and intervals of classes."""
    if task != "classification" and spec.calibration is not None and spec.calibration.method != "none":
        yield Fault(
            what=f"calibration is of probabilities, but the label '{column}' is a number to predict",
            where="calibration",
            next_step="remove it, or choose a classifier; 'intervals' says how far a number may lie off",
        )
    if task != "regression" and spec.intervals is not None and spec.intervals.method != "none":
        yield Fault(
            what=f"intervals are of numbers, but the label '{column}' has classes",
            where="intervals",
            next_step="remove it, or choose a regressor; 'calibration' is for probabilities",
        )


def _calibration(spec: Spec, label: Labels, splits: Splits) -> Iterator[Fault]:
    if spec.calibration is None or spec.calibration.method == "none":
        return
    if label.task == "classification" and not splits.counts[EVAL]:
        yield _no_rows("calibration")


def _intervals(spec: Spec, label: Labels, splits: Splits) -> Iterator[Fault]:
    if spec.intervals is None or spec.intervals.method == "none":
        return
    needed = fewest_rows(spec.intervals.level)
    if label.task != "regression":
        return
    if not splits.counts[EVAL]:
        yield _no_rows("intervals")
    elif splits.counts[EVAL] < needed:
        yield Fault(
            what=f"there are too few eval rows for prediction intervals of level {spec.intervals.level:g}",
            where="intervals.level",
            expected=f"at least {counted(needed, 'eval row')}",
            received=f"{splits.counts[EVAL]:,}",
            next_step="give split.eval_fraction a larger share, or lower the level",
        )


def _no_rows(section: str) -> Fault:
    return Fault(
        what=f"{section} needs eval rows, and the split made none",
        where=section,
        expected="eval rows",
        next_step=NEXT_STEP,
    )
