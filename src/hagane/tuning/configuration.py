"""`Configuration`: a family and its options, for any label: what a portfolio is made of."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Kind = Literal["boosted_tree", "random_forest", "dnn", "linear"]


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """A model that is worth a try."""

    name: str
    """In two or three words, what is special about it."""
    kind: Kind
    """The family, whatever it predicts."""
    options: dict[str, Any] = {}
    """Those that are not the family's defaults."""
    seed: int | None = None
    """Of the fit; None: `training.seed`."""
    cost: float = 1.0
    """About how long its fit takes, relative to the portfolio's first."""
    because: str = ""
    """Why it is in the portfolio."""

    def model_type(self, *, is_number: bool) -> str:
        """The family's name.

        >>> Configuration(name="plain", kind="linear").model_type(is_number=False)
        'logistic_reg'
        """
        if self.kind == "linear":
            return "linear_reg" if is_number else "logistic_reg"
        return f"{self.kind}_{'regressor' if is_number else 'classifier'}"
