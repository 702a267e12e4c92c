"""`FunctionCall`: one call of a function that stands in FROM, its arguments resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hagane.session.input_rows import InputRows
from hagane.workspace.model_version import ModelVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCall:
    """`ML.PREDICT(MODEL m, (query), STRUCT(0.7 AS threshold))`, say, ready to be run."""

    name: str
    """With its namespace, in upper case: `ML.PREDICT`."""
    model: ModelVersion | None
    """The version that the MODEL argument names; None where the function takes none."""
    data: tuple[InputRows, ...]
    """`(query)` and `TABLE name` arguments, in their order."""
    options: msgspec.Struct
    """The function's `Options`: what STRUCT(…) and `name => value` say, over the defaults."""
    values: tuple[Any, ...] = ()
    """Further positional arguments (an array of thresholds), as Python values."""
    named_data: Mapping[str, InputRows] = field(default_factory=dict)
    """`(query)` and `TABLE` arguments given by name."""
    sql: str = ""
    """The text in which the call stands."""
    start: int = 0
    """Its first character there."""
    end: int = 0
    """One past its last."""
