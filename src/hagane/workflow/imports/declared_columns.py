"""`declared_columns`: columns as INPUT(…) and OUTPUT(…) name them."""

from __future__ import annotations

from collections.abc import Mapping

from hagane.errors import Fault, SpecError, nearest
from hagane.types import Column, SqlType

OTHER_NAMES = {
    **dict.fromkeys(("NUMERIC", "BIGNUMERIC", "FLOAT", "DOUBLE"), SqlType.FLOAT64),
    **dict.fromkeys(("INT", "INTEGER", "BIGINT", "SMALLINT", "TINYINT"), SqlType.INT64),
    "BOOLEAN": SqlType.BOOL,
}
"""BigQuery's other names of types."""


def declared_columns(fields: Mapping[str, str], where: str) -> tuple[Column, ...]:
    """The columns. Raises SpecError with every type that there is not.

    >>> [column.type.value for column in declared_columns({"age": "integer", "tags": "array<string>"}, "INPUT")]
    ['INT64', 'ARRAY<STRING>']
    """
    found, faults = [], []
    for name, text in fields.items():
        plain = "".join(text.upper().split())
        type_ = OTHER_NAMES.get(plain) or next((each for each in SqlType if each.value == plain), None)
        if type_ is None:
            expected = ", ".join(each.value for each in SqlType)
            near = nearest(plain, [each.value for each in SqlType])
            faults.append(
                Fault(what=f"there is no type {text}", where=f"{where}.{name}", expected=expected, nearest=near)
            )
        else:
            found.append(Column(name, type_))
    if faults:
        raise SpecError(*faults)
    return tuple(found)
