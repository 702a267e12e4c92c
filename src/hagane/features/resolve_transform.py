"""Make a transform's implicit steps explicit, so that the resolved spec alone says what will happen."""

from __future__ import annotations

from collections.abc import Mapping

from hagane.types import Schema


def resolve_transform(transform: Mapping[str, str], schema: Schema, *, accepts_missing: bool) -> dict[str, str]:
    """Feature name → SQL in which every feature is dense or an id, and no dense feature is NULL where none may be.

    Raises ExpressionError with every fault.
    """
    raise NotImplementedError
