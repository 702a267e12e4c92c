"""`statement_trees`: the parts of a statement in which parameters may stand, in their order."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from hagane.sql.statement import (
    AlterModel,
    CreateModel,
    Declare,
    ExportModel,
    OtherStatement,
    QueryStatement,
    SetVariable,
    Statement,
)


def statement_trees(statement: Statement) -> Iterator[exp.Expression]:
    """Its query, its expressions, and options that are expressions.

    >>> from hagane.sql.parse_script import parse_script
    >>> [tree.sql() for tree in statement_trees(parse_script("SET x = 1 + 2")[0])]
    ['1 + 2']
    """
    match statement:
        case QueryStatement():
            yield statement.query
        case OtherStatement():
            yield statement.tree
        case SetVariable():
            yield statement.value
        case Declare():
            if statement.default is not None:
                yield statement.default
        case CreateModel() | AlterModel() | ExportModel():
            yield from (option.value for option in statement.options if isinstance(option.value, exp.Expression))
            if isinstance(statement, CreateModel):
                yield from (tree for tree in (statement.query, statement.holidays) if tree is not None)
