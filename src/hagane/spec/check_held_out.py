"""What must hold for that which is fitted on the eval rows: calibration and prediction intervals."""

from __future__ import annotations

from collections.abc import Iterator

from hagane.errors import Fault
from hagane.spec.spec import Spec

NEXT_STEP = "give split.eval_fraction a share, or a split that has EVAL rows: neither train nor test rows may serve"


def held_out_faults(spec: Spec) -> Iterator[Fault]:
    """No eval rows to fit on, and a level out of range."""
    calibration, intervals = spec.calibration, spec.intervals
    asked = {
        "calibration": calibration is not None and calibration.method != "none",
        "intervals": intervals is not None and intervals.method != "none",
    }
    for name, is_asked in asked.items():
        if is_asked and not _has_eval_rows(spec):
            what = f"{name} needs eval rows, and the split makes none"
            yield Fault(what=what, where=name, expected="eval rows", next_step=NEXT_STEP)
    if all(asked.values()):
        what = "calibration is for classes and intervals are for numbers: no label is both"
        yield Fault(what=what, where="intervals", next_step="remove one of them")
    if intervals is not None and not 0 < intervals.level < 1:
        where, expected = "intervals.level", "0 < level < 1, such as 0.9"
        yield Fault(what=f"{where} is out of range", where=where, expected=expected, received=f"{intervals.level:g}")


def _has_eval_rows(spec: Spec) -> bool:
    """Whether the split may have some; what a column says is seen later."""
    by_fraction = spec.split.method in ("random", "key", "time")
    return spec.split.method == "column" or (by_fraction and spec.split.eval_fraction > 0)
