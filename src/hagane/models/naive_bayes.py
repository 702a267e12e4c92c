"""NAIVE_BAYES: each class's rows by themselves, each feature by itself.

A number is normal within a class, around its mean there; a category has its share of the class's rows, a word its
share of the class's words, each as if it had been met `smoothing` times more. So it is scikit-learn's `GaussianNB`,
`CategoricalNB` and `MultinomialNB` at once. One pass over the rows learns it exactly, one more measures it; nothing
grows with the number of rows.

A missing number says nothing: it is left out of the means, and adds nothing to a row's score. NULL among categories is
a category of its own, and so is what training never saw.

Shapes: n rows, d dense features, s slots, c classes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.errors import Fault, TrainingError
from hagane.features.batch import Batch
from hagane.features.encoded import Encoded
from hagane.features.feature import Feature, FeatureKind
from hagane.models.design import slot_features, slot_offsets
from hagane.models.family import FitContext, Iteration, Task
from hagane.models.naive_bayes_model import ClassShapes, NaiveBayesModel
from hagane.models.options import FamilyOptions
from hagane.models.sparse_matrix import sparse_matrix
from hagane.models.tell_iteration import tell_iteration
from hagane.models.training_data import count_classes, weights_of
from hagane.progress import Phase
from hagane.training.told_to_end import told_to_end

Floats = npt.NDArray[np.float64]
PART_NUMBERS = 1 << 22
"""Terms that are worked on at once."""
LEAST_SHARE = 1e-300
"""A probability of 0 costs as if it were this."""


class NaiveBayesOptions(FamilyOptions, frozen=True, kw_only=True):
    """Options of `naive_bayes`."""

    smoothing: Annotated[float, msgspec.Meta(gt=0)] = 1.0
    """How many times more each category, or word, counts as met in each class (Laplace: 1)."""
    var_smoothing: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1e-9
    """Share of a number's variance over all rows that is added to its variance in each class."""
    fit_prior: bool = True
    """Whether classes are as likely as they are in the training rows; else all alike."""


class NaiveBayes:
    """Normal numbers, counted categories and words."""

    name = "naive_bayes"
    task = Task.CLASSIFICATION
    Options = NaiveBayesOptions
    dense_dtype = np.float64
    accepts_missing = True
    scales = False
    corrects_prior = False
    relative_tolerance = 1e-9

    def fit(
        self, train: Encoded, evaluation: Encoded | None, options: msgspec.Struct, context: FitContext
    ) -> NaiveBayesModel:
        """Count. Raises TrainingError when there is one class only, or where words have weights below 0."""
        assert isinstance(options, NaiveBayesOptions)
        count_classes(train, context)
        begun = time.perf_counter()
        held_out = evaluation if evaluation is not None and evaluation.num_rows else None
        total = 2 * train.num_rows + (held_out.num_rows if held_out else 0)
        with context.progress.phase("train", total=total, unit="rows") as phase:
            shapes = _shapes(_count(train, context, phase), train.features, options)
            silent = NaiveBayesModel(train.features, shapes, np.zeros(len(train.features)), ())
            loss, spread = _measure(silent, train, context, phase)
            eval_loss = None if held_out is None else _measure(silent, held_out, context, phase)[0]
        duration_ms = 1000 * (time.perf_counter() - begun)
        found = Iteration(iteration=1, loss=loss, eval_loss=eval_loss, duration_ms=duration_ms)
        tell_iteration(context.progress, found, num_rows=train.num_rows, max_iterations=1, best_iteration=1)
        return NaiveBayesModel(train.features, shapes, spread, (found,))


class _Counts(NamedTuple):
    """Sums over the rows, each weighted: `rows` [c]; of numbers `present`, `mean`, `squares` [d, c] around the mean; of
    slots `table` [s, c]."""

    rows: Floats
    present: Floats
    mean: Floats
    squares: Floats
    table: Floats


def _count(train: Encoded, context: FitContext, phase: Phase) -> _Counts:
    """One pass. Moments are put together as by Chan, Golub and LeVeque (1979)."""
    c, d = context.num_classes, train.num_dense
    offsets, num_slots = slot_offsets(train.features)
    numbers = [np.zeros((d, c)) for _ in range(3)]
    found = _Counts(np.zeros(c), numbers[0], numbers[1], numbers[2], np.zeros((num_slots, c)))
    for batch in train.blocks():
        _go_on(context)
        weight, label = weights_of(batch), batch.label.astype(np.intp)
        by_class = np.zeros((len(label), c))
        by_class[np.arange(len(label)), label] = weight
        np.add(found.rows, by_class.sum(axis=0), out=found.rows)
        _add_numbers(found, batch.dense.astype(np.float64), by_class, label)
        _add_slots(found.table, batch, by_class, offsets)
        phase.advance(len(label))
    if (found.table < 0).any():
        raise TrainingError(_negative_words(train.features, found.table, offsets))
    return found


def _add_numbers(counts: _Counts, dense: Floats, by_class: Floats, label: npt.NDArray[np.intp]) -> None:
    """Add numbers [n, d] of which some may be missing."""
    is_there = ~np.isnan(dense)
    dense = np.where(is_there, dense, 0.0)
    present = is_there.T.astype(np.float64) @ by_class
    mean = dense.T @ by_class / np.where(present > 0, present, 1.0)
    apart = np.where(is_there, dense - mean.T[label], 0.0)
    both = counts.present + present
    share = present / np.where(both > 0, both, 1.0)
    step = mean - counts.mean
    squares = np.square(apart).T @ by_class + np.square(step) * counts.present * share
    np.add(counts.squares, squares, out=counts.squares)
    np.add(counts.mean, step * share, out=counts.mean)
    np.copyto(counts.present, both)


def _add_slots(table: Floats, batch: Batch, by_class: Floats, offsets: npt.NDArray[np.int64]) -> None:
    """Add each row's weight to the slots of its categories, and its words' weights times it to theirs."""
    k, (num_slots, c) = batch.ids.shape[1], table.shape
    for column in range(k):
        slots = batch.ids[:, column].astype(np.int64) + offsets[column]
        for number in range(c):
            table[:, number] += np.bincount(slots, by_class[:, number], num_slots)
    if batch.sparse:
        words = sparse_matrix(batch.sparse, offsets[k:].tolist(), num_slots)
        table += words.T @ by_class


def _shapes(counts: _Counts, features: tuple[Feature, ...], options: NaiveBayesOptions) -> ClassShapes:
    """The model. What a class has no rows for is as it is in all of them."""
    c = len(counts.rows)
    rows = np.where(counts.rows > 0, counts.rows, 0.5) if options.fit_prior else np.ones(c)
    total = counts.present.sum(axis=1, keepdims=True)
    safe = np.where(total > 0, total, 1.0)
    centre = (counts.mean * counts.present).sum(axis=1, keepdims=True) / safe
    apart = np.square(counts.mean - centre) * counts.present
    whole = (counts.squares + apart).sum(axis=1, keepdims=True) / safe
    is_known = counts.present > 0
    variance = np.where(is_known, counts.squares / np.where(is_known, counts.present, 1.0), whole)
    variance = variance + options.var_smoothing * whole
    least = 1e-24 * (np.square(centre) + whole)
    is_constant = (variance <= least) | (whole <= least)
    variance = np.where(is_constant, np.where(whole > least, 1e-9 * whole, 1.0), variance)
    mean = np.where(is_known & (whole > least), counts.mean, centre)
    return ClassShapes(np.log(rows / rows.sum()), mean, np.sqrt(variance), _log_shares(counts.table, features, options))


def _log_shares(table: Floats, features: tuple[Feature, ...], options: NaiveBayesOptions) -> Floats:
    """[s, c] of each slot among those of its feature."""
    shares = table + options.smoothing
    offsets, num_slots = slot_offsets(features)
    for first, end in pairwise([*offsets, num_slots]):
        shares[first:end] /= shares[first:end].sum(axis=0)
    logs: Floats = np.log(shares)
    return logs


def _measure(model: NaiveBayesModel, encoded: Encoded, context: FitContext, phase: Phase) -> tuple[float, Floats]:
    """The weighted mean log loss, and by how much each feature moves the raw score [f]: one pass."""
    loss, total = 0.0, 0.0
    sums, squares = np.zeros((2, len(model.features), model.shapes.num_raw))
    for batch in _parts(encoded, sums.size):
        _go_on(context)
        weight, label = weights_of(batch), batch.label.astype(np.intp)
        scores = model.predict(batch.dense, batch.ids, batch.sparse)[np.arange(len(label)), label]
        loss -= float(weight @ np.log(np.maximum(scores, LEAST_SHARE)))
        terms = model.terms(batch.dense, batch.ids, batch.sparse)
        sums += np.tensordot(weight, terms, 1)
        squares += np.tensordot(weight, np.square(terms), 1)
        total += float(weight.sum())
        phase.advance(len(label))
    variance = np.maximum(squares / total - np.square(sums / total), 0.0)
    return loss / total, np.sqrt(variance).max(axis=1)


def _parts(encoded: Encoded, numbers_a_row: int) -> Iterator[Batch]:
    """Every row once, so few at a time that what is computed of them stays small."""
    size = max(1, PART_NUMBERS // max(1, numbers_a_row))
    for block in encoded.blocks():
        for start in range(0, block.num_rows, size):
            yield block.slice(start, min(start + size, block.num_rows))


def _go_on(context: FitContext) -> None:
    """Raises PreemptedError when told to end."""
    if context.preemption is not None and context.preemption.requested:
        raise told_to_end("the first pass", None, without="start it again: it takes two passes over the rows")


def _negative_words(features: tuple[Feature, ...], table: Floats, offsets: npt.NDArray[np.int64]) -> Fault:
    bad = int(np.flatnonzero((table < 0).any(axis=1))[0])
    place = int(np.searchsorted(offsets, bad, side="right")) - 1
    feature = slot_features(features)[place]
    assert feature.kind is FeatureKind.SPARSE
    return Fault(
        what=f"the feature '{feature.name}' has weights below 0: naive_bayes takes words for counts",
        where=f"transform.{feature.name}",
        next_step="give it counts or frequencies, or train logistic_reg",
    )
