"""`Feedback`: ground truth for rows that were predicted before, as it arrives."""

from __future__ import annotations

import math
import time
from typing import NamedTuple

import msgspec

from hagane.bundle.instances import InstanceDecoder
from hagane.bundle.signature import Input, Signature
from hagane.errors import Fault, RequestError
from hagane.runtime.layout import ColumnData
from hagane.serving.request_log.log_folder import HOUR_MICROSECONDS
from hagane.types import SqlType

TRUTH = "truth"
OWN = ("request_id", "row", "time")
MOST_ID_CHARACTERS = 1_024


class Feedback(NamedTuple):
    """Rows of truth that arrived together."""

    columns: dict[str, ColumnData]
    """`request_id`, `row`, `time`, and `truth` (of several labels `truth.<label>`)."""
    labels: dict[str, SqlType]
    """What the truth is of: label → its type."""
    arrived: int
    """µs since 1970 UTC."""

    @property
    def num_rows(self) -> int:
        """How many."""
        return self.columns["row"].num_rows

    @property
    def hour(self) -> int:
        """The hour of arrival, counted from 1970."""
        return self.arrived // HOUR_MICROSECONDS


def label_types(signature: Signature) -> dict[str, SqlType]:
    """Label → the type of its truth.

    >>> label_types(Signature(inputs=(), task="regression", label="y", label_type=SqlType.FLOAT64, model_type="dnn"))
    {'y': <SqlType.FLOAT64: 'FLOAT64'>}
    """
    return {one.label: one.label_type for one in (signature.each or (signature,)) if one.label}


def read_feedback(rows: object, labels: dict[str, SqlType], *, numeric_strings: bool = False) -> Feedback:
    """The rows, checked. Raises RequestError with every fault of every row.

    >>> feedback = read_feedback([{"request_id": "a1", "truth": True}], {"late": SqlType.BOOL})
    >>> feedback.num_rows, feedback.columns["truth"].data.tolist()
    (1, [1])
    >>> read_feedback([{"request_id": "a1"}], {"late": SqlType.BOOL})
    Traceback (most recent call last):
    hagane.errors.RequestError: the row has no truth
      where: feedback[0].truth
      expected: BOOL
    """
    signature = _signature(labels)
    try:
        columns = InstanceDecoder(signature, numeric_strings=numeric_strings).decode(rows)
    except RequestError as error:
        raise RequestError(*(_placed(fault) for fault in error.faults)) from None
    if faults := _faults(columns, labels):
        raise RequestError(*faults)
    return Feedback(columns, labels, time.time_ns() // 1_000)


def truth_columns(labels: dict[str, SqlType]) -> dict[str, str]:
    """Label → the column that holds its truth: `truth` where there is one label."""
    return {label: TRUTH if len(labels) == 1 else f"{TRUTH}.{label}" for label in labels}


def _signature(labels: dict[str, SqlType]) -> Signature:
    """What rows of feedback look like: they are read by the rules of instances."""
    own = dict(zip(OWN, (SqlType.STRING, SqlType.INT64, SqlType.TIMESTAMP), strict=True))
    truth = {column: labels[label] for label, column in truth_columns(labels).items()}
    inputs = tuple(Input(name=name, type=type_) for name, type_ in (own | truth).items())
    return Signature(inputs=inputs, task="regression", label="", label_type=SqlType.FLOAT64, model_type="")


def _faults(columns: dict[str, ColumnData], labels: dict[str, SqlType]) -> list[Fault]:
    truths = [columns[name] for name in truth_columns(labels).values()]
    has_truth = [any(has) for has in zip(*(_there(truth) for truth in truths), strict=True)]
    told = " or ".join(dict.fromkeys(type_.value for type_ in labels.values()))
    faults = []
    ids, numbers = columns["request_id"].data.tolist(), columns["row"].data.tolist()
    for index, (request_id, number, has) in enumerate(zip(ids, numbers, has_truth, strict=True)):
        where = f"feedback[{index}]"
        if not request_id:
            step = "send the X-Request-Id of the answer"
            faults.append(Fault(what="the row names no request", where=f"{where}.request_id", next_step=step))
        elif len(request_id) > MOST_ID_CHARACTERS:
            expected = f"at most {MOST_ID_CHARACTERS} characters"
            faults.append(Fault(what="the request's id is too long", where=f"{where}.request_id", expected=expected))
        if not 0 <= number < 2**31:
            expected = "its place in the request, counted from 0"
            faults.append(
                Fault(what="no row has this number", where=f"{where}.row", expected=expected, received=str(number))
            )
        if not has:
            faults.append(Fault(what="the row has no truth", where=f"{where}.{TRUTH}", expected=told))
    return faults[:100]


def _there(column: ColumnData) -> list[bool]:
    if column.data.dtype.kind == "f":
        return [not math.isnan(value) for value in column.data.tolist()]
    return [True] * column.num_rows if column.valid is None else column.valid.tolist()


def _placed(fault: Fault) -> Fault:
    where = fault.where.replace("instances", "feedback", 1)
    return msgspec.structs.replace(fault, where=where, what=fault.what.replace("of the model", "of feedback"))
