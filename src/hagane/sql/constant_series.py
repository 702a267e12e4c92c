"""`constant_series`: `GENERATE_ARRAY(start, end[, step])` of constants, written out: points of buckets, say."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sqlglot import exp

from hagane.sql.expression import Literal
from hagane.sql.source import WAY_OUT

if TYPE_CHECKING:
    from hagane.sql.binder import Binder

ROUNDING = 1e-9
"""Of a step: an end that is missed by less is met."""


def constant_series(binder: Binder, node: exp.GenerateSeries, most: int) -> tuple[int, ...] | tuple[float, ...] | None:
    """The numbers from start to end, both taken, start + i × step; None after noting what is wrong with them.

    Whole numbers where all three are. `most` is how many there may be.
    """
    parts = [part for key in ("start", "end", "step") if (part := node.args.get(key)) is not None]
    bound = binder.bind_each(parts)
    if bound is None:
        return None
    values = [part.value for part in bound if isinstance(part, Literal)]
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) != len(parts) or not all(map(math.isfinite, numbers)):
        binder.source.fault("the array is not of constants", node, expected="GENERATE_ARRAY(start, end, step)",
                            next_step=WAY_OUT)  # fmt: skip
        return None
    start, end, *rest = numbers
    step = rest[0] if rest else 1
    if step == 0 or (end - start) / step < 0 or (end - start) / step >= most:
        binder.source.fault("the array has no elements, or too many", node, expected=f"1 to {most:,} of them")
        return None
    count = math.floor((end - start) / step + ROUNDING) + 1
    return tuple(start + i * step for i in range(count))
