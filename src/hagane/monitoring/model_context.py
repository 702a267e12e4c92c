"""`ModelContext`: what else is known of a deployed model when an alert of it is told."""

from __future__ import annotations

import msgspec


class ModelContext(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where to look beyond what moved."""

    deployed_model_id: str
    model: str
    """`late@3`."""
    trained: int | None = None
    """When it was registered, µs since 1970 UTC."""
    deployed: int | None = None
    """When it came to the endpoint, where it is there now."""
    last: int | None = None
    """The start of its latest judged window."""
    also: tuple[str, ...] = ()
    """What else was on the wrong side of its threshold there, and is no alert: the farthest first."""
    form: tuple[str, ...] = ()
    """What was wrong there with the traffic's form and amount."""
