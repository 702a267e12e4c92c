"""`Intervals`: the prediction intervals of a regressor, declared."""

from __future__ import annotations

from typing import Literal

import msgspec


class Intervals(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bounds between which the label lies in at least the share `level` of new rows like the eval rows.

    >>> Intervals().level
    0.9
    """

    method: Literal["split_conformal", "quantile", "none"] = "split_conformal"
    """`split_conformal`: the prediction plus and minus one number; `quantile`: as wide as each row needs, by two more
    models (boosted trees) of the label's quantiles."""
    level: float = 0.9
