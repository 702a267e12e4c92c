"""`WarmStart`: the parameters of an earlier fit, and where each of them belongs among the features of this one.

What a family learned is kept by what it is of, never by its place alone: a dense feature by its name, a slot by its
feature's name and the value that it stands for, an output by its class. So a model goes on although a column was added
or a vocabulary learned anew. What is new begins where it has no say, or with that of what it was taken for before: a
value that the earlier vocabulary lacks was its unknown slot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from hagane.features.feature import Feature, FeatureKind

PREFIX = "parameters."
"""How the files of `HasParameters.parameters` begin."""
FRESH = -1
"""The source of what the earlier fit had nothing for."""


@dataclass(frozen=True, kw_only=True)
class WarmStart:
    """An earlier fit, as this one may use it."""

    reference: str
    """What the user calls it: `late@3`, a path."""
    digest: str
    """Tells these parameters from any others."""
    parameters: Mapping[str, bytes]
    """What `HasParameters.parameters` of the earlier model gave: file name → content."""
    features: tuple[Feature, ...]
    """Its features, in its encoded order."""
    options: Mapping[str, object] = field(default_factory=dict)
    """Its family's options, all of them."""

    def over(self, features: Sequence[Feature]) -> WarmStart:
        """The same, of some of its features: of a part of a model that has these alone."""
        return replace(self, features=tuple(features))

    def places(self, features: Sequence[Feature], kind: FeatureKind) -> list[int]:
        """For each of `features` of a kind, its place among the earlier features of that kind; FRESH for none."""
        earlier = [feature.name for feature in self.features if feature.kind is kind]
        return [earlier.index(each.name) if each.name in earlier else FRESH for each in features if each.kind is kind]

    def slots(self, feature: Feature) -> npt.NDArray[np.int64]:
        """[cardinality] the earlier slot of each slot of an id or sparse feature; FRESH everywhere for a new feature.

        See `slot_sources`.
        """
        earlier = next((each for each in self.features if (each.name, each.kind) == (feature.name, feature.kind)), None)
        return slot_sources(earlier, feature)


def slot_sources(earlier: Feature | None, feature: Feature) -> npt.NDArray[np.int64]:
    """[cardinality] where each slot was among those of `earlier`: by its value; a value that was unknown in slot 0.

    Hash buckets have no values: theirs are the same slots where there are as many, else all FRESH.

    >>> old = Feature(name="c", kind=FeatureKind.ID, columns=("c",), cardinality=4, vocabulary=("a", "b"))
    >>> new = Feature(name="c", kind=FeatureKind.ID, columns=("c",), cardinality=5, vocabulary=("b", "c", "a"))
    >>> slot_sources(old, new).tolist(), slot_sources(None, old).tolist()
    ([0, 2, 0, 1, 3], [-1, -1, -1, -1])
    """
    if earlier is None:
        return np.full(feature.cardinality, FRESH, np.int64)
    if _has_buckets(feature) or _has_buckets(earlier):
        same = _has_buckets(feature) and _has_buckets(earlier) and feature.cardinality == earlier.cardinality
        return np.arange(feature.cardinality) if same else np.full(feature.cardinality, FRESH, np.int64)
    slot_of = {value: slot for slot, value in enumerate(earlier.vocabulary, 1)}
    known = [slot_of.get(value, 0) for value in feature.vocabulary]
    return np.array([0, *known, earlier.cardinality - 1], np.int64)


def _has_buckets(feature: Feature) -> bool:
    """Whether the slots between the first and the last stand for hashes."""
    return not feature.vocabulary and feature.cardinality > 2
