"""`unknown_features`: options that name features which the transform does not have."""

from __future__ import annotations

from collections.abc import Sequence

from hagane.errors import Fault, nearest
from hagane.features.feature import Feature

MOST_NAMES = 20


def unknown_features(option: str, named: Sequence[str], features: Sequence[Feature], what: str) -> list[Fault]:
    """A fault for each name in `option` that none of `features` has; `what` they are."""
    names = [feature.name for feature in features]
    return [
        Fault(
            what=f"no {what} {name!r}",
            where=f"model.options.{option}",
            expected="one of " + ", ".join(names[:MOST_NAMES]) + (", …" if len(names) > MOST_NAMES else ""),
            nearest=nearest(name, names),
        )
        for name in named
        if name not in names
    ]
