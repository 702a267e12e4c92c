"""`member_features`: which of an ensemble's features a member sees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hagane.errors import Fault, SpecError, nearest
from hagane.features.feature import Feature


def member_features(names: Sequence[str] | None, features: Sequence[Feature]) -> tuple[Feature, ...]:
    """Those of `names`, in the order of `features`; all for None.

    An array of numbers has become a feature for each element, `<name>_0`, `<name>_1`, …: its name means all of them.
    Raises SpecError for names that are none.

    >>> from hagane.features.feature import FeatureKind
    >>> features = [Feature(name=n, kind=FeatureKind.DENSE, columns=(n[0],)) for n in ("v_0", "v_1", "x", "y")]
    >>> [feature.name for feature in member_features(["y", "v"], features)]
    ['v_0', 'v_1', 'y']
    """
    if names is None:
        return tuple(features)
    chosen = {name: set(_meant(name, features)) for name in names}
    faults = [_unknown(name, features) for name, found in chosen.items() if not found]
    if faults:
        raise SpecError(*faults)
    wanted = set().union(*chosen.values())
    return tuple(feature for feature in features if feature.name in wanted)


def _meant(name: str, features: Sequence[Feature]) -> Iterator[str]:
    """The feature of this name, else the elements of the array: the same columns, numbered without a gap."""
    by_name = {feature.name: feature for feature in features}
    if name in by_name:
        yield name
        return
    first, number = by_name.get(f"{name}_0"), 0
    while first is not None and (element := by_name.get(f"{name}_{number}")) and element.columns == first.columns:
        yield element.name
        number += 1


def _unknown(name: str, features: Sequence[Feature]) -> Fault:
    known = [feature.name for feature in features]
    return Fault(
        what=f"the transform has no feature {name!r}",
        where="model.features",
        expected="one of " + ", ".join(known),
        nearest=nearest(name, known),
    )
