"""`DuckDbType`: a type as DuckDB's DESCRIBE writes it, taken apart, and BigQuery's type for it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

_BIGQUERY = {
    "BOOLEAN": "BOOL",
    "BIGINT": "INT64",
    "DOUBLE": "FLOAT64",
    "VARCHAR": "STRING",
    "BLOB": "BYTES",
    "DATE": "DATE",
    "TIME": "TIME",
    "TIMESTAMP": "DATETIME",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP",
    "INTERVAL": "INTERVAL",
    "JSON": "JSON",
    "GEOMETRY": "GEOGRAPHY",
}
_NORMAL = (
    dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "HUGEINT",
                   "UHUGEINT", "NULL"), "BIGINT")
    | {"FLOAT": "DOUBLE", "TIMESTAMPTZ_NS": "TIMESTAMP WITH TIME ZONE"}
    | dict.fromkeys(("TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"), "TIMESTAMP")
)  # fmt: skip
_FIELD = re.compile(r'\s*(?:"((?:[^"]|"")*)"|(\S+))\s+(.*)', re.DOTALL)


@dataclass(frozen=True, slots=True)
class DuckDbType:
    """A scalar, a list of `element`, or a struct of `fields`.

    >>> found = DuckDbType.parse('STRUCT(a INTEGER, "b c" DECIMAL(10,2))[]')
    >>> found.bigquery, found.normal.text
    ('ARRAY<STRUCT<a INT64, `b c` NUMERIC(10, 2)>>', 'STRUCT("a" BIGINT, "b c" DECIMAL(10,2))[]')
    >>> DuckDbType.parse("TUPLE(TIME, VARCHAR)").bigquery
    'STRUCT<_field_1 TIME, _field_2 STRING>'
    """

    name: str = ""
    element: DuckDbType | None = None
    fields: tuple[tuple[str, DuckDbType], ...] = ()

    @classmethod
    def parse(cls, text: str) -> DuckDbType:
        """The type that DESCRIBE writes so."""
        text = text.strip()
        if text.endswith("]"):
            return cls(element=cls.parse(text[: text.rindex("[")]))
        if text.startswith("STRUCT(") and text.endswith(")"):
            return cls(fields=tuple(map(_field, _parts(text[len("STRUCT(") : -1]))))
        if text.startswith("TUPLE(") and text.endswith(")"):
            parts = _parts(text[len("TUPLE(") : -1])
            return cls(fields=tuple((f"_field_{place}", cls.parse(part)) for place, part in enumerate(parts, 1)))
        return cls(name=text.strip('"'))

    @property
    def text(self) -> str:
        """As DuckDB reads it."""
        if self.element is not None:
            return self.element.text + "[]"
        if self.fields:
            quoted = (f'"{name.replace(chr(34), chr(34) * 2)}" {type_.text}' for name, type_ in self.fields)
            return f"STRUCT({', '.join(quoted)})"
        return self.name

    @property
    def normal(self) -> DuckDbType:
        """The type that holds its values here: every integer is BIGINT, FLOAT DOUBLE; what BigQuery lacks is text."""
        if self.element is not None:
            return replace(self, element=self.element.normal)
        if self.fields:
            return replace(self, fields=tuple((name, type_.normal) for name, type_ in self.fields))
        plain = _NORMAL.get(self.name, self.name)
        is_known = plain in _BIGQUERY or plain.startswith("DECIMAL(")
        return replace(self, name=plain if is_known else "VARCHAR")

    @property
    def bigquery(self) -> str:
        """BigQuery's name of the type."""
        if self.element is not None:
            return f"ARRAY<{self.element.bigquery}>"
        if self.fields:
            return f"STRUCT<{', '.join(f'{_field_name(name)} {type_.bigquery}' for name, type_ in self.fields)}>"
        if self.name.startswith("DECIMAL("):
            return _decimal(self.name)
        return _BIGQUERY[self.normal.name]


def _decimal(text: str) -> str:
    precision, scale = map(int, text[len("DECIMAL(") : -1].split(","))
    is_numeric = scale <= 9 and precision - scale <= 29
    if (precision, scale) in ((38, 9), (38, 18)):
        return "NUMERIC" if is_numeric else "BIGNUMERIC"
    return f"{'NUMERIC' if is_numeric else 'BIGNUMERIC'}({precision}, {scale})"


def _field_name(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else f"`{name}`"


def _field(text: str) -> tuple[str, DuckDbType]:
    found = _FIELD.fullmatch(text)
    assert found is not None, text
    return found[1].replace('""', '"') if found[1] is not None else found[2], DuckDbType.parse(found[3])


def _parts(text: str) -> list[str]:
    """What stands between the commas outside of brackets and quotes."""
    found: list[str] = []
    depth, quoted, start = 0, False, 0
    for index, character in enumerate(text + ","):
        quoted ^= character == '"'
        if quoted:
            continue
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            found.append(text[start:index])
            start = index + 1
    return found
