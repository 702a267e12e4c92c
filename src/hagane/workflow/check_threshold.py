"""`check_threshold`: a threshold for a model that has none is refused."""

from __future__ import annotations

from hagane.bundle.signature import Signature
from hagane.counted import counted
from hagane.errors import Fault, SpecError


def check_threshold(signature: Signature, threshold: float) -> None:
    """Raise SpecError where the model does not tell two classes apart, or `threshold` is no probability."""
    has_several = bool(signature.labels) and signature.task == "classification"
    if not has_several and len(signature.classes) != 2:
        classes = f" of {counted(len(signature.classes), 'class')}" if signature.classes else ""
        raise SpecError(
            Fault(
                what="the model has no threshold",
                where="threshold",
                expected="a classifier of two classes",
                received=f"{signature.model_type}{classes}",
                next_step="leave threshold out",
            )
        )
    if not 0 <= threshold <= 1:
        what = "the threshold is no probability"
        raise SpecError(Fault(what=what, where="threshold", expected="0 to 1", received=str(threshold)))
