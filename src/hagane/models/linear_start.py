"""What a linear model leaves to a later fit, and where a solver begins with it.

Weights are found by what they are of: a number's by its feature's name, a slot's by the value that it stands for, an
output's by its class. What is new begins with the weight 0; a value that the earlier vocabulary lacked with that of the
unknown slot, which it was.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.errors import Fault, SpecError
from hagane.features.feature import Feature, FeatureKind
from hagane.models.design import Design, slot_features
from hagane.models.family import FitContext
from hagane.models.linear_model import Coefficients, LinearAbout
from hagane.models.parameter_file import read_parameters
from hagane.models.warm_start import FRESH, WarmStart

Floats = npt.NDArray[np.float64]


class LinearStart(msgspec.Struct, frozen=True):
    """Weights [d + s, c] of the features as they come, and the intercept [c]."""

    weights: Floats
    intercept: Floats

    def in_design(self, design: Design) -> tuple[Floats, Floats]:
        """The same function as weights [w, c] of the design's scaled columns, and its intercept [c].

        What a category without a weight of its own had goes to the intercept, and off the others of its feature.
        """
        weights, intercept = self.weights.copy(), self.intercept.copy()
        for feature, offset, dropped in zip(
            slot_features(design.encoded.features), design.offsets, design.dropped, strict=True
        ):
            if dropped >= 0 and feature.kind is FeatureKind.ID:
                first = design.num_dense + int(offset)
                gone = weights[first + dropped].copy()
                weights[first : first + feature.cardinality] -= gone
                intercept += gone
        return weights * design.column_scale()[:, None], intercept + design.mean @ weights[: design.num_dense]


def begin_linear(context: FitContext, link: str) -> LinearStart | None:
    """The earlier model's coefficients for the features of this fit; None without a warm start.

    Raises SpecError where it predicts something else, BundleError where it cannot be read.
    """
    start = context.warm_start
    if start is None:
        return None
    arrays, about = read_parameters(start, LinearAbout)
    if about.link != link:
        what = f"it cannot begin with {start.reference}, which predicts something else"
        raise SpecError(Fault(what=what, where="training.warm_start", expected=about.link, received=link))
    earlier = Coefficients(arrays["dense"], arrays["table"], arrays["intercept"])
    weights = [_dense(earlier.dense, start, context.features), *_tables(earlier.table, start, context.features)]
    return LinearStart(np.concatenate(weights), earlier.intercept)


def _dense(earlier: Floats, start: WarmStart, features: tuple[Feature, ...]) -> Floats:
    """[d, c]."""
    places = np.array(start.places(features, FeatureKind.DENSE), np.int64)
    found = np.zeros((len(places), earlier.shape[1]))
    found[places != FRESH] = earlier[places[places != FRESH]]
    return found


def _tables(earlier: Floats, start: WarmStart, features: tuple[Feature, ...]) -> list[Floats]:
    """[slots, c] of each feature that has slots."""
    offset_of: dict[tuple[str, FeatureKind], int] = {}
    at = 0
    for feature in slot_features(start.features):
        offset_of[feature.name, feature.kind] = at
        at += feature.cardinality
    found = []
    for feature in slot_features(features):
        sources = start.slots(feature)
        is_known = not (sources == FRESH).any()
        offset = offset_of.get((feature.name, feature.kind), 0)
        found.append(earlier[offset + sources] if is_known else np.zeros((len(sources), earlier.shape[1])))
    return found
