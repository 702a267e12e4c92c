"""`TreeOptions`: what every family of trees can be told. Names are BigQuery ML's where it has one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal

import msgspec

from hagane.errors import Fault
from hagane.models.options import FamilyOptions
from hagane.spec.value_text import value_text

Fraction = Annotated[float, msgspec.Meta(gt=0, le=1)]
NotNegative = Annotated[float, msgspec.Meta(ge=0)]
Direction = Literal["increasing", "decreasing"]


class TreeOptions(FamilyOptions, frozen=True, kw_only=True):
    """What boosted trees and forests have in common."""

    shaping: ClassVar[tuple[str, ...]] = ("max_category_slots",)

    max_tree_depth: Annotated[int, msgspec.Meta(ge=0, le=64)] = 0
    """0: not limited (`num_leaves` is the limit)."""
    num_leaves: Annotated[int, msgspec.Meta(ge=2, le=131_072)] = 31
    min_tree_child_weight: NotNegative = 1e-3
    """Least sum of hessians in a leaf."""
    min_tree_child_rows: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] | None = None
    """Fewest rows in a leaf. null: 20, or a 20th of the rows where that is less."""
    min_split_loss: NotNegative = 0.0
    """Least gain of a split."""
    l1_reg: NotNegative = 0.0
    l2_reg: NotNegative = 1.0
    subsample: Fraction = 0.8
    """Share of the rows that each tree sees, drawn without replacement."""
    colsample_bytree: Fraction | None = None
    """Share of the features that each tree sees. null: a half where there are at least 8 features, else all."""
    colsample_bylevel: Fraction = 1.0
    """BigQuery ML's; only 1, since LightGBM draws features by tree and by split."""
    colsample_bynode: Fraction | None = 1.0
    """Share of the features that each split sees."""
    tree_method: Literal["auto", "hist", "exact", "approx"] = "auto"
    """BigQuery ML's; `auto` and `hist` are the same, since LightGBM splits on histograms alone."""
    max_bins: Annotated[int, msgspec.Meta(ge=2, le=65_535)] = 255
    """Bins of a number, at most."""
    max_category_slots: Annotated[int, msgspec.Meta(ge=2, le=10_000_000)] = 256
    """Categories of more slots are given to the trees as the label's mean in the slot (`target_means`)."""
    monotone_constraints: dict[str, Direction] = msgspec.field(default_factory=dict)
    """Dense feature → whether the score may only rise or only fall with it."""
    monotone_constraints_method: Literal["basic", "intermediate"] = "basic"
    """`intermediate` binds leaves less, and takes more time. (LightGBM's `advanced` does not keep the constraints.)"""

    def cross_faults(self) -> Sequence[Fault]:
        """What LightGBM has no counterpart of, and what does not go together."""
        return tuple(self._tree_faults())

    def _tree_faults(self) -> Iterator[Fault]:
        if self.tree_method in ("exact", "approx"):
            yield without_counterpart("tree_method", self.tree_method, "auto or hist: trees are split on histograms")
        if self.colsample_bylevel != 1:
            expected = "1: features are drawn by tree (colsample_bytree) and by split (colsample_bynode)"
            yield without_counterpart("colsample_bylevel", self.colsample_bylevel, expected)
        if self.monotone_constraints and self.monotone_constraints_method != "basic" and self.colsample_bynode != 1:
            yield Fault(
                what=f"monotone_constraints_method {self.monotone_constraints_method!r} looks at all features",
                where="model.options.monotone_constraints_method",
                expected="colsample_bynode: 1, or the method 'basic'",
                received=f"colsample_bynode: {'null' if self.colsample_bynode is None else self.colsample_bynode}",
            )


def without_counterpart(option: str, value: object, expected: str) -> Fault:
    """A value that BigQuery ML takes, and LightGBM, by which trees are grown here, does not have."""
    return Fault(
        what=f"option {option!r} cannot be {value_text(value)}: LightGBM has no counterpart",
        where=f"model.options.{option}",
        expected=expected,
        received=value_text(value),
    )
