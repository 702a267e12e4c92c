"""What a compiled expression is: tensors for its data, its validity and its errors.

Legend: n rows of the batch, g lanes. Expressions of one shape are compiled side by side, one a lane; tensors are [n, g]
or broadcast to that ([1, g] for constants, [n, 1] where every lane is the same).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hagane.types import SqlType

Constants = npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Value:
    """An expression of `width` lanes.

    `data` holds FLOAT64 as float64, INT64, TIMESTAMP and DATE as int64, BOOL as bool; what stands where `valid` is
    false has no meaning. `valid` None: never NULL. `error` None: no part of it can err.
    """

    data: str
    valid: str | None
    error: str | None
    type: SqlType
    width: int = 1
    is_quiet: bool = False
    """Where NULL without error, FLOAT64 data are NaN and BOOL data false: comparisons need no mask."""
    bound: float | None = None
    """A number that |data| never exceeds (exact for INT64); None: FLOAT64 data may be infinite or NaN."""
    constants: Constants | None = field(default=None, compare=False)
    """The values themselves, [g] or [1], where the expression is a constant that is not NULL."""

    @property
    def finite_nonzero(self) -> bool:
        """Whether it is constants, none of them 0 or infinite."""
        return self.constants is not None and bool(np.all((self.constants != 0) & np.isfinite(self.constants)))


@dataclass(frozen=True, slots=True)
class ArrayValue(Value):
    """An expression of an array type, ragged: `data` is [t], the elements of all rows one after another.

    `valid` and `error` are [n, 1] as ever; elements of a NULL array have no meaning. Arrays have one lane.
    """

    rows: str = ""
    """[t] int64, ascending: in which row each element stands."""
    element_valid: str | None = None
    """[t] bool: false where an element is NULL; None: no element is."""
    weights: str | None = None
    """[t] float32, where the elements are slots of a sparse feature."""


class Lane(NamedTuple):
    """One compiled expression: column number `column` of `value`'s tensors, which are [n, value.width] in full."""

    value: Value
    column: int
