"""`RawColumns`: the inputs of a bundle's graph, a column at a time, for a model that no transform stands before.

Shapes: n rows, t elements of an array column, d elements that each of its rows is to have.
"""

from __future__ import annotations

import numpy as np

from hagane.features.emit import Emitter, element_type
from hagane.runtime.layout import (
    ARRAY_INPUT_PREFIX,
    FLOAT64_INPUT,
    INT64_INPUT,
    STRING_INPUT,
    STRING_INPUT_PREFIX,
    VALIDITY_INPUT,
    InputLayout,
)
from hagane.types import Column, SqlType

_WHOLE = element_type(np.int64)


class RawColumns:
    """The packed inputs of these columns, declared in a graph."""

    def __init__(self, emitter: Emitter, columns: tuple[Column, ...]) -> None:
        self._emitter = emitter
        self._types = {column.name: column.type for column in columns}
        self._layout = layout = InputLayout(columns)
        self._wrong: list[str] = []
        for name, packed, dtype in (
            (FLOAT64_INPUT, layout.float64, np.float64),
            (INT64_INPUT, layout.int64, np.int64),
            (VALIDITY_INPUT, layout.validity, np.bool_),
        ):
            if packed:
                emitter.input(name, dtype, ("n", len(packed)))
        if layout.packs_strings:
            emitter.input(STRING_INPUT, str, ("n", len(layout.strings)))
        else:
            for name in layout.strings:
                emitter.input(STRING_INPUT_PREFIX + name, str, ("n", 1))
        for column in layout.arrays:
            self._declare_array(column)

    def scalar(self, name: str) -> str:
        """[n, 1] float64 (NaN is NULL), int64 (0) or text ('')."""
        layout = self._layout
        if self._types[name] is SqlType.FLOAT64:
            return self._column(FLOAT64_INPUT, layout.float64.index(name))
        if self._types[name] is not SqlType.STRING:
            return self._column(INT64_INPUT, layout.int64.index(name))
        if layout.packs_strings:
            return self._column(STRING_INPUT, layout.strings.index(name))
        return STRING_INPUT_PREFIX + name

    def is_there(self, name: str) -> str:
        """[n, 1] whether a value that is no FLOAT64 is not NULL."""
        return self._column(VALIDITY_INPUT, self._layout.validity.index(name))

    def require(self, name: str) -> None:
        """Let rows in which this column is NULL err; of FLOAT64 NULL is NaN, and passes."""
        if self._types[name] is not SqlType.FLOAT64:
            self._wrong.append(self._emitter.node("Not", self.is_there(name)))

    def vector(self, name: str, width: int) -> str:
        """[n, d] of an array of numbers; rows that are NULL, or not d long, err."""
        emitter, element = self._emitter, self._types[name].element
        start = f"{ARRAY_INPUT_PREFIX}{name}."
        rows, dtype = start + "rows", np.float64 if element is SqlType.FLOAT64 else np.int64
        one, zero = emitter.constant([1], np.int64), emitter.constant([0], np.int64)
        num_rows = emitter.num_rows()
        entry_ones = emitter.node("Expand", one, emitter.node("Shape", rows, start=0, end=1))
        cells = emitter.node("Unsqueeze", rows, one)
        nothing = emitter.node("Expand", zero, num_rows)
        counts = emitter.node("ScatterND", nothing, cells, entry_ones, reduction="add")
        first = emitter.node("CumSum", counts, emitter.constant(np.int64(0)), exclusive=1)
        counted = emitter.node("CumSum", entry_ones, emitter.constant(np.int64(0)), exclusive=1)
        place = emitter.node("Sub", counted, emitter.node("Gather", first, rows, axis=0))
        place = emitter.node("Min", place, emitter.constant(np.int64(width)))
        at = emitter.node("Concat", cells, emitter.node("Unsqueeze", place, one), axis=1)
        shape = emitter.node("Concat", num_rows, emitter.constant([width + 1], np.int64), axis=0)
        blank = emitter.node("Expand", emitter.constant(np.zeros((1, 1), dtype)), shape)
        filled = emitter.node("ScatterND", blank, at, start + "values")
        is_short = emitter.node("Not", emitter.node("Equal", counts, emitter.constant(np.int64(width))))
        self._wrong += [emitter.node("Unsqueeze", is_short, one), emitter.node("Not", self.is_there(name))]
        if element is not SqlType.FLOAT64:
            missing = emitter.node("Cast", emitter.node("Not", start + "valid"), to=_WHOLE)
            holes = emitter.node("ScatterND", nothing, cells, missing, reduction="add")
            has_holes = emitter.node("Greater", holes, emitter.constant(np.int64(0)))
            self._wrong.append(emitter.node("Unsqueeze", has_holes, one))
        return emitter.node("Slice", filled, zero, emitter.constant([width], np.int64), one, width=width)

    def row_error(self) -> str:
        """[n] whether a value was missing, or an array of another length."""
        emitter, wrong = self._emitter, self._wrong
        if not wrong:
            none = emitter.node("Expand", emitter.constant([False], np.bool_), emitter.num_rows())
            return none
        found = wrong[0]
        for each in wrong[1:]:
            found = emitter.node("Or", found, each)
        return emitter.node("Reshape", found, emitter.constant([-1], np.int64))

    def _column(self, packed: str, place: int) -> str:
        return self._emitter.node("Gather", packed, self._emitter.constant([place], np.int64), axis=1, width=1)

    def _declare_array(self, column: Column) -> None:
        start, element = f"{ARRAY_INPUT_PREFIX}{column.name}.", column.type.element
        length = f"elements of {column.name}"
        dtypes = {SqlType.FLOAT64: np.float64, SqlType.STRING: str}
        self._emitter.input(start + "values", dtypes.get(element, np.int64), (length,))
        self._emitter.input(start + "rows", np.int64, (length,))
        if element is not SqlType.FLOAT64:
            self._emitter.input(start + "valid", np.bool_, (length,))
