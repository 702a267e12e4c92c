"""`category_name`: what BigQuery calls a category."""

from __future__ import annotations

from hagane.models.weights import CategoryWeight

NULL_FILLER = "_null_filler"
"""NULL among the categories."""


def category_name(weight: CategoryWeight) -> str | None:
    """None for what training never saw, or too rarely.

    >>> category_name(CategoryWeight(category=None, kind="null", weight=1.0))
    '_null_filler'
    """
    return NULL_FILLER if weight.kind == "null" else weight.category
