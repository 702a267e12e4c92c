"""Queries: WITH, SELECT, set operations, and the clauses around them."""

from __future__ import annotations

from sqlglot import exp

from hagane.sql.queries.conversions import common_type, convert
from hagane.sql.queries.query_type import INT64, NULL, UNKNOWN, QueryType, written_type
from hagane.sql.queries.rewriter import Rewriter
from hagane.sql.queries.scope import Columns, CommonTable, Scope
from hagane.sql.queries.select import ordering, write_select
from hagane.sql.queries.value import Value
from hagane.sql.queries.written_query import WrittenQuery, quoted


def write_query(rewriter: Rewriter, node: exp.Expression, scope: Scope | None) -> WrittenQuery:
    """A query within `scope`, whose columns and tables of WITH it may name."""
    if isinstance(node, exp.Subquery) and not node.args.get("with_"):
        inner = write_query(rewriter, node.this, scope)
        if not any(node.args.get(key) for key in ("order", "limit", "offset")):
            return inner
        return _limited(
            rewriter, node, WrittenQuery(f"SELECT * FROM ({inner.sql})", inner.columns), Scope(parent=scope)
        )
    if isinstance(node, exp.Paren):
        return write_query(rewriter, node.this, scope)
    prefix, scope = _with(rewriter, node, scope)
    if isinstance(node, exp.SetOperation):
        written = _set_operation(rewriter, node, scope)
    elif isinstance(node, exp.Select):
        written = write_select(rewriter, node, scope)
    elif isinstance(node, exp.Subquery):
        inner = write_query(rewriter, node.this, scope)
        written = _limited(
            rewriter, node, WrittenQuery(f"SELECT * FROM ({inner.sql})", inner.columns), Scope(parent=scope)
        )
    else:
        rewriter.refuse(f"{type(node).__name__.upper()} is no query", node)
        return WrittenQuery("SELECT NULL", ())
    return WrittenQuery(prefix + written.sql, written.columns, written.struct)


def _with(rewriter: Rewriter, node: exp.Expression, scope: Scope | None) -> tuple[str, Scope]:
    """WITH, and a scope in which its tables are known."""
    clause = node.args.get("with_")
    common: dict[str, CommonTable] = {}
    inner = Scope(parent=scope, common=common)
    if clause is None:
        return "", inner
    recursive, parts = bool(clause.args.get("recursive")), []
    if recursive and any(_names_itself(table) for table in clause.expressions):
        for table in clause.expressions:
            if _names_itself(table):
                _know_first_part(rewriter, table, inner, common)
    for table in clause.expressions:
        name = table.alias
        written = write_query(rewriter, table.this, inner)
        columns = written.columns
        if name.lower() in common and recursive:
            columns = common[name.lower()].columns
            written = WrittenQuery(written.sql, columns)
        columns = tuple((column, INT64 if type_ == NULL else type_) for column, type_ in columns)
        listed = ", ".join(quoted(column) for column, _ in columns)
        common[name.lower()] = CommonTable(quoted(name), columns, written.struct)
        parts.append(f"{quoted(name)}({listed}) AS ({written.sql})" if listed else f"{quoted(name)} AS ({written.sql})")
    return f"WITH {'RECURSIVE ' if recursive else ''}{', '.join(parts)} ", inner


def _names_itself(table: exp.CTE) -> bool:
    return isinstance(table.this, exp.SetOperation) and any(
        found.name.lower() == table.alias.lower() for found in table.this.find_all(exp.Table)
    )


def _know_first_part(rewriter: Rewriter, table: exp.CTE, scope: Scope, common: dict[str, CommonTable]) -> None:
    """The columns of a recursive table are those of its first part."""
    first = table.this
    while isinstance(first, exp.SetOperation):
        first = first.left
    common[table.alias.lower()] = CommonTable(quoted(table.alias), write_query(rewriter, first, scope).columns)


_WORDS = {exp.Union: "UNION", exp.Intersect: "INTERSECT", exp.Except: "EXCEPT"}


def _set_operation(rewriter: Rewriter, node: exp.SetOperation, scope: Scope) -> WrittenQuery:
    left, right = write_query(rewriter, node.left, scope), write_query(rewriter, node.right, scope)
    if node.args.get("by_name") or node.args.get("side") or node.args.get("kind"):
        return _by_name(rewriter, node, left, right, scope)
    if len(left.columns) != len(right.columns):
        rewriter.refuse(
            "both sides of a set operation have as many columns",
            node.right,
            expected=str(len(left.columns)),
            received=str(len(right.columns)),
        )
        return left
    columns: list[tuple[str, QueryType]] = []
    for (name, mine), (_, theirs) in zip(left.columns, right.columns, strict=True):
        joined = common_type([mine, theirs])
        if joined is None:
            rewriter.refuse(
                f"the column {name or len(columns) + 1} is {mine} on one side and {theirs} on the other", node.right
            )
        columns.append((name, joined or UNKNOWN))
    word = _WORDS[type(node)] + ("" if node.args.get("distinct") else " ALL")
    sides = [_cast_columns(rewriter, side, tuple(columns)) for side in (left, right)]
    return _limited(rewriter, node, WrittenQuery(f"({sides[0]}) {word} ({sides[1]})", tuple(columns)), scope)


def _cast_columns(rewriter: Rewriter, side: WrittenQuery, wanted: Columns) -> str:
    """A side of a set operation, its columns of the types, and STRUCTs of the field names, that the whole has."""
    if all(have == type_ for (_, have), (_, type_) in zip(side.columns, wanted, strict=True)):
        return side.sql
    names = [rewriter.name("c") for _ in wanted]
    cast = [
        f"{convert(rewriter, Value(name, have), type_).sql if type_ != NULL else name} AS {quoted(label)}"
        for name, (_, have), (label, type_) in zip(names, side.columns, wanted, strict=True)
    ]
    return f"SELECT {', '.join(cast)} FROM ({side.sql}) AS {rewriter.name('s')}({', '.join(names)})"


def _by_name(
    rewriter: Rewriter, node: exp.SetOperation, left: WrittenQuery, right: WrittenQuery, scope: Scope
) -> WrittenQuery:
    """UNION ALL BY NAME: the right side's columns in the order of the left's."""
    mine, theirs = (
        {name.lower(): type_ for name, type_ in left.columns},
        {name.lower(): type_ for name, type_ in right.columns},
    )
    if set(mine) != set(theirs) or node.args.get("side") or node.args.get("kind"):
        rewriter.refuse(
            "both sides of BY NAME have the same columns here", node.right, next_step="name every column on both sides"
        )
        return left
    columns = tuple((name, common_type([type_, theirs[name.lower()]]) or UNKNOWN) for name, type_ in left.columns)
    moved = WrittenQuery(
        f"SELECT {', '.join(quoted(name) for name, _ in left.columns)} FROM ({right.sql})",
        tuple((name, theirs[name.lower()]) for name, _ in left.columns),
    )
    word = _WORDS[type(node)] + ("" if node.args.get("distinct") else " ALL")
    sides = [_cast_columns(rewriter, side, columns) for side in (left, moved)]
    return _limited(rewriter, node, WrittenQuery(f"({sides[0]}) {word} ({sides[1]})", columns), scope)


def _limited(rewriter: Rewriter, node: exp.Expression, written: WrittenQuery, scope: Scope) -> WrittenQuery:
    """ORDER BY, LIMIT and OFFSET behind a set operation or a subquery: they see its columns alone."""
    inner = Scope(
        parent=scope.parent,
        common=scope.common,
        aliases={name.lower(): Value(quoted(name), type_) for name, type_ in written.columns},
        alias_first=True,
    )
    tail = ordering(
        rewriter, node, inner, [Value(str(place), type_) for place, (_, type_) in enumerate(written.columns, 1)]
    )
    return WrittenQuery(written.sql + tail, written.columns)


__all__ = ["write_query", "written_type"]
