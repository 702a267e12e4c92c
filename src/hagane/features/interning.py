"""Numbers for expressions: equal trees get one number, trees of one shape one shape number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from hagane.features.scalar import SCALAR
from hagane.sql.expression import Call, ColumnRef, Expression, Literal, children
from hagane.types import SqlType


class Node(NamedTuple):
    """An expression, its shape, and the numbers of its subexpressions."""

    expression: Expression
    shape: int
    children: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Exactly:
    """A constant compared by type and sign of zero too: 0.0 is not -0.0, 1 is not True."""

    type: SqlType
    text: str


class Interning:
    """Gives numbers; each node of a tree is looked at once.

    >>> one, two = Literal(1.0, SqlType.FLOAT64), Literal(2.0, SqlType.FLOAT64)
    >>> interning = Interning()
    >>> first, second = (interning.intern(Call("NEG", (x,), SqlType.FLOAT64)) for x in (one, two))
    >>> first == second, interning[first].shape == interning[second].shape
    (False, True)
    """

    def __init__(self) -> None:
        self._nodes: list[Node] = []
        self._ids: dict[object, int] = {}
        self._shapes: dict[object, int] = {}

    def __getitem__(self, id_: int) -> Node:
        return self._nodes[id_]

    def intern(self, expression: Expression) -> int:
        """The number of an expression (constants folded)."""
        expression = fold(expression)
        ids = tuple(self.intern(child) for child in children(expression))
        key = _identity(expression), ids
        if key not in self._ids:
            shape: object = (_shape(expression), tuple(self._nodes[i].shape for i in ids), _shared(expression))
            if _is_ragged(expression):
                shape = "array", ids, key  # ragged: no two arrays lie side by side
            self._ids[key] = len(self._nodes)
            self._nodes.append(Node(expression, self._shapes.setdefault(shape, len(self._shapes)), ids))
        return self._ids[key]

    def columns(self, id_: int) -> list[ColumnRef]:
        """The columns of an expression, from left to right."""
        node = self._nodes[id_]
        if isinstance(node.expression, ColumnRef):
            return [node.expression]
        return [column for child in node.children for column in self.columns(child)]


def fold(expression: Expression) -> Expression:
    """Constants that the binder leaves as calls: -2, and 2 as FLOAT64.

    >>> fold(Call("NEG", (Literal(2, SqlType.INT64),), SqlType.INT64)).value
    -2
    """
    match expression:
        case Call("NEG", (Literal(int() | float() as value),), type_) if value != -(2**63):
            return Literal(-value, type_, expression.span)
        case Call("CAST", (Literal(int() as value, SqlType.INT64),), SqlType.FLOAT64):
            return Literal(float(value), SqlType.FLOAT64, expression.span)
    return expression


def _is_ragged(expression: Expression) -> bool:
    """Whether it is an array, or of one and something else; elements of one array are taken together."""
    if isinstance(expression, Call) and expression.function != "ELEMENT":
        return expression.type.is_array or any(argument.type.is_array for argument in expression.arguments)
    return expression.type.is_array


def _shared(expression: Expression) -> object:
    """The constants that all lanes must have in common."""
    if (
        isinstance(expression, Call)
        and expression.function in SCALAR
        and not SCALAR[expression.function].fuses_constants
    ):
        return tuple(_identity(argument) for argument in expression.arguments if isinstance(argument, Literal))
    return ()


def _identity(expression: Expression) -> object:
    match expression:
        case ColumnRef(name, type_):
            return name, type_
        case Literal(value, type_):
            return _Exactly(type_, repr(value))
        case Call():
            return expression.function, expression.type, expression.modifiers, expression.safe
        case _:
            return expression.function, expression.type, expression.options


def _shape(expression: Expression) -> object:
    match expression:
        case ColumnRef(type=type_):
            return "column", type_
        case Literal(value, type_):
            return "literal", type_, value is None
        case Call() if expression.function in SCALAR and SCALAR[expression.function].fuses_modifiers:
            return expression.function, expression.type, expression.safe
        case _:
            return _identity(expression)
