"""`Variable`: a script's variable, or a parameter: a type of BigQuery's and a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Variable:
    """A value with its type.

    >>> Variable("ARRAY<INT64>", [1, 2])
    Variable(type='ARRAY<INT64>', value=[1, 2])
    """

    type: str
    """BigQuery's: `INT64`, `STRUCT<a FLOAT64, b STRING>`."""
    value: Any
    """Plain Python, as `pyarrow`'s `as_py` gives it; None is NULL."""
