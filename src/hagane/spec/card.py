"""`Card`: what only people know of a model, for its card."""

from __future__ import annotations

import msgspec


class Card(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Free texts of the model card, in the words of Mitchell et al. 2019; what can be measured is written by itself.

    >>> Card(contact="team@example.com").intended_use is None
    True
    """

    intended_use: str | None = None
    """What the model is for, and for whom."""
    out_of_scope: str | None = None
    """What it must not be used for."""
    data: str | None = None
    """Where the rows come from, how they were collected, what is not in them."""
    ethical_considerations: str | None = None
    """Whom a wrong answer harms, sensitive columns, what was done about it."""
    limits: str | None = None
    """Caveats and recommendations that no figure shows."""
    contact: str | None = None
    """Whom to ask."""
    license: str | None = None
