"""`short_model_type`: KNN, TABNET, DECISION_TREE, PLS: the family that a short name means for a label."""

from __future__ import annotations

from hagane.models import FAMILIES
from hagane.types import SqlType

WHOLE = {"pls": "pls_reg"}
"""Short names of one family."""
CLASSES, NUMBERS = (SqlType.STRING, SqlType.BOOL), (SqlType.FLOAT64,)


def short_model_type(name: str, label_type: SqlType | None) -> str | None:
    """The family called `name` for labels of this type; None of what is no short name, or may mean either side.

    Text and BOOL are classes, FLOAT64 is a number; a whole number may be one or the other.

    >>> short_model_type("knn", SqlType.STRING), short_model_type("pls", None), short_model_type("knn", SqlType.INT64)
    ('knn_classifier', 'pls_reg', None)
    """
    if name in WHOLE:
        return WHOLE[name]
    sides = f"{name}_classifier", f"{name}_regressor"
    if not all(side in FAMILIES for side in sides):
        return None
    return sides[0] if label_type in CLASSES else sides[1] if label_type in NUMBERS else None
