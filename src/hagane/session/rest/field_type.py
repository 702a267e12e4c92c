"""`FieldType`: a type of BigQuery's, as its SQL writes it and as its REST API does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hagane.errors import DataError, Fault

_REST_NAMES = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN", "STRUCT": "RECORD"}
"""The names that the API answers with; it takes both."""
_SQL_NAMES = {rest: sql for sql, rest in _REST_NAMES.items()}
_SCALARS = frozenset(
    (
        *("INT64", "FLOAT64", "NUMERIC", "BIGNUMERIC", "BOOL", "STRING", "BYTES"),
        *("DATE", "DATETIME", "TIME", "TIMESTAMP", "INTERVAL", "JSON", "GEOGRAPHY"),
    )
)
_TOKEN = re.compile(r"\s*(`[^`]*`|[A-Za-z_]\w*|\([^)]*\)|[<>,])")


@dataclass(frozen=True, slots=True)
class FieldType:
    """A scalar, a STRUCT of `fields`, or an array of either.

    >>> found = FieldType.parse("ARRAY<STRUCT<label STRING, `a b` NUMERIC(10, 2)>>")
    >>> found.is_array, found.name, [(name, kind.name) for name, kind in found.fields]
    (True, 'STRUCT', [('label', 'STRING'), ('a b', 'NUMERIC')])
    >>> found.sql
    'ARRAY<STRUCT<`label` STRING, `a b` NUMERIC(10, 2)>>'
    """

    name: str
    """As SQL has it: `INT64`, `STRUCT`."""
    fields: tuple[tuple[str, FieldType], ...] = ()
    is_array: bool = False
    precision: str = ""
    """`(10, 2)` of a NUMERIC(10, 2), `(20)` of a STRING(20)."""

    @classmethod
    def parse(cls, text: str) -> FieldType:
        """Of SQL's text. Raises DataError for what is no type."""
        if not re.fullmatch(rf"(?:{_TOKEN.pattern})+\s*", text):
            raise DataError(_no_type(text))
        found, rest = _parse(_TOKEN.findall(text), text)
        if rest:
            raise DataError(_no_type(text))
        return found

    @classmethod
    def of_resource(cls, field: Mapping[str, Any]) -> FieldType:
        """Of a `TableFieldSchema`. Raises DataError for a type that there is not."""
        name = str(field.get("type", "")).upper()
        name = _SQL_NAMES.get(name, name)
        inner = tuple((str(each.get("name", "")), cls.of_resource(each)) for each in field.get("fields") or ())
        if name not in _SCALARS and not (name == "STRUCT" and inner):
            raise DataError(_no_type(str(field.get("type", ""))))
        is_array = str(field.get("mode", "")).upper() == "REPEATED"
        sizes = [str(field[key]) for key in ("maxLength", "precision", "scale") if field.get(key)]
        return cls(name, inner, is_array, f"({', '.join(sizes)})" if sizes else "")

    @property
    def element(self) -> FieldType:
        """The type of an array's elements."""
        return FieldType(self.name, self.fields, precision=self.precision)

    @property
    def sql(self) -> str:
        """As a statement writes it."""
        text = self.name + self.precision
        if self.fields:
            text = f"STRUCT<{', '.join(f'`{name}` {kind.sql}' for name, kind in self.fields)}>"
        return f"ARRAY<{text}>" if self.is_array else text

    def resource(self, name: str, *, is_required: bool = False, description: str = "") -> dict[str, Any]:
        """A `TableFieldSchema`.

        >>> FieldType.parse("ARRAY<INT64>").resource("n")
        {'name': 'n', 'type': 'INTEGER', 'mode': 'REPEATED'}
        """
        mode = "REPEATED" if self.is_array else "REQUIRED" if is_required else "NULLABLE"
        found: dict[str, Any] = {"name": name, "type": _REST_NAMES.get(self.name, self.name), "mode": mode}
        if self.fields:
            found["fields"] = [kind.resource(inner) for inner, kind in self.fields]
        if self.precision and self.name in ("NUMERIC", "BIGNUMERIC"):
            precision, _, scale = self.precision.strip("()").partition(",")
            found |= {"precision": precision.strip()} | ({"scale": scale.strip()} if scale else {})
        elif self.precision:
            found["maxLength"] = self.precision.strip("()")
        return found | ({"description": description} if description else {})


def _parse(tokens: list[str], text: str) -> tuple[FieldType, list[str]]:
    """The type with which the tokens begin, and what is left of them."""
    if not tokens:
        raise DataError(_no_type(text))
    name = tokens[0].upper()
    rest = tokens[1:]
    if name == "ARRAY" and rest[:1] == ["<"]:
        element, rest = _parse(rest[1:], text)
        return FieldType(element.name, element.fields, True, element.precision), _after(rest, ">", text)
    if name == "STRUCT" and rest[:1] == ["<"]:
        return _struct(rest, text)
    name = _SQL_NAMES.get(name, name)
    if name not in _SCALARS:
        raise DataError(_no_type(text))
    if rest and rest[0].startswith("("):
        return FieldType(name, precision=rest[0]), rest[1:]
    return FieldType(name), rest


def _struct(rest: list[str], text: str) -> tuple[FieldType, list[str]]:
    fields: list[tuple[str, FieldType]] = []
    while rest and rest[0] in ("<", ","):
        name = rest[1].strip("`") if len(rest) > 1 else ""
        kind, rest = _parse(rest[2:], text)
        fields.append((name, kind))
    return FieldType("STRUCT", tuple(fields)), _after(rest, ">", text)


def _after(tokens: list[str], expected: str, text: str) -> list[str]:
    if tokens[:1] != [expected]:
        raise DataError(_no_type(text))
    return tokens[1:]


def _no_type(text: str) -> Fault:
    return Fault(what="this is no type of BigQuery's", expected="INT64, ARRAY<STRING>, STRUCT<…>", received=text)
