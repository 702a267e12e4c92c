"""`ColumnBinding`: what a model reads of record batches of any Arrow types, as the types that it was trained on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from hagane.data.arrow_types import ARROW_TYPES
from hagane.data.batches import DICTIONARY, conform_plain, encode_strings, is_plain
from hagane.data.open_table import open_table
from hagane.data.retype import retype
from hagane.errors import DataError, Fault, nearest
from hagane.types import SqlType


class ColumnBinding:
    """Columns by name, letters' case aside where only one is meant; the fields of a STRUCT are `struct.field`.

    What is of the wanted type already is taken as it is; all else is converted as `retype` does. Threads may share one.

    >>> binding = ColumnBinding(pa.schema({"Age": pa.int32()}), {"age": SqlType.FLOAT64})
    >>> binding.read(pa.record_batch({"Age": pa.array([31, None], pa.int32())}))["age"].to_pylist()
    [31.0, None]
    """

    def __init__(self, schema: pa.Schema, types: Mapping[str, SqlType]) -> None:
        """Raises DataError naming every column of `types` that `schema` does not have."""
        self._types = dict(types)
        named = {name: _named(name, schema.names) for name in types}
        self._direct = {
            name: source
            for name, source in named.items()
            if source is not None and _type_of(schema.field(source).type) in _TAKEN[types[name]]
        }
        self._converted: dict[str, str] = {}
        """Wanted name → its name in a table over such batches."""
        self._sources: tuple[str, ...] = ()
        """The columns of the batches that these are made of."""
        rest = [name for name in types if name not in self._direct]
        if rest:
            self._bind(schema, rest)

    @property
    def schema(self) -> pa.Schema:
        """Of what is read."""
        types = {n: DICTIONARY if t is SqlType.STRING else ARROW_TYPES[t] for n, t in self._types.items()}
        return pa.schema(list(types.items()))

    @property
    def sources(self) -> frozenset[str]:
        """The columns of the batches that are read."""
        return frozenset((*self._direct.values(), *self._sources))

    def read(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The wanted columns in their order, strings dictionary-encoded. Raises DataError for values that do not fit.

        The batch has the schema that the binding was made for.
        """
        arrays: dict[str, pa.Array[Any]] = {
            name: conform_plain(batch.column(source), self._types[name], source, dictionary=True)
            for name, source in self._direct.items()
        }
        if self._converted:
            arrays |= self._convert(batch)
        if not arrays:
            return batch.select([])
        return pa.RecordBatch.from_arrays([arrays[name] for name in self._types], names=list(self._types))

    def _bind(self, schema: pa.Schema, names: list[str]) -> None:
        table = open_table(schema.empty_table())
        missing = []
        for name in names:
            found = _named(name, table.schema.names)
            if found is None:
                missing.append(_missing(name, table.schema.names, table.unsupported))
            else:
                self._converted[name] = found
        if missing:
            raise DataError(*missing)
        tops = [_top(found, schema.names) for found in self._converted.values()]
        self._sources = tuple(dict.fromkeys(tops))

    def _convert(self, batch: pa.RecordBatch) -> Iterator[tuple[str, pa.Array[Any]]]:
        table = open_table(batch.select(list(self._sources)))
        wanted = {found: self._types[name] for name, found in self._converted.items()}
        batches = retype(table, wanted).batches(list(wanted), batch_rows=max(1, batch.num_rows))
        rows = pa.Table.from_batches(batches, pa.schema({name: ARROW_TYPES[type_] for name, type_ in wanted.items()}))
        (whole,) = rows.combine_chunks().to_batches() or [pa.RecordBatch.from_pylist([], rows.schema)]
        encoded = encode_strings(whole, whole.schema.names)
        return ((name, encoded.column(found)) for name, found in self._converted.items())


def _type_of(type_: pa.DataType) -> SqlType | None:
    """Our type of a plain Arrow type; None for others."""
    if not is_plain(type_):
        return None
    if pa.types.is_dictionary(type_) or pa.types.is_string(type_) or pa.types.is_large_string(type_):
        return SqlType.STRING
    kinds = {
        SqlType.BOOL: pa.types.is_boolean,
        SqlType.INT64: pa.types.is_integer,
        SqlType.FLOAT64: pa.types.is_floating,
        SqlType.DATE: pa.types.is_date32,
        SqlType.TIMESTAMP: pa.types.is_timestamp,
    }
    return next((found for found, is_kind in kinds.items() if is_kind(type_)), None)


_TAKEN: dict[SqlType, tuple[SqlType, ...]] = {type_: (type_,) for type_ in SqlType} | {
    SqlType.FLOAT64: (SqlType.FLOAT64, SqlType.INT64)
}
"""Wanted type → the types that Arrow casts to it exactly as DuckDB does."""


def _named(name: str, names: list[str] | tuple[str, ...]) -> str | None:
    """The one of `names` that is meant by `name`."""
    if name in names:
        return name
    alike = [each for each in names if each.lower() == name.lower()]
    return alike[0] if len(alike) == 1 else None


def _top(found: str, names: list[str]) -> str:
    """The column that a column or a field of a STRUCT is in: the longest name that it begins with."""
    if found in names:
        return found
    return max((name for name in names if found.startswith(f"{name}.")), key=len)


def _missing(name: str, names: tuple[str, ...], unsupported: tuple[Fault, ...]) -> Fault:
    for fault in unsupported:
        if fault.what.lower().startswith(f"column {name!r} ".lower()):
            return fault
    return Fault(
        what=f"the data have no column '{name}'",
        expected="the columns that the model reads",
        nearest=nearest(name, names),
        next_step="add the column, or rename one in the query (SELECT … AS …)",
    )
