"""`Rewriter`: what the parts of rewriting one statement share: the catalog, the text, faults, and the walk itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from sqlglot import exp

from hagane.errors import Fault, SqlError
from hagane.sql.queries.query_schema import QuerySchema
from hagane.sql.queries.query_type import NULL, UNKNOWN, QueryType
from hagane.sql.queries.scope import Scope
from hagane.sql.queries.value import AGGREGATE_END, Value

_NOT_IN_LAMBDA = re.compile(rf"\(SELECT |\(WITH | OVER \(|{AGGREGATE_END}")
"""What DuckDB refuses within a lambda: queries, windows, aggregates."""
MAX_DEPTH = 150
"""Levels of expressions and queries in each other; DuckDB itself takes more."""


class Rewriter:
    """One statement on its way to DuckDB."""

    def __init__(self, schema: QuerySchema, sql: str = "") -> None:
        self.schema = schema
        self.sql = sql
        self.faults: list[Fault] = []
        self.functions: set[str] = set()
        """Names of the Python functions that the text calls."""
        self.safe = False
        """Whether what is being written stands right behind `SAFE.`: NULL instead of an error."""
        self.is_target = False
        """Whether the table being written is one that a statement changes: it stands as it is."""
        self._numbers = count(1)
        self._depth = 0

    def value(self, node: exp.Expression, scope: Scope) -> Value:
        """An expression. A fault is noted, and gives NULL of type UNKNOWN, so that the others are found, too."""
        from hagane.sql.queries.expressions import write_expression

        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise SqlError(self._fault("the query is nested too deep", node, next_step="part it with WITH"))
        safe, self.safe = self.safe, False
        try:
            return write_expression(self, node, scope)
        finally:
            self.safe = safe
            self._depth -= 1

    def name(self, stem: str) -> str:
        """A name that nothing else has."""
        return f"hagane_{stem}{next(self._numbers)}"

    def refuse(self, what: str, node: exp.Expression | None, **parts: str) -> Value:
        """Note a fault, underlined where `node` stands."""
        fault = self._fault(what, node, **parts)
        if fault not in self.faults:
            self.faults.append(fault)
        return Value("NULL", UNKNOWN)

    def _fault(self, what: str, node: exp.Expression | None, **parts: str) -> Fault:
        start, end = span_of(node) if node is not None and self.sql else (0, 0)
        if not self.sql or end > len(self.sql) or end <= start:
            return Fault(what=what, sql=self.sql, start=0, end=len(self.sql.split("\n", 1)[0]), **parts)
        return Fault(what=what, sql=self.sql, start=start, end=end, **parts)

    def fail(self, message: str) -> str:
        """SQL that raises, or is NULL behind `SAFE.`."""
        return "NULL" if self.safe else f"error('{message.replace(chr(39), chr(39) * 2)}')"

    def bind(self, values: Sequence[Value], body: Callable[..., str]) -> str:
        """`body` over the SQL of each value; what is too long to be written twice, over a name that stands for it."""
        names, bindings = [], []
        for value in values:
            if value.repeatable:
                names.append(value.sql)
            else:
                names.append(self.name("v"))
                bindings.append((value.sql, names[-1]))
        sql = body(*names)
        if (bindings and _NOT_IN_LAMBDA.search(sql)) or (
            len(bindings) > 1 and any(_NOT_IN_LAMBDA.search(text) for text, _ in bindings[1:])
        ):
            return body(*(value.sql for value in values))
        for text, name in reversed(bindings):
            sql = f"list_transform([{text}], lambda {name}: {sql})[1]"
        return sql

    def bind_all(self, values: Sequence[Value], body: Callable[..., str]) -> str:
        """`body` over names, constants apart, so that nothing in it but itself can fail."""
        names, bindings = [], []
        for value in values:
            if value.is_constant or value.sql.replace('"', "").replace(".", "").replace("_", "").isalnum():
                names.append(value.sql)
            else:
                names.append(self.name("v"))
                bindings.append((value.sql, names[-1]))
        sql = body(*names)
        for text, name in reversed(bindings):
            sql = f"list_transform([{text}], lambda {name}: {sql})[1]"
        return sql

    def call(self, function: str, type_: QueryType, *arguments: str) -> Value:
        """A call of one of our functions in Python."""
        name = f"{function}_safe" if self.safe else function
        self.functions.add(name)
        return Value(as_json(f"{name}({', '.join(arguments)})", type_), type_)

    def done(self) -> None:
        """Raise SqlError with every fault, if there are any."""
        if self.faults:
            raise SqlError(*self.faults)


def span_of(node: exp.Expression) -> tuple[int, int]:
    """The characters that a node and what is in it came from, as far as sqlglot kept them."""
    metas: list[dict[str, Any]] = [part.meta for part in node.walk() if "start" in part.meta]
    if not metas:
        above = node.parent
        return span_of(above) if above is not None and not isinstance(above, exp.Query) else (0, 0)
    return min(meta["start"] for meta in metas), max(meta["end"] for meta in metas) + 1


def as_json(sql: str, type_: QueryType) -> str:
    """What Python gives as a text, as JSON where it is that."""
    is_json = type_.kind == "JSON" or (
        type_.kind == "ARRAY" and type_.element is not None and type_.element.kind == "JSON"
    )
    return f"CAST({sql} AS {type_.duckdb})" if is_json else sql


def known(value: Value) -> bool:
    """Whether something may be said of its type."""
    return value.type not in (UNKNOWN, NULL)
