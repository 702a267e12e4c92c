"""The JSON Schema of a row, and of the bodies that hold rows."""

from __future__ import annotations

from typing import Any

from hagane.bundle.signature import Signature
from hagane.bundle.values import INT64_END, INT64_MIN
from hagane.types import SqlType

ROW = {"$ref": "#/components/schemas/Row"}
ROW_BY_NAME = {"$ref": "#/components/schemas/RowByName"}
ROWS = {"type": "array", "items": ROW}
COLUMNS = {"$ref": "#/components/schemas/Columns"}
NOTHING = {"type": ["object", "null"], "maxProperties": 0}
PARAMETERS = {"type": ["object", "null"]}
TYPES: dict[SqlType, dict[str, Any]] = {
    SqlType.BOOL: {"type": ["boolean", "null"]},
    SqlType.INT64: {"type": ["integer", "null"], "format": "int64", "minimum": INT64_MIN, "maximum": INT64_END - 1},
    SqlType.FLOAT64: {
        "anyOf": [{"type": ["number", "null"], "format": "double"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]
    },
    SqlType.STRING: {"type": ["string", "null"]},
    SqlType.TIMESTAMP: {
        "anyOf": [{"type": ["string", "null"], "format": "date-time"}, {"type": "string", "format": "date"}],
        "description": "RFC 3339; a space for T is taken, and no offset means UTC",
    },
    SqlType.DATE: {"type": ["string", "null"], "format": "date"},
}
"""Of one value."""


def row_schemas(signature: Signature, *, extra_fields: bool = False) -> dict[str, Any]:
    """`RowByName`, an object by column, `Row`, that or a list in the columns' order, and `Columns`, a list for each.

    With `extra_fields` objects may have others.

    >>> from hagane.bundle.signature import Input
    >>> signature = Signature(inputs=(Input(name="age", type=SqlType.INT64),), task="regression", label="income",
    ...                       label_type=SqlType.FLOAT64, model_type="linear_reg")
    >>> row_schemas(signature)["RowByName"]["properties"]["age"]["type"]
    ['integer', 'null']
    """
    types = {column.name: _schema(column.type) for column in signature.inputs}
    by_name = {"type": "object", "properties": types, "additionalProperties": extra_fields}
    in_order = {"type": "array", "prefixItems": list(types.values()), "minItems": len(types), "maxItems": len(types)}
    columns = {name: {"type": "array", "items": schema} for name, schema in types.items()}
    return {
        "RowByName": by_name,
        "Row": {"anyOf": [ROW_BY_NAME, in_order]},
        "Columns": {"type": "object", "properties": columns, "additionalProperties": extra_fields},
    }


def object_of(required: list[str], **properties: Any) -> dict[str, Any]:
    """An object with these fields and no other."""
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": required} if required else schema


def _schema(type_: SqlType) -> dict[str, Any]:
    if type_.is_array:
        return {"type": ["array", "null"], "items": TYPES[type_.element]}
    return TYPES[type_]
