"""`AnsweredRows`: what a model says of rows, before the rows' own columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import pyarrow as pa

from hagane.data.column_binding import ColumnBinding


class Answers(NamedTuple):
    """Of a batch."""

    columns: Mapping[str, pa.Array[Any]]
    num_row_errors: int


@dataclass(frozen=True, slots=True)
class AnsweredRows:
    """A batch of `schema` becomes the columns that `answer` makes of what the model reads, then those of the batch."""

    schema: pa.Schema
    binding: ColumnBinding
    answer: Callable[[pa.RecordBatch], Answers]
    keep: Callable[[str], bool] = lambda name: True
    """Which of the batch's columns stay, by name; one that is called as an answer never does."""

    def __call__(self, batch: pa.RecordBatch) -> tuple[pa.RecordBatch, int]:
        """The answers and the columns beside them, and in how many rows an expression erred."""
        answers, num_errors = self.answer(self.binding.read(batch))
        taken = {name.lower() for name in answers}
        names = [name for name in self.schema.names if name.lower() not in taken and self.keep(name)]
        fields = [pa.field(name, array.type) for name, array in answers.items()]
        whole = pa.schema(fields + [self.schema.field(name) for name in names])
        columns = [*answers.values(), *(batch.column(name) for name in names)]
        return pa.RecordBatch.from_arrays(columns, schema=whole), num_errors

    @property
    def answered_schema(self) -> pa.Schema:
        """Of what is answered: that of no rows."""
        empty = [pa.array([], field.type) for field in self.schema]
        return self(pa.RecordBatch.from_arrays(empty, schema=self.schema))[0].schema
