"""`WatchedAttributions`: what each raw column adds to the answers, of rows, as columns that can be summed up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from hagane.bundle.bundle import Bundle
from hagane.explanation.explainer import Explainer
from hagane.explanation.wanted import Wanted
from hagane.runtime.layout import ColumnData

MOST_ROWS = 2_000


class WatchedAttributions:
    """By the bundle's own attributor, in raw scores (log odds): of two classes to the positive one, of more to the
    predicted one, of several labels to the first."""

    def __init__(self, bundle: Bundle) -> None:
        """Raises BundleError for a model that cannot be explained."""
        self._explainer = Explainer.load(bundle)
        signature = bundle.signature
        is_binary = len(signature.classes) == 2 and not signature.labels
        self._wanted = Wanted(outputs=(1,) if is_binary else (0,) if signature.labels else None)

    def arrays(self, columns: Mapping[str, ColumnData]) -> dict[str, pa.Array[Any]]:
        """Raw column → an array of the rows; rows that erred, and are refused, are NULL."""
        found = self._explainer.explain_columns(columns, self._wanted)
        answers = found.predictions
        refused = answers.row_errors if answers.signature.on_error == "refuse" else np.zeros(len(found), np.bool_)
        return {
            name: pa.array(found.attributions[:, 0, place], mask=refused) for place, name in enumerate(found.columns)
        }
