"""What a model's data and figures say of its limits: what was never seen, what is rare, what is uncertain."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from hagane.counted import counted
from hagane.evaluation.evaluation import Evaluation, label_text
from hagane.features.label import LabelEncoding
from hagane.models.family import FittedModel
from hagane.names_text import names_text
from hagane.number_text import brief_text, share_text
from hagane.spec.spec import Spec
from hagane.statistics.leaks import Leak
from hagane.statistics.statistics import ColumnStatistics, Statistics
from hagane.types import SqlType
from hagane.workflow.prepare import Prepared

MISSING_FROM = 0.2
"""Share of NULLs from which it is told."""
FEW_ROWS = 100
FEW_JUDGED = 1_000
MOST_NAMED = 12
SENSITIVE = re.compile(
    r"(?:^|_)(sex|gender|race|ethnic\w*|religion|nationality|native_country|citizen\w*|disab\w*|pregnan\w*|marital\w*|"
    r"orientation|age|birth\w*|zip\w*|postal\w*|postcode)(?:_|$)",
    re.IGNORECASE,
)
"""Names of columns that often stand for a protected characteristic, or for where somebody lives."""


def card_limits(prepared: Prepared, model: FittedModel, evaluation: Evaluation, leaks: Sequence[Leak]) -> Iterator[str]:
    """A sentence for each limit that can be seen in the data or the figures."""
    spec, statistics = prepared.resolved.spec, prepared.statistics
    read = [statistics[column.name] for column in prepared.transform.columns]
    yield from _missing(read, prepared)
    yield from _categories(read)
    for label in prepared.label.each:
        yield from _classes(label, statistics)
        yield from _label_range(label, model, statistics)
    yield from _time(spec, prepared)
    yield from _figures(evaluation, spec)
    for leak in leaks:
        told = f"The column '{leak.column}' alone predicts the label almost perfectly ({leak.reason})"
        yield f"{told}: it may give it away."


def sensitive_columns(prepared: Prepared) -> list[str]:
    """Columns that the features read and whose names suggest a protected characteristic."""
    return [column.name for column in prepared.transform.columns if SENSITIVE.search(column.name)]


def _missing(read: Sequence[ColumnStatistics], prepared: Prepared) -> Iterator[str]:
    total = max(1, prepared.statistics.num_rows)
    often = [
        f"{each.name} ({share_text(each.num_nulls / total)})"
        for each in sorted(read, key=lambda each: -each.num_nulls)
        if each.num_nulls / total >= MISSING_FROM
    ]
    if often:
        yield f"Often NULL in training: {names_text(often, MOST_NAMED)}."
    never = [each.name for each in read if not each.num_nulls]
    if never:
        told = "Never NULL in training, so that a NULL there meets a model that has seen none"
        yield f"{told}: {names_text(never, MOST_NAMED)}."


def _categories(read: Sequence[ColumnStatistics]) -> Iterator[str]:
    texts = [each.name for each in read if each.type is SqlType.STRING]
    if texts:
        yield f"Values that training never met share one slot with what was too rare: {names_text(texts, MOST_NAMED)}."


def _classes(label: LabelEncoding, statistics: Statistics) -> Iterator[str]:
    if label.task != "classification":
        return
    found = {str(top.value): top.count for top in statistics[label.column].top_values}
    few = [
        f"{label_text(each)} ({counted(found[str(each)], 'row')})"
        for each in label.classes
        if found.get(str(each), FEW_ROWS) < FEW_ROWS
    ]
    if few:
        yield f"Classes of few training rows: {names_text(few, MOST_NAMED)}. What is said of them is uncertain."


def _label_range(encoding: LabelEncoding, model: FittedModel, statistics: Statistics) -> Iterator[str]:
    label = statistics[encoding.column]
    if encoding.task != "regression" or label.min is None or label.max is None:
        return
    told = f"Labels of training lie between {_text(label.min)} and {_text(label.max)}."
    if "tree" in model.family or "forest" in model.family:
        told += " Trees answer hardly anything beyond."
    else:
        told += " Beyond the columns' ranges below, the model goes on as it does at their ends: nothing was seen there."
    yield told


def _time(spec: Spec, prepared: Prepared) -> Iterator[str]:
    times = [c.name for c in prepared.table.schema if c.type in (SqlType.TIMESTAMP, SqlType.DATE)]
    if spec.split.method == "time":
        yield f"Judged on the last rows by '{spec.split.column}': these are of one period, and a later one may differ."
    elif times and spec.split.method == "random":
        yield (
            f"Rows were divided at random though they have a time ({names_text(times, MOST_NAMED)}): what is to come "
            "may be harder than the test rows, which lie between the training rows (split: {method: time} asks that)."
        )


def _figures(evaluation: Evaluation, spec: Spec) -> Iterator[str]:
    if evaluation.part == "train" and spec.labels:
        yield "Judged on the rows that it was trained on: its figures say little about others."
    elif evaluation.part == "eval":
        yield "Judged on the eval rows, which training watched: its figures are a little hopeful."
    if evaluation.num_rows < FEW_JUDGED and spec.labels:
        told = "see how wide the intervals are" if evaluation.confidence else "its figures are uncertain"
        yield f"Judged on {counted(evaluation.num_rows, 'row')} only: {told}."
    if spec.split.method in ("key", "time") and (evaluation.confidence or evaluation.labels):
        told = "The confidence intervals take rows for independent; rows of one key or one time are not"
        yield f"{told}, and the truth may lie further out."
    if evaluation.intervals is not None:
        told = "The promise of the prediction intervals holds for rows drawn like the eval rows"
        yield f"{told}, on average over all of them: not for each kind of row, nor after the data have moved."


def _text(value: float | str) -> str:
    return brief_text(value, 6) if isinstance(value, int | float) else value
