"""Rows as JSON has them become columns of the signature's types; whatever does not fit is named, all at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from hagane.bundle.column_decoder import ColumnDecoder
from hagane.bundle.faults import BadRow, BadValue, Faults, Misfit, UnknownField, describe, some_of
from hagane.bundle.nested_fields import NestedFields
from hagane.bundle.packed_rows import Feed, PackedRows
from hagane.bundle.signature import Signature
from hagane.errors import Fault, RequestError
from hagane.runtime.layout import ColumnData

PACKED_ROWS = 64
"""Up to how many rows the short way is taken: beyond, a column at a time is as fast."""


class InstanceDecoder:
    """Reads instances: objects by column name, or lists in the signature's order.

    A column that an object does not name is NULL. The column `address.city` may be given as an object within the row,
    `{"address": {"city": …}}` (`NestedFields`). A name that the signature does not know is a fault, unless `extra` is
    "ignore". `numeric_strings` takes numbers in quotes as numbers. `hagane.bundle.values` has the rules of each type.

    >>> from hagane.bundle.signature import Input
    >>> from hagane.types import SqlType
    >>> signature = Signature(inputs=(Input(name="age", type=SqlType.INT64),), task="regression", label="income",
    ...                       label_type=SqlType.FLOAT64, model_type="linear_reg")
    >>> InstanceDecoder(signature).decode([{"age": 3}, [4.0], {}])["age"].data.tolist()
    [3, 4, 0]
    >>> InstanceDecoder(signature).decode([{"agee": 3}])
    Traceback (most recent call last):
    hagane.errors.RequestError: 'agee' is not a column of the model
      where: instances[0].agee
      did you mean: age
      next: correct the name, or leave the field out
    """

    def __init__(
        self, signature: Signature, *, extra: Literal["refuse", "ignore"] = "refuse", numeric_strings: bool = False
    ) -> None:
        self._columns = tuple((column.name, ColumnDecoder(column.type, numeric_strings)) for column in signature.inputs)
        self._names = frozenset(signature.names)
        self._nested = NestedFields(signature.names)
        self._order = signature.names
        self._refuse_extra = extra == "refuse"
        self._packed = PackedRows(signature.layout, not self._refuse_extra, numeric_strings)

    def pack(self, instances: object) -> Feed | None:
        """The graph's inputs for a few plain rows, the short way; None where there are none, many, or one refused."""
        if not isinstance(instances, list) or not 0 < len(instances) <= PACKED_ROWS:
            return None
        return self._packed.pack(instances)

    def decode(self, instances: object) -> dict[str, ColumnData]:
        """The columns of these rows. Raises RequestError with every fault of every row."""
        if not isinstance(instances, list | tuple):
            received = describe(instances)
            raise RequestError(
                Fault(what="instances is not a list", where="instances", expected="a list of rows", received=received)
            )
        columns, faults = self._read(instances)
        faults.raise_any()
        return columns

    def misfits(self, instances: Sequence[Any]) -> tuple[Misfit, ...]:
        """What `decode` would refuse, uncounted and untold: for whoever counts it.

        >>> from hagane.bundle.signature import Input
        >>> from hagane.types import SqlType
        >>> signature = Signature(inputs=(Input(name="age", type=SqlType.INT64),), task="regression", label="income",
        ...                       label_type=SqlType.FLOAT64, model_type="linear_reg")
        >>> [(fault.row, fault.column) for fault in InstanceDecoder(signature).misfits([{"age": 3}, {"age": "3"}])]
        [(1, 'age')]
        """
        return self._read(instances)[1].found

    def _read(self, instances: Sequence[Any]) -> tuple[dict[str, ColumnData], Faults]:
        faults = Faults(self._order)
        rows = self._objects(instances, faults)
        columns = {}
        for index, (name, decoder) in enumerate(self._columns):
            values = [row.get(name) for row in rows]
            columns[name] = decoder.fast(values) or self._slow(index, values, faults)
        return columns, faults

    def _slow(self, index: int, values: list[Any], faults: Faults) -> ColumnData:
        column, refusals = self._columns[index][1].slow(values)
        for row, refusal in refusals:
            faults.add(row, index, BadValue(values[row], refusal))
        return column

    def _objects(self, instances: Sequence[Any], faults: Faults) -> Sequence[dict[str, Any]]:
        """Every row as a dict; a row that is none, or that has unknown fields, is a fault."""
        names = self._names
        for row in instances:
            if type(row) is not dict or not row.keys() <= names:
                return [self._object(index, row, faults) for index, row in enumerate(instances)]
        return instances

    def _object(self, index: int, row: object, faults: Faults) -> dict[str, Any]:
        if isinstance(row, dict):
            row = self._nested.flat(row)
            if self._refuse_extra:
                for name in row:
                    if name not in self._names:
                        faults.add(index, len(self._order), UnknownField(name))
            return row
        if not isinstance(row, list | tuple):
            faults.add(index, -1, BadRow(describe(row), "an object by column name, or a list of values in order"))
            return {}
        if len(row) != len(self._order):
            expected = f"{len(self._order)} values: {some_of(self._order)}"
            faults.add(index, -1, BadRow(describe(row), expected))
            return {}
        return dict(zip(self._order, row, strict=True))
