"""`LoggedColumn`: one column of a log's rows, as SQL and as Arrow has it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hagane.data.arrow_types import ARROW_TYPES
from hagane.data.engine import quote_name
from hagane.types import SqlType


class LoggedColumn(NamedTuple):
    """A field of `instance` or `prediction`, or of its probabilities that of the positive class.

    >>> LoggedColumn("prediction.probability", SqlType.FLOAT64, "prediction", "predicted_late_probs", True).sql
    'prediction."predicted_late_probs"[2].prob'
    """

    name: str
    """As statistics call it."""
    type: SqlType
    parent: str
    field: str
    is_positive: bool = False
    """The probability of the second of two classes: classes stand in their order."""

    @property
    def sql(self) -> str:
        """Over the log's rows."""
        return f"{self.parent}.{quote_name(self.field)}{'[2].prob' if self.is_positive else ''}"

    @property
    def path(self) -> str:
        """The leaf of the Parquet file."""
        return f"{self.parent}.{self.field}{'.list.element.prob' if self.is_positive else ''}"

    def is_in(self, schema: pa.Schema) -> bool:
        """Whether a file of this schema holds it as this type, so that it can be read without SQL."""
        place = schema.get_field_index(self.parent)
        if place < 0 or not pa.types.is_struct(schema.field(place).type):
            return False
        struct: Any = schema.field(place).type
        index = struct.get_field_index(self.field)
        if index < 0:
            return False
        type_ = struct.field(index).type
        return _has_probabilities(type_) if self.is_positive else type_ == ARROW_TYPES[self.type]

    def values(self, batch: pa.RecordBatch) -> pa.Array[Any]:
        """The column [n] of a file's rows, of which the path was read; a string may be dictionary-encoded."""
        struct: Any = batch.column(self.parent)
        found: pa.Array[Any] = pc.struct_field(struct, self.field) if struct.null_count else struct.field(self.field)
        return _second_prob(found) if self.is_positive else found


def _has_probabilities(type_: pa.DataType) -> bool:
    if not pa.types.is_list(type_) or not pa.types.is_struct(type_.value_type):
        return False
    pair: Any = type_.value_type
    place = pair.get_field_index("prob")
    return bool(place >= 0 and pa.types.is_float64(pair.field(place).type))


def _second_prob(lists: Any) -> pa.Array[Any]:
    """NULL where a list is NULL, or shorter."""
    probs = lists.values.field("prob")
    offsets = lists.offsets.to_numpy()
    places, is_long = offsets[:-1] + 1, np.diff(offsets) >= 2
    if not lists.null_count and is_long.all():
        is_regular = len(places) and places[-1] - places[0] == 2 * (len(places) - 1)
        if is_regular and not probs.null_count:  # two classes a row, of every row
            return pa.array(probs.to_numpy()[places[0] :: 2][: len(places)])
        return probs.take(pa.array(places))
    is_there = is_long if not lists.null_count else is_long & lists.is_valid().to_numpy(zero_copy_only=False)
    return probs.take(pa.array(np.where(is_there, places, 0), mask=~is_there))
