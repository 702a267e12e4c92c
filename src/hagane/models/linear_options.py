"""`LinearOptions`: what every linear family can be asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

import msgspec

from hagane.errors import Fault
from hagane.models.options import FamilyOptions
from hagane.spec.spec import Training

CLASS_WEIGHTS = ("auto_class_weights", "class_weights", "downsample")
"""Keys of `training` by which rows of one class count for more than one row each."""


class LinearOptions(FamilyOptions, frozen=True, kw_only=True):
    """Options of both linear families. Names are BigQuery ML's where it has one."""

    l1_reg: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    l2_reg: Annotated[float, msgspec.Meta(ge=0)] = 1.0
    fit_intercept: bool = True
    category_encoding_method: Literal["one_hot_encoding", "dummy_encoding"] = "one_hot_encoding"
    """Whether each category has a weight, or all but the most frequent one, which the others are measured against."""
    calculate_p_values: bool = False
    """Whether each weight gets a standard error and a p-value."""
    early_stop: bool = False
    """Whether an iterative solver ends when the eval loss no longer falls, and keeps the best iteration."""
    patience: Annotated[int, msgspec.Meta(ge=1)] = 5
    """Iterations without progress on the eval rows after which it ends."""
    min_rel_progress: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.0
    """Progress is a fall of the eval loss by more than this share."""

    def cross_faults(self) -> Sequence[Fault]:
        """P-values are those of weights that nothing but the rows determines."""
        return tuple(self._p_value_faults()) if self.calculate_p_values else ()

    def training_faults(self, training: Training) -> Sequence[Fault]:
        """P-values are those of rows that count as often as there are rows like them."""
        asked = [name for name in CLASS_WEIGHTS if getattr(training, name)] if self.calculate_p_values else []
        what = "rows that weigh by their class are no counts of rows: p-values would claim more than the data say"
        return tuple(
            Fault(what=what, where=f"training.{name}", next_step=f"remove {name}, or set calculate_p_values: false")
            for name in asked
        )

    def _p_value_faults(self) -> Iterator[Fault]:
        what = "a weight that a penalty draws towards 0, or early stopping keeps there, has no p-value"
        for name in ("l1_reg", "l2_reg"):
            if value := getattr(self, name):
                where, step = f"model.options.{name}", f"set {name}: 0, or calculate_p_values: false"
                yield Fault(what=what, where=where, expected="0", received=f"{value:g}", next_step=step)
        if self.early_stop:
            where, step = "model.options.early_stop", "set early_stop: false, or calculate_p_values: false"
            yield Fault(what=what, where=where, expected="false", received="true", next_step=step)
        if self.category_encoding_method != "dummy_encoding":
            yield Fault(
                what="p-values need a category of each feature to measure the others against",
                where="model.options.category_encoding_method",
                expected="dummy_encoding",
                received=self.category_encoding_method,
                next_step="set category_encoding_method: dummy_encoding",
            )
