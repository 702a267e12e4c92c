"""An instance to show, to try and to warm up with."""

from __future__ import annotations

from hagane.bundle.signature import JsonValue, Signature
from hagane.types import SqlType

_BY_TYPE: dict[SqlType, JsonValue] = {
    SqlType.BOOL: True,
    SqlType.INT64: 1,
    SqlType.FLOAT64: 1.5,
    SqlType.STRING: "text",
    SqlType.TIMESTAMP: "2013-01-01T05:00:00Z",
    SqlType.DATE: "2013-01-01",
    SqlType.ARRAY_INT64: [1],
    SqlType.ARRAY_FLOAT64: [1.5],
    SqlType.ARRAY_STRING: ["text"],
}


def example_instance(signature: Signature) -> dict[str, JsonValue]:
    """The signature's own example, or one made from the types.

    >>> from hagane.bundle.signature import Input
    >>> example_instance(Signature(inputs=(Input(name="age", type=SqlType.INT64),), task="regression", label="income",
    ...                            label_type=SqlType.FLOAT64, model_type="linear_reg"))
    {'age': 1}
    """
    return dict(signature.example) or {column.name: _BY_TYPE[column.type] for column in signature.inputs}
