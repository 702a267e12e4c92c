"""`QuerySchema`: what a query may name, as whoever runs it says: tables, variables and parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hagane.sql.queries.query_type import QueryType, duckdb_type, is_standard


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryTable:
    """A table or view: how DuckDB names it, and its columns."""

    name: str
    """As BigQuery names it, without project and dataset: of a wildcard, what `_TABLE_SUFFIX` is cut from."""
    sql: str
    """What may stand after DuckDB's FROM: `"main"."trips"`, `read_parquet('…')`, `(SELECT …)`."""
    columns: tuple[tuple[str, str], ...]
    """Name and DuckDB type of each."""

    @property
    def types(self) -> tuple[tuple[str, QueryType], ...]:
        """Name and type of each column."""
        return tuple((name, duckdb_type(type_)) for name, type_ in self.columns)

    @property
    def relation(self) -> str:
        """`sql`, its columns cast to the types that they have in queries (INTEGER to BIGINT) where they have others."""
        casts = [
            f'CAST("{name.replace(chr(34), chr(34) * 2)}" AS {duckdb_type(type_).duckdb}) AS "{name.replace(chr(34), chr(34) * 2)}"'
            for name, type_ in self.columns
            if not is_standard(type_)
        ]
        return f"(SELECT * REPLACE ({', '.join(casts)}) FROM {self.sql})" if casts else self.sql


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryVariable:
    """A variable of a script or a parameter of a query: what DuckDB reads in its place."""

    sql: str
    type: QueryType


class QuerySchema(Protocol):
    """The catalog that a query is read against."""

    def table(self, path: Sequence[str]) -> QueryTable | None:
        """The table of that name (`("project", "dataset", "table")`, less what was left out), if there is one."""

    def tables(self, path: Sequence[str]) -> Sequence[QueryTable]:
        """All tables whose last name begins with the last name of `path`: those of a wildcard `name*`."""

    def table_names(self) -> Sequence[str]:
        """What tables there are, for the nearest name."""

    def variable(self, name: str) -> QueryVariable | None:
        """The variable of that name, whatever the case of its letters."""

    def parameter(self, name: str) -> QueryVariable | None:
        """The parameter `@name`, or the next `?` where `name` is empty."""


class NoTables:
    """A schema with nothing in it."""

    def table(self, path: Sequence[str]) -> QueryTable | None:
        """None."""
        return None

    def tables(self, path: Sequence[str]) -> Sequence[QueryTable]:
        """None."""
        return ()

    def table_names(self) -> Sequence[str]:
        """None."""
        return ()

    def variable(self, name: str) -> QueryVariable | None:
        """None."""
        return None

    def parameter(self, name: str) -> QueryVariable | None:
        """None."""
        return None
