"""What a torch module of the user's own is told about its features, and in what form it is given them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor

from hagane.features.feature import Feature, FeatureKind

_ELEMENT = re.compile(r"(?P<array>.+)_(?P<place>0|[1-9][0-9]*)")


class SparseTensors(NamedTuple):
    """A sparse feature of n rows with t entries: row i has `ids[offsets[i]:offsets[i + 1]]`, with the weights there.

    As `nn.EmbeddingBag(…, include_last_offset=True, mode="sum")` takes it: `bag(ids, offsets, weights)`, the last as
    `per_sample_weights`.
    """

    offsets: Tensor
    """[n + 1] int64, from 0 to t."""
    ids: Tensor
    """[t] int64, in [0, cardinality)."""
    weights: Tensor
    """[t] float32."""


@dataclass(frozen=True, kw_only=True)
class TorchFeature:
    """One feature as the module is given it.

    ======== ============== ==============================================
    `kind`   given          tensor
    ======== ============== ==============================================
    `dense`  `width` = 1    [n] float32
    `dense`  `width` = m    [n, m] float32: an array of numbers
    `id`     `cardinality`  [n] int64 in [0, cardinality)
    `sparse` `cardinality`  `SparseTensors`
    ======== ============== ==============================================
    """

    name: str
    kind: FeatureKind
    width: int = 1
    cardinality: int = 0
    vocabulary: tuple[str, ...] = ()
    """What the slots 1 … V stand for; slot 0 is what was unseen or rare, slot V + 1 is NULL. Empty for hash buckets."""
    places: tuple[int, ...] = ()
    """Where it stands among the features of its kind; an array at `width` places."""


@dataclass(frozen=True, kw_only=True)
class TorchInputs:
    """All that the constructor of a module is told: `Module(inputs, **module_options)`.

    >>> x = [Feature(name=f"pixel_{i}", kind=FeatureKind.DENSE, columns=()) for i in (1, 0, 2)]
    >>> job = Feature(name="job", kind=FeatureKind.ID, columns=(), cardinality=9)
    >>> inputs = TorchInputs.of([*x, job], num_classes=3)
    >>> [(feature.name, feature.kind, feature.width) for feature in inputs.features], inputs["pixel"].places
    ([('pixel', <FeatureKind.DENSE: 'dense'>, 3), ('job', <FeatureKind.ID: 'id'>, 1)], (1, 0, 2))
    >>> inputs["job"].cardinality, inputs.num_outputs
    (9, 3)
    """

    features: tuple[TorchFeature, ...]
    num_outputs: int
    """Columns of what `forward` must return: 1 for a number and for two classes (the logit of the second), else a logit
    for each class; of several labels one for each."""
    num_classes: int = 0
    """Classes of the label; 0 for a number."""
    num_labels: int = 1
    """Labels that are predicted at once."""

    @classmethod
    def of(cls, features: Sequence[Feature], *, num_classes: int, num_labels: int = 1) -> TorchInputs:
        """`features` as `Encoded` has them: dense ones, ids, sparse ones."""
        kinds = {kind: [f for f in features if f.kind is kind] for kind in FeatureKind}
        described = _numbers(kinds[FeatureKind.DENSE])
        for kind in (FeatureKind.ID, FeatureKind.SPARSE):
            described += [
                TorchFeature(
                    name=f.name, kind=kind, cardinality=f.cardinality, vocabulary=f.vocabulary, places=(place,)
                )
                for place, f in enumerate(kinds[kind])
            ]
        num_outputs = num_classes if num_classes > 2 else num_labels
        return cls(features=tuple(described), num_outputs=num_outputs, num_classes=num_classes, num_labels=num_labels)

    def __getitem__(self, name: str) -> TorchFeature:
        """The feature called `name`. Raises KeyError."""
        for feature in self.features:
            if feature.name == name:
                return feature
        raise KeyError(name)

    @property
    def names(self) -> tuple[str, ...]:
        """Of all features: the keys of what `forward` is given."""
        return tuple(feature.name for feature in self.features)


def _numbers(features: Sequence[Feature]) -> list[TorchFeature]:
    """Dense features; `x_0`, `x_1`, …, `x_<m - 1>` are the array `x`, unless a feature of that name is there."""
    places = {feature.name: place for place, feature in enumerate(features)}
    arrays: dict[str, dict[int, int]] = {}
    for name, place in places.items():
        if found := _ELEMENT.fullmatch(name):
            arrays.setdefault(found["array"], {})[int(found["place"])] = place
    whole = {
        name: tuple(elements[k] for k in range(len(elements)))
        for name, elements in arrays.items()
        if len(elements) > 1 and max(elements) == len(elements) - 1 and name not in places
    }
    described, taken = [], set()
    for name, place in places.items():
        found = _ELEMENT.fullmatch(name)
        array = found["array"] if found and found["array"] in whole else ""
        if not array:
            described.append(TorchFeature(name=name, kind=FeatureKind.DENSE, places=(place,)))
        elif array not in taken:
            taken.add(array)
            described.append(
                TorchFeature(name=array, kind=FeatureKind.DENSE, width=len(whole[array]), places=whole[array])
            )
    return described
