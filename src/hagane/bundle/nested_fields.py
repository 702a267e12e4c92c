"""Objects within rows: `{"address": {"city": "Kyoto"}}` is the column `address.city`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any


class NestedFields:
    """Writes the fields of objects as columns, where columns have dots in their names.

    >>> fields = NestedFields(["age", "address.city", "address.geo.lat"])
    >>> fields.flat({"age": 3, "address": {"city": "Kyoto", "geo": None, "street": "x"}})
    {'age': 3, 'address.city': 'Kyoto', 'address.street': 'x'}
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        parts = [name.split(".") for name in self._names]
        self.roots = frozenset(".".join(part[:end]) for part in parts for end in range(1, len(part))) - self._names
        """Names that stand for an object: every beginning of a column's name before a dot that is no column itself."""

    def flat(self, row: Mapping[Any, Any]) -> dict[Any, Any]:
        """The row with objects taken apart; NULL for an object is NULL for its fields. Of a field given twice the last
        counts.
        """
        return dict(self._fields(row, "")) if not self.roots.isdisjoint(row) else dict(row)

    def _fields(self, row: Mapping[Any, Any], prefix: str) -> Iterator[tuple[Any, Any]]:
        for key, value in row.items():
            name = f"{prefix}{key}" if prefix else key
            if name in self.roots and isinstance(value, dict):
                yield from self._fields(value, f"{name}.")
            elif name not in self.roots or value is not None:
                yield name, value
