"""What each row counts in training: by class, by a column, or because others were left out."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.errors import Fault, TrainingError
from hagane.features.encode import EncodedSplits
from hagane.features.encoded import Encoded
from hagane.features.several_labels import Labels
from hagane.features.weight_column import WeightColumn
from hagane.number_text import brief_text
from hagane.spec.spec import Training, class_text
from hagane.workflow.prepare import Prepared


class RowWeights(msgspec.Struct, frozen=True, kw_only=True):
    """How the rows were weighted, for the lineage; empty where all count the same."""

    classes: dict[str, float] = {}
    """Class → what a row of it weighs in train and eval (auto_class_weights, class_weights)."""
    column: str | None = None
    """The column that says what each row weighs."""
    downsampled: str = ""
    """Which training rows were left out, and what was done about it."""
    is_calibrated: bool = False
    """Whether calibration on the eval rows, in which every row counts as it does in the data, came after."""

    def describe(self) -> Iterator[str]:
        """A sentence for each thing that was done, and what it does to probabilities."""
        if self.classes:
            shown = ", ".join(
                f"{name} {brief_text(weight)}" for name, weight in list(self.classes.items())[:MOST_SHOWN]
            )
            more = f" and {len(self.classes) - MOST_SHOWN} more" if len(self.classes) > MOST_SHOWN else ""
            yield f"rows weigh by class ({shown}{more}): {self._probabilities}"
        if self.column:
            yield (f"training rows weigh what the column '{self.column}' says; the evaluation counts every row once")
        if self.downsampled:
            yield f"{self.downsampled}, so probabilities stay those of the data; eval and test rows are all there"

    @property
    def _probabilities(self) -> str:
        """What class weights do to them."""
        if self.is_calibrated:
            return "calibration on the eval rows makes the probabilities those of the data again"
        return (
            "predicted probabilities are those of data in which the classes are as frequent as their weights make "
            "them, not of these data; the report's calibration shows it, and `calibration` in the spec mends it"
        )


MOST_SHOWN = 10


class WeightedSplits(msgspec.Struct, frozen=True, kw_only=True):
    """What a family is fitted on."""

    train: Encoded
    eval: Encoded | None
    weights: RowWeights
    class_offsets: tuple[float, ...] = ()
    """`FitContext.class_offsets`."""


def weight_column(prepared: Prepared) -> WeightColumn | None:
    """The column that the spec weighs rows by, as the encoder takes it."""
    name = prepared.resolved.spec.training.weight_column
    if name is None:
        return None
    return WeightColumn.make(f"`{name}`", prepared.table.schema)


def weigh_rows(encoded: EncodedSplits, prepared: Prepared) -> WeightedSplits:
    """The encoded splits with the weights that the spec asks for.

    Class weights count in train and eval, so that training stops early by the loss that it lowers. What downsampling
    left out is missing in train alone, since eval has all rows: a family that `corrects_prior` is given offsets for it,
    another one weights. Raises TrainingError where all weights are 0.
    """
    training, label = prepared.resolved.spec.training, prepared.label
    train, evaluation, classes = encoded.train, encoded.eval, dict[str, float]()
    corrects_prior = prepared.resolved.family.corrects_prior
    if training.auto_class_weights or training.class_weights:
        weights = _weights_by_class(encoded.train, training, label)
        classes = {class_text(name): float(weight) for name, weight in zip(label.classes, weights, strict=True)}
        train = train.weighted_by_class(weights)
        evaluation = None if evaluation is None else evaluation.weighted_by_class(weights)
    downsampled, factors = prepared.splits.downsampled, np.ones(len(label.classes))
    if downsampled is not None:
        factors[label.classes.index(downsampled.majority)] = downsampled.weight
        train = train if corrects_prior else train.weighted_by_class(factors)
    _check_total({"training": train, "eval": evaluation})
    done = RowWeights(
        classes=classes,
        column=training.weight_column,
        downsampled="" if downsampled is None else downsampled.describe(weighted=not corrects_prior),
    )
    offsets = tuple(np.log(factors).tolist()) if downsampled is not None and corrects_prior else ()
    return WeightedSplits(train=train, eval=evaluation, weights=done, class_offsets=offsets)


def auto_class_weights(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """[c] total_rows / (rows_in_class · num_classes), as BigQuery ML's AUTO_CLASS_WEIGHTS; 1 for a class of no rows.

    >>> auto_class_weights(np.array([90, 10]))
    array([0.55555556, 5.        ])
    """
    return np.where(counts > 0, counts.sum() / (np.maximum(counts, 1) * len(counts)), 1.0)


def _weights_by_class(train: Encoded, training: Training, label: Labels) -> npt.NDArray[np.float64]:
    if not training.auto_class_weights:
        return np.array([training.class_weights[class_text(name)] for name in label.classes], np.float64)
    counts = np.zeros(len(label.classes), np.int64)
    for block in range(train.num_blocks):
        counts += np.bincount(train.columns(block)[-1].astype(np.int64), minlength=len(counts))
    return auto_class_weights(counts)


def _check_total(splits: dict[str, Encoded | None]) -> None:
    for name, split in splits.items():
        if split is None or not split.num_rows or not split.has_weight:
            continue
        if not any(np.any(weight) for weight in map(split.weight, range(split.num_blocks)) if weight is not None):
            step = "look at the weight column and the split"
            raise TrainingError(Fault(what=f"all {name} rows weigh 0", where="training.weight_column", next_step=step))
