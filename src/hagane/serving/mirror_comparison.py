"""`MirrorComparison`: how the answers of a mirrored version compare with those that clients got."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from hagane.bundle.predictions import Predictions
from hagane.serving.magnitudes import Magnitudes


class LabelComparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two versions' answers for one label."""

    label: str
    num_rows: int = 0
    """Rows for which both said something of the same kind."""
    num_agreed: int = 0
    """Classification: rows of the same predicted class."""
    is_classification: bool = False
    differences: Magnitudes = Magnitudes()
    """Regression: of the values. Classification: of the probabilities of the class that the clients' answer named."""

    @property
    def agreement(self) -> float | None:
        """The share of rows of the same class; None where there are no classes, or no rows."""
        return self.num_agreed / self.num_rows if self.is_classification and self.num_rows else None

    def merged(self, other: LabelComparison) -> LabelComparison:
        """Of the rows of both."""
        return msgspec.structs.replace(
            self,
            num_rows=self.num_rows + other.num_rows,
            num_agreed=self.num_agreed + other.num_agreed,
            differences=self.differences.merged(other.differences),
        )


class MirrorComparison(msgspec.Struct, frozen=True, kw_only=True):
    """Of a pair of deployed models: one served the requests, the other answered them besides."""

    endpoint: str
    served: str
    """The id of the deployed model that clients heard."""
    mirrored: str
    served_reference: str = ""
    """`late@3`."""
    mirrored_reference: str = ""
    num_requests: int = 0
    num_rows: int = 0
    num_errors_both: int = 0
    """Rows on which expressions of both erred."""
    num_errors_served: int = 0
    """Rows on which only the served one's erred."""
    num_errors_mirrored: int = 0
    num_refused: int = 0
    """Requests that the mirrored version refused or failed on."""
    num_incomparable: int = 0
    """Requests whose answers are of different kinds."""
    num_dropped: int = 0
    """Requests that were not mirrored, because too many waited."""
    served_seconds: float = 0.0
    """What the models' runs took, of all compared requests."""
    mirrored_seconds: float = 0.0
    labels: tuple[LabelComparison, ...] = ()

    def merged(self, other: MirrorComparison) -> MirrorComparison:
        """Of the requests of both."""
        sums = {
            name: getattr(self, name) + getattr(other, name)
            for name in self.__struct_fields__
            if name.startswith("num_") or name.endswith("_seconds")
        }
        by_name = {each.label: each for each in self.labels}
        for each in other.labels:
            by_name[each.label] = by_name[each.label].merged(each) if each.label in by_name else each
        return msgspec.structs.replace(self, **sums, labels=tuple(by_name.values()))

    def as_json(self) -> dict[str, Any]:
        """Counts, shares and quantiles as plain values."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        found["labels"] = [_label_json(each) for each in self.labels]
        return found


def compare_predictions(served: Predictions, mirrored: Predictions) -> tuple[LabelComparison, ...] | None:
    """What two versions said of the same rows, label by label; None where they are of different kinds.

    Of models without a label there is nothing to compare: their clusters and components have no names in common.
    """
    if served.columns is not None and mirrored.columns is not None:
        return ()
    if len(served) != len(mirrored) or _kinds(served) != _kinds(mirrored):
        return None
    return tuple(_compare(one, two) for one, two in zip(_each(served), _each(mirrored), strict=True))


def _kinds(predictions: Predictions) -> list[tuple[str, bool]]:
    """The labels, and whether they are numbers."""
    return [(each.signature.label, each.values is None) for each in _each(predictions)]


def _each(predictions: Predictions) -> Sequence[Predictions]:
    return predictions.each if predictions.signature.labels else (predictions,)


def _compare(served: Predictions, mirrored: Predictions) -> LabelComparison:
    label = served.signature.label
    if served.values is not None and mirrored.values is not None:
        differences = np.abs(served.values.astype(np.float64) - mirrored.values)
        return LabelComparison(label=label, num_rows=len(served), differences=Magnitudes.of(differences))
    assert served.labels is not None
    assert mirrored.labels is not None
    own, its = served.labels.tolist(), mirrored.labels.tolist()
    return LabelComparison(
        label=label,
        num_rows=len(own),
        num_agreed=sum(one == two for one, two in zip(own, its, strict=True)),
        is_classification=True,
        differences=Magnitudes.of(np.abs(_probabilities(served, own) - _probabilities(mirrored, own))),
    )


def _probabilities(predictions: Predictions, classes: Sequence[Any]) -> Any:
    """[n] f64: what each row's class of `classes` has; 0 for one that the model does not know."""
    assert predictions.probabilities is not None
    places = {each: place for place, each in enumerate(predictions.signature.classes)}
    rows = predictions.probabilities.tolist()
    return np.array([row[places[each]] if each in places else 0.0 for row, each in zip(rows, classes, strict=True)])


def _label_json(one: LabelComparison) -> dict[str, Any]:
    gaps = one.differences
    return {
        "label": one.label,
        "num_rows": one.num_rows,
        "agreement": one.agreement,
        "mean_absolute_difference": gaps.mean,
        "largest_difference": gaps.largest,
        **{f"p{round(100 * share)}": gaps.quantile(share) for share in (0.5, 0.9, 0.99)},
    }
