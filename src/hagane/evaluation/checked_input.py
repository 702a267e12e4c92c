"""What `evaluate` was given, checked: every fault at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from hagane.errors import DataError, Fault
from hagane.evaluation.evaluation import Label
from hagane.metrics.asked_metric import AskedMetric

Array = npt.NDArray[Any]
ROUNDING = 1e-6
"""By how much a probability may leave [0, 1]: what float32 sums do. It is clipped."""


@dataclasses.dataclass(frozen=True)
class CheckedInput:
    """Labels and scores that agree."""

    labels: Array
    """[n] int64 class indices, or float64."""
    scores: Array
    """[n] float64 predictions; [n] the positive class's probability; or [n, c] probabilities (float32 or float64)."""
    classes: tuple[Label, ...]
    """Ascending; empty for regression."""
    slices: Mapping[str, Array]
    """Column → [n]."""
    asked: AskedMetric | None = None
    """By what numbers are judged that are no means."""


def check_input(
    labels: Array,
    scores: Array,
    *,
    task: Literal["classification", "regression"],
    classes: Sequence[Label] | None,
    threshold: float,
    slices: Mapping[str, Array],
    asked: AskedMetric | None = None,
) -> CheckedInput:
    """Check and normalise. Raises DataError with every fault."""
    labels, scores = np.asarray(labels), np.asarray(scores)
    columns = {name: np.asarray(values) for name, values in slices.items()}
    named = _classes(classes, scores) if task == "classification" else ()
    faults = [*_shape_faults(labels, scores, columns, len(named), task), *_value_faults(labels, "label")]
    faults += _value_faults(scores, "score")
    if not faults and task == "classification":
        faults += [*_class_faults(labels, named), *_probability_faults(scores), *_threshold_faults(threshold)]
    if faults:
        raise DataError(*faults)
    if task == "regression":
        return CheckedInput(labels.astype(np.float64), scores.reshape(-1).astype(np.float64), (), columns, asked)
    floats = scores if scores.dtype in (np.float32, np.float64) else scores.astype(np.float64)
    if len(named) == 2 and floats.ndim == 2:
        floats = floats[:, 1]
    return CheckedInput(labels.astype(np.int64), np.clip(floats, 0.0, 1.0), named, columns)


def _classes(classes: Sequence[Label] | None, scores: Array) -> tuple[Label, ...]:
    if classes is None:
        return tuple(range(scores.shape[1] if scores.ndim == 2 else 2))
    return tuple(each.item() if isinstance(each, np.generic) else each for each in classes)


def _shape_faults(
    labels: Array, scores: Array, columns: Mapping[str, Array], num_classes: int, task: str
) -> Iterator[Fault]:
    if labels.ndim != 1:
        yield Fault(what="labels have the wrong shape", expected="[n]", received=str(list(labels.shape)))
        return
    n = len(labels)
    if task == "regression":
        fits, expected = scores.shape in ((n,), (n, 1)), f"[{n}]"
    elif num_classes == 2:
        fits, expected = scores.shape in ((n,), (n, 2)), f"[{n}] or [{n}, 2]"
    else:
        fits, expected = scores.shape == (n, num_classes) and num_classes > 1, f"[{n}, {max(num_classes, 2)}]"
    if not fits:
        yield Fault(what="scores have the wrong shape", expected=expected, received=str(list(scores.shape)))
    for name, values in columns.items():
        if values.shape != (n,):
            received = str(list(values.shape))
            yield Fault(what="a slice has the wrong shape", where=name, expected=f"[{n}]", received=received)


def _value_faults(values: Array, name: str) -> Iterator[Fault]:
    if values.dtype.kind not in "fiub":
        yield Fault(what=f"{name}s are not numbers", received=f"an array of {values.dtype}")
        return
    wrong = ~np.isfinite(values)
    if wrong.any():
        row = int(np.argmax(wrong.reshape(len(values), -1).any(axis=1)))
        found = f"{int(wrong.sum())} that are not, the first in row {row}"
        yield Fault(what=f"a {name} is not a finite number", expected="finite numbers", received=found)


def _class_faults(labels: Array, classes: tuple[Label, ...]) -> Iterator[Fault]:
    wrong = (labels < 0) | (labels >= len(classes)) | (labels != np.floor(labels))
    if wrong.any():
        expected = f"class indices 0 … {len(classes) - 1}"
        yield Fault(what="a label is no class", expected=expected, received=str(labels[wrong][0].item()))


def _probability_faults(scores: Array) -> Iterator[Fault]:
    wrong = (scores < -ROUNDING) | (scores > 1 + ROUNDING)
    if wrong.any():
        received = str(scores[wrong][0].item())
        yield Fault(what="a score is no probability", expected="numbers in [0, 1]", received=received)


def _threshold_faults(threshold: float) -> Iterator[Fault]:
    if not 0 <= threshold <= 1:
        yield Fault(what="the threshold is no probability", expected="a number in [0, 1]", received=str(threshold))
