"""`write_data_schema`: a schema as YAML that a person edits and `parse_data_schema` reads back equal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from hagane.spec.data_schema import ColumnSchema, DataSchema
from hagane.spec.write_yaml import comment_lines, plain_comment, value_lines
from hagane.types import SqlType


def write_data_schema(
    schema: DataSchema,
    *,
    header: str = "",
    remarks: Mapping[str, str] | None = None,
    suggestions: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """The schema as YAML, defaults left out.

    `header` stands at the top, `remarks` (column → what was seen in it) above each column, `suggestions` (column →
    lines such as `unique: true`) commented out below its rules.

    >>> from hagane.types import SqlType
    >>> print(write_data_schema(DataSchema(columns={"no": ColumnSchema(type=SqlType.INT64, min=0)})), end="")
    columns:
      "no":
        type: INT64
        min: 0
    """
    return "".join(f"{line}\n" for line in _lines(schema, header, remarks or {}, suggestions or {}))


def _lines(
    schema: DataSchema, header: str, remarks: Mapping[str, str], suggestions: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    if header:
        yield from (*comment_lines(header), "")
    for key in ("min_rows", "extra_columns", "null_words"):
        if (value := getattr(schema, key)) != _default(DataSchema, key):
            yield from value_lines(key, value)
    yield "columns:" if schema.columns else "columns: {}"
    for name, column in schema.columns.items():
        yield from comment_lines(remarks.get(name, ""), "  ")
        rows = _rules(column)
        yield from value_lines(name, rows, indent=2)
        yield from (f"    # {plain_comment(line)}" for line in suggestions.get(name, ()))
    if schema.rules:
        yield from value_lines("rules", schema.rules)


def _rules(column: ColumnSchema) -> dict[str, object]:
    rows = {key: getattr(column, key) for key in column.__struct_fields__}
    rows = {key: value for key, value in rows.items() if value != _default(ColumnSchema, key)}
    return {key: value.value if isinstance(value, SqlType) else value for key, value in rows.items()}


def _default(struct: type[msgspec.Struct], key: str) -> object:
    return next(field.default for field in msgspec.structs.fields(struct) if field.name == key)
