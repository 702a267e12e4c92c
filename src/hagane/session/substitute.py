"""`substitute`: parameters in a tree become their values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar, cast

from sqlglot import exp

from hagane.errors import Fault, SqlError, nearest
from hagane.session.literal import literal
from hagane.session.variable import Variable

Tree = TypeVar("Tree", bound=exp.Expression)


def substitute(tree: Tree, parameters: Mapping[str, Variable], *, sql: str, first: int = 1) -> Tree:
    """The tree with its `@names` and its `?` (numbered from `first`) replaced.

    Raises SqlError for a parameter that was not given.

    >>> import sqlglot
    >>> tree = sqlglot.parse_one("SELECT x + @more", read="bigquery")
    >>> substitute(tree, {"more": Variable("INT64", 1)}, sql="").sql("bigquery")
    'SELECT x + 1'
    """
    faults: list[Fault] = []
    number = first
    for node in _in_order(tree):
        name = _parameter_name(node)
        if name is None:
            continue
        if not name:
            name, number = str(number), number + 1
        found = parameters.get(name.lower())
        if found is None:
            faults.append(_missing(name, parameters, sql))
        else:
            tree = _replace(tree, node, literal(found))
    if faults:
        raise SqlError(*dict.fromkeys(faults))
    return tree


def with_variables(tree: Tree, variables: Mapping[str, Variable]) -> Tree:
    """The tree with the values of variables in their place; a name that an alias of the tree has is none.

    >>> import sqlglot
    >>> tree = sqlglot.parse_one("SELECT x + lots", read="bigquery")
    >>> with_variables(tree, {"lots": Variable("INT64", 7)}).sql("bigquery")
    'SELECT x + 7'
    """
    aliases = {alias.alias.lower() for alias in tree.find_all(exp.Alias)}
    for column in list(tree.find_all(exp.Column)):
        name = column.name.lower()
        if not column.table and name in variables and name not in aliases:
            value = literal(variables[name])
            is_item = isinstance(column.parent, exp.Select) and column.arg_key == "expressions"
            tree = _replace(tree, column, exp.alias_(value, column.name, quoted=True) if is_item else value)
    return tree


def count_placeholders(tree: exp.Expression) -> int:
    """How many `?` there are.

    >>> import sqlglot
    >>> count_placeholders(sqlglot.parse_one("SELECT ? + @a", read="bigquery"))
    1
    """
    return sum(1 for node in tree.find_all(exp.Placeholder) if not str(node.name).removeprefix("?"))


def _in_order(tree: exp.Expression) -> list[exp.Expression]:
    """Parameters as they stand in the text: WITH comes before what a tree of sqlglot has first."""
    found, waiting = [], [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, exp.Parameter | exp.Placeholder):
            found.append(node)
        children = list(node.iter_expressions())
        children.sort(key=lambda child: not isinstance(child, exp.With))
        waiting.extend(reversed(children))
    return found


def _parameter_name(node: exp.Expression) -> str | None:
    """Of `@name` its name, of `?` an empty one; None for what is no parameter: `@@system`, and its inner node."""
    if isinstance(node, exp.Placeholder):
        return str(node.name).removeprefix("?")
    if isinstance(node.this, exp.Parameter) or isinstance(node.parent, exp.Parameter):
        return None
    return str(node.name)


def _replace(tree: Tree, node: exp.Expression, by: exp.Expression) -> Tree:
    if node is tree:
        return cast(Tree, by)
    node.replace(by)
    return tree


def _missing(name: str, parameters: Mapping[str, Variable], sql: str) -> Fault:
    shown = f"@{name}" if not name.isdecimal() else "?"
    start = max(0, sql.lower().find(shown.lower()))
    return Fault(
        what=f"Query parameter '{name}' not found" if shown != "?" else f"no value for the {name}. '?' is given",
        sql=sql,
        start=start,
        end=start + len(shown) if sql else 0,
        nearest=f"@{near}" if (near := nearest(name, parameters)) else "",
        next_step="give its value: parameters={…}, --param NAME:TYPE:VALUE",
    )
