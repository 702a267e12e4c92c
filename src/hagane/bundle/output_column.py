"""`OutputColumn`: a column that a model answers under a name of its own, where it predicts no label."""

from __future__ import annotations

import msgspec

from hagane.types import Column, SqlType

OUTPUT_PREFIX, VALID_PREFIX, ROWS_PREFIX = "output.", "valid.", "rows."


class OutputColumn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One column of n rows, and the graph's outputs that hold it.

    ============================= ===================================================================================
    column                        tensors
    ============================= ===================================================================================
    a scalar                      `output.<name>` [n]
    an array, m long in each row  `output.<name>` [n, m]
    ARRAY<STRUCT<…>>, m long      `output.<name>.<field>` [n, m] for each field
    either, `is_ragged`           the same of all e elements [e], and `rows.<name>` [e], the row of each, rising
    any of these, `is_nullable`   `valid.<name>` [n] besides (of FLOAT64 NaN is NULL, without it)
    ============================= ===================================================================================

    >>> fields = (Column("id", SqlType.INT64), Column("distance", SqlType.FLOAT64))
    >>> nearest = OutputColumn(name="nearest", fields=fields)
    >>> nearest.tensors
    ('output.nearest.id', 'output.nearest.distance')
    """

    name: str
    type: SqlType | None = None
    """None: an array of STRUCTs of `fields`."""
    fields: tuple[Column, ...] = ()
    is_ragged: bool = False
    is_nullable: bool = False

    @property
    def is_array(self) -> bool:
        """Whether a row has several values."""
        return self.type is None or self.type.is_array

    @property
    def type_text(self) -> str:
        """The type as SQL writes it.

        >>> fields = (Column("label", SqlType.STRING), Column("prob", SqlType.FLOAT64))
        >>> OutputColumn(name="probs", fields=fields).type_text
        'ARRAY<STRUCT<label STRING, prob FLOAT64>>'
        """
        if self.type is not None:
            return self.type.value
        return f"ARRAY<STRUCT<{', '.join(f'{field.name} {field.type.value}' for field in self.fields)}>>"

    @property
    def types(self) -> dict[str, SqlType]:
        """Field → the type of its values, of an array that of the elements; see `values`.

        >>> OutputColumn(name="embedding", type=SqlType.ARRAY_FLOAT64).types
        {'': <SqlType.FLOAT64: 'FLOAT64'>}
        """
        if self.type is None:
            return {field.name: field.type for field in self.fields}
        return {"": self.type.element if self.type.is_array else self.type}

    @property
    def values(self) -> dict[str, str]:
        """Field → its tensor; of an array or a scalar the field is ''."""
        names = [field.name for field in self.fields] or [""]
        return {name: f"{OUTPUT_PREFIX}{self.name}" + (f".{name}" if name else "") for name in names}

    @property
    def valid(self) -> str:
        """The tensor that says which rows are not NULL; '' where none is."""
        return f"{VALID_PREFIX}{self.name}" if self.is_nullable else ""

    @property
    def rows(self) -> str:
        """The tensor that says of which row each element is; '' where rows are equally long."""
        return f"{ROWS_PREFIX}{self.name}" if self.is_ragged else ""

    @property
    def tensors(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(name for name in (*self.values.values(), self.valid, self.rows) if name)
