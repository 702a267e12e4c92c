"""`DataSchema`: what the columns of a table are expected to be, declared so that a person can read and edit it."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from hagane.types import SqlType

Value: TypeAlias = bool | int | float | str
"""A value of a column as YAML and JSON hold it; DATE and TIMESTAMP are ISO 8601 texts (UTC)."""


class ColumnSchema(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one column is expected to be. NULL breaks no rule but `min_present_fraction`."""

    type: SqlType
    required: bool = True
    """Whether data without the column break the schema."""
    min_present_fraction: float = 0.0
    """The least share of the rows that have a value; 1 allows no NULL."""
    domain: tuple[Value, ...] | None = None
    """The values that a STRING, INT64 or BOOL column may hold."""
    max_unseen_fraction: float = 0.0
    """The share of the values that may lie outside of `domain`."""
    min: Value | None = None
    """The least value of an INT64, FLOAT64, DATE or TIMESTAMP column."""
    max: Value | None = None
    """The greatest."""
    finite: bool = False
    """Whether infinities in a FLOAT64 column break the schema."""
    min_length: int | None = None
    """The fewest characters of a STRING."""
    max_length: int | None = None
    """The most."""
    unique: bool = False
    """Whether a value may occur once only, as a key's."""


class DataSchema(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a table is expected to be; made by hand, or by `infer_data_schema` from statistics.

    >>> schema = DataSchema(columns={"age": ColumnSchema(type=SqlType.INT64, min=0, max=130)})
    >>> schema.columns["age"].required
    True
    """

    columns: dict[str, ColumnSchema]
    rules: dict[str, str] = {}
    """Name → SQL condition (the feature language) that no row may make FALSE, or err on."""
    extra_columns: Literal["allow", "report", "refuse"] = "report"
    """What columns that are not listed are: nothing to speak of, a warning, or an error."""
    min_rows: int = 0
    """Fewer rows break the schema."""
    null_words: tuple[str, ...] | None = None
    """The words that mean NULL in CSV files; None: found out from each file."""

    @property
    def types(self) -> dict[str, SqlType]:
        """Column → type."""
        return {name: column.type for name, column in self.columns.items()}
