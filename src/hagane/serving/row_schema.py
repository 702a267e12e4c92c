"""The JSON Schema of a row, and of the bodies that hold rows."""

from __future__ import annotations

from typing import Any

from hagane.bundle.signature import Signature
from hagane.types import SqlType

ROW = {"$ref": "#/components/schemas/Row"}
ROWS = {"type": "array", "items": ROW}
COLUMNS = {"$ref": "#/components/schemas/Columns"}
NOTHING = {"type": "object", "maxProperties": 0}
TYPES: dict[SqlType, dict[str, Any]] = {
    SqlType.BOOL: {"type": ["boolean", "null"]},
    SqlType.INT64: {"type": ["integer", "null"], "format": "int64"},
    SqlType.FLOAT64: {"type": ["number", "null"], "format": "double"},
    SqlType.STRING: {"type": ["string", "null"]},
    SqlType.TIMESTAMP: {"type": ["string", "null"], "description": "RFC 3339; UTC where it has no offset"},
    SqlType.DATE: {"type": ["string", "null"], "format": "date"},
}
"""Of one value."""


def row_schemas(signature: Signature) -> dict[str, Any]:
    """`Row`, an object by column or a list in the columns' order, and `Columns`, a list for each column.

    >>> from hagane.bundle.signature import Input
    >>> signature = Signature(inputs=(Input(name="age", type=SqlType.INT64),), task="regression", label="income",
    ...                       label_type=SqlType.FLOAT64, model_type="linear_reg")
    >>> row_schemas(signature)["Row"]["anyOf"][0]["properties"]
    {'age': {'type': ['integer', 'null'], 'format': 'int64'}}
    """
    types = {column.name: _schema(column.type) for column in signature.inputs}
    by_name = {"type": "object", "properties": types, "additionalProperties": False}
    in_order = {"type": "array", "prefixItems": list(types.values()), "minItems": len(types), "maxItems": len(types)}
    columns = {name: {"type": "array", "items": schema} for name, schema in types.items()}
    return {
        "Row": {"anyOf": [by_name, in_order]},
        "Columns": {"type": "object", "properties": columns, "additionalProperties": False},
    }


def object_of(required: list[str], **properties: Any) -> dict[str, Any]:
    """An object with these fields and no other."""
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": required} if required else schema


def _schema(type_: SqlType) -> dict[str, Any]:
    if type_.is_array:
        return {"type": ["array", "null"], "items": TYPES[type_.element]}
    return TYPES[type_]
