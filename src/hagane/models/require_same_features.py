"""`require_same_features`: for families whose parameters stand for features as they were fitted, and no others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hagane.errors import Fault, SpecError
from hagane.features.feature import Feature
from hagane.models.warm_start import WarmStart

MOST = 5
"""Features that a fault names."""


def require_same_features(start: WarmStart, features: Sequence[Feature], why: str) -> None:
    """Raises SpecError where features of the earlier fit are no more, new, in another order, or of other slots."""
    differing = list(dict.fromkeys(_differing(start.features, features)))
    if differing:
        raise SpecError(
            Fault(
                what=f"it cannot begin with {start.reference}, whose features are others: {why}",
                where="training.warm_start",
                expected="the features as they were fitted, with the same categories",
                received="others: " + ", ".join(differing[:MOST]) + (", …" if len(differing) > MOST else ""),
                next_step="take them as they are: warm_start: {transform: reuse}",
            )
        )


def _differing(earlier: Sequence[Feature], features: Sequence[Feature]) -> Iterator[str]:
    """Names, those of the earlier fit first."""
    before, now = {each.name: each for each in earlier}, {each.name: each for each in features}
    for name, each in before.items():
        if name not in now or _meaning(each) != _meaning(now[name]):
            yield name
    yield from (name for name in now if name not in before)
    if list(before) != list(now) and set(before) == set(now):
        yield "their order"


def _meaning(feature: Feature) -> tuple[object, ...]:
    """What a parameter of the feature is of."""
    return feature.kind, feature.cardinality, feature.vocabulary
