"""`Scope`: the names that an expression of a query may use, innermost first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from hagane.sql.queries.query_type import QueryType
from hagane.sql.queries.value import Value

Columns = tuple[tuple[str, QueryType], ...]


@dataclass(slots=True)
class Source:
    """What stands in FROM under one name."""

    name: str
    """Its alias; empty where it has none."""
    columns: dict[str, tuple[str, Value]]
    """Name in lower case → name, and how it is read."""
    value: Value | None = None
    """Of UNNEST: the element itself, which its alias names."""
    row: bool = True
    """Whether the alias may stand for the whole row, as a STRUCT."""
    hidden: frozenset[str] = frozenset()
    """Columns that a star leaves out (`_TABLE_SUFFIX`, what USING has merged)."""

    def starred(self) -> list[tuple[str, Value]]:
        """The columns of `name.*`."""
        return [held for key, held in self.columns.items() if key not in self.hidden]


@dataclass(frozen=True, slots=True)
class CommonTable:
    """One of WITH: how DuckDB names it, and its columns."""

    sql: str
    columns: Columns
    struct: bool = False
    """Whether its query was SELECT AS STRUCT or AS VALUE."""


@dataclass(slots=True)
class Scope:
    """One SELECT's names; `parent` is that of the query around it."""

    parent: Scope | None = None
    sources: list[Source] = field(default_factory=list)
    merged: dict[str, tuple[str, Value]] = field(default_factory=dict)
    """Columns of USING, which no alias qualifies."""
    aliases: dict[str, Value] = field(default_factory=dict)
    """Columns of the SELECT list, where clauses may name them."""
    common: Mapping[str, CommonTable] = field(default_factory=dict)
    alias_first: bool = False
    """In ORDER BY a name means the SELECT list's column before the table's."""
    windows: frozenset[str] = frozenset()
    rows: str | None = ""
    """` FROM … WHERE …` of the SELECT, from which analytic ML functions learn; None where rows are grouped."""

    def outward(self) -> Iterator[Scope]:
        """This scope, and those around it."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def common_table(self, name: str) -> CommonTable | None:
        """The nearest table of WITH of that name."""
        return next((s.common[name.lower()] for s in self.outward() if name.lower() in s.common), None)

    def source(self, name: str) -> Source | None:
        """The nearest table of FROM of that name."""
        for scope in self.outward():
            for source in scope.sources:
                if source.name.lower() == name.lower():
                    return source
        return None

    def names(self) -> list[str]:
        """Every column, for the nearest name."""
        return [held[0] for scope in self.outward() for source in scope.sources for held in source.columns.values()]

    def column(self, name: str) -> Value | list[str] | None:
        """The column of that name; the tables that have one each, where that is several."""
        key = name.lower()
        for scope in self.outward():
            found = scope._own(key)
            if found is not None:
                return found
        return None

    def _own(self, key: str) -> Value | list[str] | None:
        if self.alias_first and key in self.aliases:
            return self.aliases[key]
        if key in self.merged:
            return self.merged[key][1]
        held = [source for source in self.sources if key in source.columns]
        elements = [source for source in self.sources if source.value is not None and source.name.lower() == key]
        if not held and elements:
            assert elements[0].value is not None
            return elements[0].value
        if len(held) > 1:
            return [source.name for source in held]
        if held:
            return held[0].columns[key][1]
        return self.aliases.get(key)
