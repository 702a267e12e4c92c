"""SELECT: the list, the clauses, and the order of rows."""

from __future__ import annotations

from sqlglot import exp

from hagane.errors import nearest
from hagane.sql.queries import operators
from hagane.sql.queries.literals import typed_null
from hagane.sql.queries.query_type import FLOAT64, INT64, NULL, UNKNOWN, QueryType
from hagane.sql.queries.relations import write_from
from hagane.sql.queries.rewriter import Rewriter
from hagane.sql.queries.scope import Scope
from hagane.sql.queries.value import Value
from hagane.sql.queries.written_query import WrittenQuery, quoted

Item = tuple[str, Value]


def write_select(rewriter: Rewriter, node: exp.Select, scope: Scope) -> WrittenQuery:
    """One SELECT; its FROM is read first, since it says what the list may name."""
    inner = Scope(parent=scope, common=scope.common)
    source = write_from(rewriter, node, inner)
    inner.windows = frozenset(window.name.lower() for window in node.args.get("windows") or ())
    where = node.args.get("where")
    filtered = f" WHERE {operators.condition(rewriter, where.this, inner)}" if where is not None else ""
    inner.rows = None if node.args.get("group") is not None else f"{source}{filtered}"
    items, listed = _items(rewriter, node, inner)
    for name, value in items:
        if name and name.lower() not in inner.aliases:
            inner.aliases[name.lower()] = Value(quoted(name), value.type)
    distinct = "DISTINCT " if node.args.get("distinct") is not None else ""
    if node.args.get("distinct") is not None and node.args["distinct"].args.get("on") is not None:
        rewriter.refuse("there is no DISTINCT ON", node)
    clauses = [
        f"SELECT {distinct}{listed}", source, filtered, _grouping(rewriter, node, inner, items), _having(rewriter, node, inner),
        _windows(rewriter, node, inner), _qualify(rewriter, node, inner),
    ]  # fmt: skip
    inner.alias_first = True
    clauses.append(ordering(rewriter, node, inner, [value for _, value in items]))
    columns = tuple((name, value.type) for name, value in items)
    sql = "".join(clauses)
    if node.args.get("kind") in ("STRUCT", "VALUE"):
        return _as_value(rewriter, node, sql, columns)
    return WrittenQuery(sql, columns)


def _as_value(
    rewriter: Rewriter, node: exp.Select, sql: str, columns: tuple[tuple[str, QueryType], ...]
) -> WrittenQuery:
    """SELECT AS STRUCT keeps its columns, which are the fields; AS VALUE of a STRUCT has the STRUCT's."""
    if node.args["kind"] == "STRUCT":
        return WrittenQuery(sql, columns, struct=True)
    if len(columns) != 1:
        rewriter.refuse("SELECT AS VALUE has one column", node)
        return WrittenQuery(sql, columns)
    type_ = columns[0][1]
    if type_.kind != "STRUCT":
        return WrittenQuery(sql, columns)
    held = rewriter.name("s")
    fields = tuple((field or f"_field_{place}", inner) for place, (field, inner) in enumerate(type_.fields, 1))
    parts = ", ".join(f"struct_extract({held}.v, '{field}') AS {quoted(field)}" for field, _ in fields)
    return WrittenQuery(f"SELECT {parts} FROM ({sql}) AS {held}(v)", fields, struct=True)


def _items(rewriter: Rewriter, node: exp.Select, scope: Scope) -> tuple[list[Item], str]:
    """Columns of the list, stars opened, and the list in SQL."""
    items: list[Item] = []
    parts: list[str] = []
    for part in node.expressions:
        if _star(part) is not None:
            opened = _open_star(rewriter, part, scope)
            items += opened
            parts += [f"{_output(value)} AS {quoted(name)}" for name, value in opened]
            continue
        _check_alias(rewriter, part)
        inner, name = (part.this, part.alias) if isinstance(part, exp.Alias) else (part, _implied_name(part))
        value = rewriter.value(inner, scope)
        items.append((name, value))
        parts.append(f"{_output(value)} AS {quoted(name or f'f{len(items) - 1}_')}")
    named = [(name or f"f{place}_", value) for place, (name, value) in enumerate(items)]
    return named, ", ".join(parts) or "NULL"


def _check_alias(rewriter: Rewriter, part: exp.Expression) -> None:
    """`1_000` is no number, and not the number 1 called `_000`."""
    start = part.args["alias"].meta.get("start", 0) if isinstance(part, exp.Alias) and part.args.get("alias") else 0
    if start and rewriter.sql[start - 1 : start].isalnum():
        rewriter.refuse("a blank is missing before this name", part.args["alias"])


def _output(value: Value) -> str:
    return typed_null(INT64) if value.type == NULL and value.is_constant else value.sql


def _implied_name(node: exp.Expression) -> str:
    if isinstance(node, exp.Column | exp.Identifier):
        return str(node.name)
    if isinstance(node, exp.Dot) and not isinstance(node.expression, exp.Func):
        return str(node.expression.name)
    return ""


def _star(node: exp.Expression) -> exp.Star | None:
    """The star of `*`, `t.*` or `expression.*`."""
    if isinstance(node, exp.Star):
        return node
    if isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
        return node.this
    if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Star):
        return node.expression
    return None


def _open_star(rewriter: Rewriter, node: exp.Expression, scope: Scope) -> list[Item]:
    star = _star(node)
    assert star is not None
    if isinstance(node, exp.Star):
        if not scope.sources:
            rewriter.refuse("* needs FROM", node)
        columns = [
            *scope.merged.values(),
            *(held for source in scope.sources for held in source.starred() if held[0].lower() not in scope.merged),
        ]
    else:
        columns = _qualified_star(rewriter, node, scope)
    return _changed(rewriter, star, columns, scope)


def _qualified_star(rewriter: Rewriter, node: exp.Expression, scope: Scope) -> list[Item]:
    if isinstance(node, exp.Column) and not node.args.get("db"):
        source = next((s for s in scope.sources if s.name.lower() == node.table.lower()), None)
        if source is not None:
            return source.starred()
    if isinstance(node, exp.Column):
        parts = [part for part in (node.args.get(key) for key in ("catalog", "db", "table")) if part is not None]
        columns = {"this": parts[-1]} | dict(zip(("table", "db"), reversed(parts[:-1]), strict=False))
        inner: exp.Expression = exp.Column(**columns)
        inner.parent = node.parent
    else:
        inner = node.this
    value = rewriter.value(inner, scope)
    if value.type.kind != "STRUCT":
        if value.type != UNKNOWN:
            rewriter.refuse(f".* opens a table or a STRUCT, not {value.type}", node)
        return []
    from hagane.sql.queries.expressions import field_of

    return [(name, field_of(rewriter, value, name, node)) for name, _ in value.type.fields if name]


def _changed(rewriter: Rewriter, star: exp.Star, columns: list[Item], scope: Scope) -> list[Item]:
    """EXCEPT and REPLACE."""
    names = {name.lower() for name, _ in columns}
    without = {part.name.lower(): part for part in star.args.get("except_") or ()}
    replaced = {part.alias.lower(): part for part in star.args.get("replace") or ()}
    for name, part in {**without, **replaced}.items():
        if name not in names:
            near = nearest(name, [column for column, _ in columns]) or ""
            rewriter.refuse(f"there is no column {name} in *", part, nearest=near)
    return [
        (name, rewriter.value(replaced[name.lower()].this, scope) if name.lower() in replaced else value)
        for name, value in columns
        if name.lower() not in without
    ]


def _grouping(rewriter: Rewriter, node: exp.Select, scope: Scope, items: list[Item]) -> str:
    group = node.args.get("group")
    if group is None:
        return ""
    if group.args.get("all"):
        return " GROUP BY ALL"
    parts = [_group_key(rewriter, part, scope, items) for part in group.expressions]
    for key, word in (("rollup", "ROLLUP"), ("cube", "CUBE"), ("grouping_sets", "GROUPING SETS")):
        for clause in group.args.get(key) or ():
            if word == "GROUPING SETS":
                parts.append(
                    f"GROUPING SETS ({', '.join(_grouping_set(rewriter, one, scope, items) for one in clause.expressions)})"
                )
            else:
                parts.append(
                    f"{word}({', '.join(_group_key(rewriter, one, scope, items) for one in clause.expressions)})"
                )
    return f" GROUP BY {', '.join(parts)}"


def _grouping_set(rewriter: Rewriter, node: exp.Expression, scope: Scope, items: list[Item]) -> str:
    if isinstance(node, exp.Rollup | exp.Cube):
        inner = ", ".join(_group_key(rewriter, part, scope, items) for part in node.expressions)
        return f"{type(node).__name__.upper()}({inner})"
    parts = node.expressions if isinstance(node, exp.Tuple) else [node.this] if isinstance(node, exp.Paren) else [node]
    return f"({', '.join(_group_key(rewriter, part, scope, items) for part in parts)})"


def _group_key(rewriter: Rewriter, node: exp.Expression, scope: Scope, items: list[Item]) -> str:
    """A place in the list, a column, or an expression."""
    if isinstance(node, exp.Literal) and not node.is_string:
        place = int(str(node.this)) if str(node.this).isdigit() else 0
        if not 1 <= place <= len(items):
            rewriter.refuse(f"there is no column {node.this} in the list", node, expected=f"1 to {len(items)}")
            return "1"
        return str(place)
    if isinstance(node, exp.Tuple):
        return f"({', '.join(_group_key(rewriter, part, scope, items) for part in node.expressions)})"
    if isinstance(node, exp.Rollup | exp.Cube):
        return f"{type(node).__name__.upper()}({', '.join(_group_key(rewriter, part, scope, items) for part in node.expressions)})"
    if isinstance(node, exp.GroupingSets):
        return f"GROUPING SETS ({', '.join(_grouping_set(rewriter, one, scope, items) for one in node.expressions)})"
    value = rewriter.value(node, scope)
    if value.type.kind in ("JSON", "GEOGRAPHY"):
        rewriter.refuse(f"rows are not grouped by {value.type.kind}", node)
    return value.sql


def _having(rewriter: Rewriter, node: exp.Select, scope: Scope) -> str:
    clause = node.args.get("having")
    return f" HAVING {operators.condition(rewriter, clause.this, scope)}" if clause is not None else ""


def _qualify(rewriter: Rewriter, node: exp.Select, scope: Scope) -> str:
    clause = node.args.get("qualify")
    return f" QUALIFY {operators.condition(rewriter, clause.this, scope)}" if clause is not None else ""


def _windows(rewriter: Rewriter, node: exp.Select, scope: Scope) -> str:
    from hagane.sql.queries.windows import window_sql

    parts = [
        f"{quoted(window.name)} AS ({window_sql(rewriter, window, scope)})" for window in node.args.get("windows") or ()
    ]
    return f" WINDOW {', '.join(parts)}" if parts else ""


def ordering(rewriter: Rewriter, node: exp.Expression, scope: Scope, listed: list[Value]) -> str:
    """ORDER BY, LIMIT and OFFSET."""
    sql, order = "", node.args.get("order")
    if order is not None:
        sql += f" ORDER BY {', '.join(order_key(rewriter, part, scope, listed) for part in order.expressions)}"
    for key, word in (("limit", "LIMIT"), ("offset", "OFFSET")):
        clause = node.args.get(key)
        if clause is not None:
            sql += f" {word} {_row_count(rewriter, clause.expression, scope, word)}"
    return sql


def _row_count(rewriter: Rewriter, node: exp.Expression, scope: Scope, word: str) -> str:
    value = rewriter.value(node, scope)
    if value.type not in (INT64, UNKNOWN):
        rewriter.refuse(f"{word} takes an INT64", node, received=str(value.type))
    return str(value.constant) if value.is_constant else f"({value.sql})"


def order_key(rewriter: Rewriter, node: exp.Expression, scope: Scope, listed: list[Value]) -> str:
    """One key: NULL first where ascending, last where descending, unless said; NaN next to it, before -inf."""
    inner = node.this if isinstance(node, exp.Ordered) else node
    descending = isinstance(node, exp.Ordered) and bool(node.args.get("desc"))
    nulls_first = bool(node.args.get("nulls_first")) if isinstance(node, exp.Ordered) else True
    if isinstance(inner, exp.Literal) and not inner.is_string and listed:
        place = int(str(inner.this)) if str(inner.this).isdigit() else 0
        if not 1 <= place <= len(listed):
            rewriter.refuse(f"there is no column {inner.this} in the list", inner, expected=f"1 to {len(listed)}")
            return "1"
        value, sql = listed[place - 1], str(place)
        if value.type == FLOAT64:
            sql = value.sql
    else:
        value = rewriter.value(inner, scope)
        sql = value.sql
    if value.type.kind in ("ARRAY", "STRUCT", "JSON", "GEOGRAPHY"):
        rewriter.refuse(f"rows are not ordered by {value.type.kind}", inner)
    direction, nulls = "DESC" if descending else "ASC", "FIRST" if nulls_first else "LAST"
    key = f"{sql} {direction} NULLS {nulls}"
    if value.type == FLOAT64 and not sql.isdigit() and operators.may_be_nan(value):
        return f"isnan({sql}) {'ASC' if descending else 'DESC'} NULLS {nulls}, {key}"
    return key
