"""`sum_up_quality`: what the labels that have come say of a window's answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hagane.bundle.signature import Signature
from hagane.data.arrow_types import ARROW_TYPES
from hagane.data.engine import quote_name
from hagane.errors import DataError, HaganeError
from hagane.features.label import LabelEncoding
from hagane.monitoring.quality.binary_quality import NUM_BINS, BinaryQuality
from hagane.monitoring.quality.multiclass_quality import MulticlassQuality
from hagane.monitoring.quality.regression_quality import RegressionQuality
from hagane.monitoring.quality.window_quality import SliceQuality, Sums, WindowQuality
from hagane.statistics.statistics import Statistics
from hagane.workflow.logged_rows import LoggedRows
from hagane.workflow.request_log import truth_sql

BATCH_ROWS = 131_072
MOST_LABELS = 20
"""Of many labels the first are looked at."""
MOST_VALUES = 10
"""Of a column: the most frequent ones of training; the others are one slice together."""
SLICE_BINS = 64
Slices = dict[str, tuple[str, ...]]


def sum_up_quality(rows: LoggedRows) -> WindowQuality | None:
    """As `labelled_quality`; of damaged feedback nothing is known yet."""
    try:
        return labelled_quality(rows)
    except DataError:  # the labels are looked for again in each round, which tells it
        return WindowQuality(num_rows=rows.num_rows)


def labelled_quality(rows: LoggedRows) -> WindowQuality | None:
    """Of every label, and of each slice that the spec asks for; None for a model without a label. Raises DataError."""
    labels = (rows.signature.each or (rows.signature,))[:MOST_LABELS]
    if not rows.signature.label:
        return None
    whole, slices = WindowQuality(num_rows=rows.num_rows), _slices(rows)
    sql = _labelled_sql(rows, labels, slices)
    for batch in rows.engine.batches(sql, BATCH_ROWS) if sql else ():
        delays = batch.column("delay").to_numpy(zero_copy_only=False)
        part = WindowQuality(
            num_rows=0,
            num_labelled=batch.num_rows,
            delay_seconds=float(delays.sum()),
            longest_delay_seconds=float(delays.max(initial=0.0)),
            each=tuple(_each(batch, rows.signature, labels, slices)),
        )
        whole = whole.merge(part)
    return whole


def _labelled_sql(rows: LoggedRows, labels: tuple[Signature, ...], slices: Slices) -> str | None:
    """A row for each labelled one; None where there is no feedback of these labels."""
    joined = truth_sql(rows.folder, rows.sql)
    if joined is None:
        return None
    types = dict(rows.engine.columns(f"SELECT truth.* FROM ({joined})"))
    if not all(one.label in types for one in labels):
        return None
    selected = ["weight", "greatest(0, epoch_us(truth_arrived) - epoch_us(time)) / 1e6 AS delay"]
    for place, one in enumerate(labels):
        answer = f"prediction.{quote_name(one.prediction_name)}"
        if one.classes:
            answer = f"list_transform(prediction.{quote_name(one.prediction_name + '_probs')}, lambda each: each.prob)"
        selected += [f"truth.{quote_name(one.label)} AS t{place}", f"{answer} AS a{place}"]
    selected += [f"CAST(instance.{quote_name(name)} AS VARCHAR) AS s{place}" for place, name in enumerate(slices)]
    return f"SELECT {', '.join(selected)} FROM ({joined}) WHERE truth_arrived IS NOT NULL"


def _each(
    batch: pa.RecordBatch, signature: Signature, labels: tuple[Signature, ...], slices: Slices
) -> Iterator[SliceQuality]:
    for place, one in enumerate(labels):
        known, truth, answers, weights = _known(batch, place, one)
        name = one.label if signature.labels else ""
        yield SliceQuality(label=name, sums=_sums(one, truth, answers, weights, NUM_BINS))
        for number, (column, values) in enumerate(slices.items()):
            for value, text, having in _values(column, values, batch.column(f"s{number}")):
                chosen = having[known]
                if chosen.any():
                    sums = _sums(one, truth[chosen], answers[chosen], weights[chosen], SLICE_BINS)
                    yield SliceQuality(label=name, slice=text, column=column, value=value, sums=sums)


def _known(batch: pa.RecordBatch, place: int, one: Signature) -> tuple[Any, Any, Any, Any]:
    """Which rows have a label that the model knows and an answer; of these labels, answers [n] or [n, c], weights."""
    encoded = _encoding(one).encode(batch.column(f"t{place}").cast(ARROW_TYPES[one.label_type]))
    kept = np.ones(batch.num_rows, np.bool_) if encoded.kept is None else encoded.kept
    column = batch.column(f"a{place}")
    answered = column.is_valid().to_numpy(zero_copy_only=False)
    found = np.full((batch.num_rows, max(1, len(one.classes))), np.nan)
    values = column.drop_null()
    flat = values.flatten() if one.classes else values
    found[answered] = flat.to_numpy(zero_copy_only=False).reshape(-1, found.shape[1])
    known = kept & np.isfinite(found).all(axis=1)
    weights = batch.column("weight").to_numpy(zero_copy_only=False)[known]
    return known, encoded.values[known[kept]], found[known], weights


def _encoding(one: Signature) -> LabelEncoding:
    return LabelEncoding(column=one.label, type=one.label_type, task=one.label_task, classes=one.classes)


def _sums(one: Signature, truth: Any, answers: Any, weights: Any, num_bins: int) -> Sums:
    if not one.classes:
        return RegressionQuality.of(answers[:, 0], truth, weights)
    if len(one.classes) > 2:
        return MulticlassQuality.of(answers, truth, weights)
    threshold = 0.5 if one.threshold is None else one.threshold
    return BinaryQuality.of(answers[:, 1], truth, weights, threshold=threshold, num_bins=num_bins)


def _values(column: str, values: tuple[str, ...], texts: Any) -> Iterator[tuple[str | None, str, Any]]:
    """Value, the slice's name and [n] which rows it has: each frequent one, NULL, and all others together."""
    places = pc.index_in(texts, value_set=pa.array(values, pa.string())).fill_null(-1).to_numpy(zero_copy_only=False)
    is_null = texts.is_null().to_numpy(zero_copy_only=False)
    for place, value in enumerate(values):
        shown = value.replace("'", "''")
        yield value, f"{column} = '{shown}'", places == place
    yield None, f"{column} IS NULL", is_null
    yield None, f"{column}: other values", (places < 0) & ~is_null


def _slices(rows: LoggedRows) -> Slices:
    """Column → its values, frequent in training; only columns that the log holds as they are."""
    asked = [
        name
        for name in rows.monitoring.quality.slices
        if name in rows.signature.names and name not in rows.model.sensitive
    ]
    if not asked or rows.bundle is None:
        return {}
    try:
        statistics = Statistics.from_json(rows.bundle.document("statistics.json"))
    except (HaganeError, KeyError, msgspec.MsgspecError):
        return {}
    return {name: tuple(_text(top.value) for top in statistics[name].top_values[:MOST_VALUES]) for name in asked}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
