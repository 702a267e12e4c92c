"""`Call`: one call of a function in a query, its arguments parted from what stands beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from hagane.sql.queries.conversions import convert
from hagane.sql.queries.overload import step
from hagane.sql.queries.query_type import NULL, UNKNOWN, QueryType
from hagane.sql.queries.rewriter import Rewriter
from hagane.sql.queries.scope import Scope
from hagane.sql.queries.value import Value


@dataclass(slots=True)
class Call:
    """`SAFE.NAME(DISTINCT a, b IGNORE NULLS ORDER BY c LIMIT 3) OVER (…)`, say."""

    rewriter: Rewriter
    name: str
    """In upper case, with its namespace."""
    node: exp.Expression
    arguments: list[exp.Expression]
    scope: Scope
    over: exp.Window | None = None
    safe: bool = False
    distinct: bool = False
    nulls: str = ""
    """`IGNORE` or `RESPECT`, where that is said."""
    order: tuple[exp.Ordered, ...] = ()
    limit: exp.Expression | None = None
    having: exp.HavingMax | None = None

    def value(self, place: int) -> Value:
        """The argument at a place."""
        return self.rewriter.value(self.arguments[place], self.scope)

    def values(self) -> list[Value]:
        """All arguments."""
        return [self.value(place) for place in range(len(self.arguments))]

    def typed(self, place: int, type_: QueryType) -> Value:
        """The argument at a place, as a value of a type."""
        return self.as_type(self.value(place), type_, place)

    def as_type(self, value: Value, type_: QueryType, place: int) -> Value:
        """A value as one of a type that it becomes unasked."""
        if step(value, type_) is None:
            return self.refuse(f"argument {place + 1} of {self.name} is {value.type}, not {type_}", place)
        return convert(self.rewriter, value, type_)

    def constant(self, place: int, what: str) -> Any:
        """The constant at a place; None, with a fault, where it is none."""
        value = self.value(place)
        if not value.is_constant and value.type != UNKNOWN:
            self.refuse(f"{what} of {self.name} is a constant here", place)
        return value.constant if value.is_constant else None

    def word(self, place: int) -> str:
        """A bare word, in upper case: the part of a date, a form of normalisation."""
        node = self.arguments[place]
        plain = isinstance(node, exp.Column | exp.Var | exp.Identifier | exp.Anonymous)
        return str(node.name if plain else node.sql()).upper()

    def refuse(self, what: str, place: int | None = None, **parts: str) -> Value:
        """Note a fault, at an argument or the whole call."""
        return self.rewriter.refuse(what, self.node if place is None else self.arguments[place], **parts)

    def count(self, least: int, most: int | None = None) -> bool:
        """Whether there are as many arguments as there should be; a fault where not."""
        most = least if most is None else most
        if least <= len(self.arguments) <= most:
            return True
        wanted = str(least) if least == most else f"{least} to {most}" if most < 1000 else f"at least {least}"
        self.refuse(f"{self.name} takes {wanted} argument{'s' * (wanted != '1')}", received=str(len(self.arguments)))
        return False


def is_typed(value: Value) -> bool:
    """Whether its type is known and not that of NULL."""
    return value.type not in (NULL, UNKNOWN)
