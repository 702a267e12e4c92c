"""`QueryType`: the types of BigQuery's queries, of which the feature language's are a few."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp


@dataclass(frozen=True, slots=True)
class QueryType:
    """A type: `kind` is INT64, …; ARRAY and RANGE have an `element`, STRUCT has `fields`.

    >>> str(QueryType("ARRAY", element=QueryType("STRUCT", fields=(("a", INT64), ("", STRING)))))
    'ARRAY<STRUCT<a INT64, STRING>>'
    """

    kind: str
    element: QueryType | None = None
    fields: tuple[tuple[str, QueryType], ...] = ()
    width: tuple[int, int] | None = None
    """Precision and scale of a NUMERIC column that has its own; None is (38, 9)."""

    def __str__(self) -> str:
        if self.kind in ("ARRAY", "RANGE"):
            return f"{self.kind}<{self.element}>"
        if self.kind == "STRUCT":
            return f"STRUCT<{', '.join(f'{name} {type_}'.strip() for name, type_ in self.fields)}>"
        return self.kind

    @property
    def duckdb(self) -> str:
        """DuckDB's name of it.

        >>> QueryType("ARRAY", element=TIMESTAMP).duckdb
        'TIMESTAMPTZ[]'
        """
        if self.kind == "ARRAY":
            return f"{(self.element or INT64).duckdb}[]"
        if self.kind == "RANGE":
            inner = (self.element or DATE).duckdb
            return f'STRUCT("start" {inner}, "end" {inner})'
        if self.kind == "STRUCT":
            named = ", ".join(f"{_quoted(name)} {type_.duckdb}" for name, type_ in named_fields(self))
            return f"STRUCT({named})"
        if self.kind in ("NUMERIC", "BIGNUMERIC"):
            return "DECIMAL({}, {})".format(*(self.width or (38, 9)))
        return _DUCKDB[self.kind]


def named_fields(type_: QueryType) -> tuple[tuple[str, QueryType], ...]:
    """A STRUCT's fields, those without a name called `_field_1`, …, as BigQuery's results call them."""
    return tuple((name or f"_field_{place}", field) for place, (name, field) in enumerate(type_.fields, 1))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


INT64, FLOAT64, NUMERIC, BIGNUMERIC = (QueryType(kind) for kind in ("INT64", "FLOAT64", "NUMERIC", "BIGNUMERIC"))
BOOL, STRING, BYTES = QueryType("BOOL"), QueryType("STRING"), QueryType("BYTES")
DATE, DATETIME, TIME, TIMESTAMP = (QueryType(kind) for kind in ("DATE", "DATETIME", "TIME", "TIMESTAMP"))
INTERVAL, JSON, GEOGRAPHY = QueryType("INTERVAL"), QueryType("JSON"), QueryType("GEOGRAPHY")
NULL = QueryType("NULL")
"""Of the literal NULL: it takes any type."""
UNKNOWN = QueryType("UNKNOWN")
"""Of what was refused: nothing more is said of it."""

_DUCKDB = {
    "INT64": "BIGINT", "FLOAT64": "DOUBLE", "BOOL": "BOOLEAN", "STRING": "VARCHAR", "BYTES": "BLOB", "DATE": "DATE",
    "DATETIME": "TIMESTAMP", "TIME": "TIME", "TIMESTAMP": "TIMESTAMPTZ", "INTERVAL": "INTERVAL", "JSON": "JSON",
    "GEOGRAPHY": "VARCHAR", "NULL": "BIGINT", "UNKNOWN": "BIGINT",
}  # fmt: skip
_FROM_DUCKDB = {
    "BIGINT": INT64, "INTEGER": INT64, "SMALLINT": INT64, "TINYINT": INT64, "UTINYINT": INT64, "USMALLINT": INT64,
    "UINTEGER": INT64, "UBIGINT": INT64, "HUGEINT": INT64, "UHUGEINT": INT64, "DOUBLE": FLOAT64, "FLOAT": FLOAT64,
    "BOOLEAN": BOOL, "VARCHAR": STRING, "BLOB": BYTES, "DATE": DATE, "TIME": TIME, "TIMESTAMP": DATETIME,
    "TIMESTAMP_S": DATETIME, "TIMESTAMP_MS": DATETIME, "TIMESTAMP_NS": DATETIME, "TIMESTAMP WITH TIME ZONE": TIMESTAMP,
    "TIMESTAMPTZ": TIMESTAMP, "INTERVAL": INTERVAL, "JSON": JSON, "UUID": STRING, '"NULL"': INT64, "NULL": INT64,
}  # fmt: skip
_FROM_SQLGLOT = {
    "BIGINT": INT64, "INT": INT64, "SMALLINT": INT64, "TINYINT": INT64, "DOUBLE": FLOAT64, "FLOAT": FLOAT64,
    "DECIMAL": NUMERIC, "BIGDECIMAL": BIGNUMERIC, "BOOLEAN": BOOL, "TEXT": STRING, "VARCHAR": STRING, "BINARY": BYTES, "VARBINARY": BYTES,
    "DATE": DATE, "TIMESTAMP": DATETIME, "DATETIME": DATETIME, "TIME": TIME, "TIMESTAMPTZ": TIMESTAMP, "INTERVAL": INTERVAL,
    "JSON": JSON, "GEOGRAPHY": GEOGRAPHY,
}  # fmt: skip


def written_type(node: exp.DataType) -> QueryType | None:
    """The type that a DataType of the parser says; None of one that BigQuery has not."""
    name = node.this.value if isinstance(node.this, exp.DataType.Type) else str(node.this)
    if name in ("ARRAY", "RANGE"):
        inner = written_type(node.expressions[0]) if node.expressions else INT64
        return QueryType(name, element=inner) if inner else None
    if name == "STRUCT":
        fields = []
        for part in node.expressions:
            inner = written_type(part.args["kind"] if isinstance(part, exp.ColumnDef) else part)
            if inner is None:
                return None
            fields.append((part.name if isinstance(part, exp.ColumnDef) else "", inner))
        return QueryType("STRUCT", fields=tuple(fields))
    return _FROM_SQLGLOT.get(name)


@lru_cache(maxsize=4096)
def duckdb_type(text: str) -> QueryType:
    """The type of a column that DuckDB calls `text`; STRING of one that it shows as text (an ENUM, say).

    >>> str(duckdb_type('STRUCT("label" VARCHAR, prob DOUBLE)[]')), str(duckdb_type("DECIMAL(12,2)"))
    ('ARRAY<STRUCT<label STRING, prob FLOAT64>>', 'NUMERIC')
    """
    text = text.strip()
    if text.endswith("]"):
        return QueryType("ARRAY", element=duckdb_type(text[: text.rindex("[")]))
    if text.startswith("DECIMAL"):
        precision, scale = text[8:-1].split(",")
        return QueryType("NUMERIC", width=(int(precision), int(scale)))
    if text.startswith("STRUCT("):
        return QueryType("STRUCT", fields=tuple(_field(part) for part in _parts(text[7:-1])))
    return _FROM_DUCKDB.get(text, STRING)


def is_standard(text: str) -> bool:
    """Whether a column of DuckDB's type `text` has just the type that it has in queries, so that no cast is needed."""
    type_ = duckdb_type(text)
    return (
        type_.kind == "STRUCT"
        or type_.duckdb == text
        or (text, type_) == ("TIMESTAMP WITH TIME ZONE", TIMESTAMP)
        or (type_.kind == "NUMERIC")
        or (type_.kind == "ARRAY" and is_standard(text[: text.rindex("[")]))
    )


def _parts(text: str) -> list[str]:
    """What commas part that stand in no parentheses and no quotes."""
    parts, depth, begin, quoted = [], 0, 0, False
    for index, sign in enumerate(text):
        quoted ^= sign == '"'
        depth += (sign == "(") - (sign == ")") if not quoted else 0
        if sign == "," and not depth and not quoted:
            parts.append(text[begin:index].strip())
            begin = index + 1
    return [*parts, text[begin:].strip()]


def _field(part: str) -> tuple[str, QueryType]:
    if part.startswith('"'):
        end = part.index('"', 1)
        while part[end : end + 2] == '""':
            end = part.index('"', end + 2)
        return part[1:end].replace('""', '"'), duckdb_type(part[end + 1 :])
    name, _, type_ = part.partition(" ")
    return name, duckdb_type(type_)
