"""FROM: tables, subqueries, UNNEST, joins, PIVOT, UNPIVOT and samples."""

from __future__ import annotations

from sqlglot import exp

from hagane.errors import nearest
from hagane.sql.queries import operators
from hagane.sql.queries.conversions import common_type, convert, join_types
from hagane.sql.queries.query_schema import QueryTable
from hagane.sql.queries.query_type import INT64, NULL, STRING, UNKNOWN, QueryType, named_fields
from hagane.sql.queries.rewriter import Rewriter
from hagane.sql.queries.scope import Columns, Scope, Source
from hagane.sql.queries.value import Value
from hagane.sql.queries.written_query import quoted

SUFFIX = "_TABLE_SUFFIX"


def write_from(rewriter: Rewriter, node: exp.Expression, scope: Scope) -> str:
    """` FROM …` of a SELECT; its tables are added to `scope` as they come, so that a later one may name an earlier."""
    clause = node.args.get("from_")
    if clause is None:
        return ""
    return " FROM " + _with_joins(rewriter, clause.this, node.args.get("joins") or (), scope)


def _with_joins(
    rewriter: Rewriter, first: exp.Expression, joins: list[exp.Join] | tuple[exp.Join, ...], scope: Scope
) -> str:
    sql = relation(rewriter, first, scope)
    for join in [*(first.args.get("joins") or ()), *joins]:
        sql += _join(rewriter, join, scope)
    return sql


def _join(rewriter: Rewriter, join: exp.Join, scope: Scope) -> str:
    before = list(scope.sources)
    right = relation(rewriter, join.this, scope)
    added = [source for source in scope.sources if source not in before]
    words = [word for word in (join.args.get("method"), join.args.get("side"), join.args.get("kind")) if word]
    on, using = join.args.get("on"), join.args.get("using")
    unnested = isinstance(join.this, exp.Unnest) or right.startswith("UNNEST(") or " LATERAL " in f" {right[:9]}"
    if join.args.get("method"):
        rewriter.refuse(f"there is no {join.args['method']} JOIN", join)
    if not words and on is None and not using:
        return f", {right}" if not unnested else f" CROSS JOIN {right}"
    if on is not None:
        return f" {' '.join(words)} JOIN {right} ON {operators.condition(rewriter, on, scope)}"
    if using:
        return f" {' '.join(words)} JOIN {right} USING ({_using(rewriter, using, before, added, scope)})"
    if unnested and "LEFT" in words:
        return f" LEFT JOIN {right} ON TRUE"
    return (
        f" {' '.join(words) or 'CROSS'} JOIN {right}"
        if "CROSS" in words
        else f" CROSS JOIN {right}"
        if unnested
        else _no_condition(rewriter, join)
    )


def _no_condition(rewriter: Rewriter, join: exp.Join) -> str:
    rewriter.refuse("a join needs ON or USING", join, next_step="write CROSS JOIN for all pairs")
    return ""


def _using(
    rewriter: Rewriter, using: list[exp.Expression], before: list[Source], added: list[Source], scope: Scope
) -> str:
    names = []
    for part in using:
        name, key = part.name, part.name.lower()
        left = [source for source in before if key in source.columns]
        right = [source for source in added if key in source.columns]
        if not left or not right:
            held = [column[0] for source in (before if not left else added) for column in source.columns.values()]
            rewriter.refuse(
                f"there is no column {name} on the {'left' if not left else 'right'}",
                part,
                nearest=nearest(name, held) or "",
            )
            continue
        mine, theirs = left[0].columns[key][1].type, right[0].columns[key][1].type
        type_ = common_type([mine, theirs])
        if type_ is None:
            rewriter.refuse(f"{name} is {mine} on one side and {theirs} on the other", part)
        scope.merged[key] = (left[0].columns[key][0], Value(quoted(name), type_ or UNKNOWN))
        names.append(quoted(name))
    return ", ".join(names)


def relation(rewriter: Rewriter, node: exp.Expression, scope: Scope) -> str:
    """One table of FROM; its source is added to the scope."""
    if isinstance(node, exp.Unnest):
        return _unnest(rewriter, node, scope)
    if isinstance(node, exp.Paren):
        return f"({_with_joins(rewriter, node.this, (), scope)})"
    if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Table | exp.Subquery) and not node.alias:
        return f"({_with_joins(rewriter, node.this, (), scope)})"
    if isinstance(node, exp.Subquery):
        return _finished(rewriter, node, scope, *_subquery(rewriter, node, scope))
    if isinstance(node, exp.Table):
        return _table(rewriter, node, scope)
    if isinstance(node, exp.Values):
        return _finished(rewriter, node, scope, *_values(rewriter, node, scope))
    rewriter.refuse("this cannot stand in FROM", node)
    return "(SELECT NULL)"


def _values(rewriter: Rewriter, node: exp.Values, scope: Scope) -> tuple[str, Columns]:
    """Rows of values, as INSERT lists them: columns of the types that all their values become."""
    rows = [
        [rewriter.value(part, scope) for part in (row.expressions if isinstance(row, exp.Tuple) else [row])]
        for row in node.expressions
    ]
    if len({len(row) for row in rows}) != 1:
        rewriter.refuse("every row has as many values", node)
        return "(SELECT NULL)", ()
    types = [join_types(list(column)) for column in zip(*rows, strict=True)]
    for place, type_ in enumerate(types):
        if type_ is None:
            rewriter.refuse(f"the values of column {place + 1} have no common type", node)
    known = [INT64 if type_ in (None, NULL) else type_ for type_ in types]
    listed = ", ".join(
        f"({', '.join(convert(rewriter, value, type_).sql for value, type_ in zip(row, known, strict=True))})"
        for row in rows
    )
    names = [f"f{place}_" for place in range(len(known))]
    held = rewriter.name("v")
    return f"(SELECT * FROM (VALUES {listed}) AS {held}({', '.join(names)}))", tuple(zip(names, known, strict=True))


def _subquery(rewriter: Rewriter, node: exp.Subquery, scope: Scope) -> tuple[str, Columns]:
    from hagane.sql.queries.query import write_query

    written = write_query(rewriter, node.this, Scope(parent=scope.parent, common=scope.common))
    return f"({written.sql})", written.columns


def _table(rewriter: Rewriter, node: exp.Table, scope: Scope) -> str:
    parts = _path(node)
    if node.args.get("version") is not None:
        step = "keep what is to be read later: CREATE TABLE … AS SELECT"
        rewriter.refuse("what a table was at another time is not kept (FOR SYSTEM_TIME)", node, next_step=step)
    if not parts:
        return _table_function(rewriter, node, scope)
    if len(parts) == 1 and (common := scope.common_table(parts[0])):
        return _finished(rewriter, node, scope, common.sql, common.columns, default=parts[0])
    array = _correlated(rewriter, parts, scope)
    if array is not None:
        return _unnested(rewriter, array, scope, name=node.alias or parts[-1])
    if parts[-1].endswith("*"):
        return _wildcard(rewriter, node, [*parts[:-1], parts[-1][:-1]], scope)
    table = rewriter.schema.table(parts)
    if table is None:
        near = (
            nearest(parts[-1], [*rewriter.schema.table_names(), *(name for s in scope.outward() for name in s.common)])
            or ""
        )
        rewriter.refuse(f"Not found: Table {'.'.join(parts)}", node, nearest=near)
        scope.sources.append(_Anything(node.alias or parts[-1]))
        return "(SELECT NULL)"
    return _finished(
        rewriter, node, scope, table.sql if rewriter.is_target else table.relation, table.types, default=parts[-1]
    )


def _path(node: exp.Table) -> list[str]:
    """`project.dataset.table`, whether the backquotes stood around each part or around all."""
    found: list[str] = []
    for written in (node.args.get("catalog"), node.args.get("db"), node.this):
        part = written
        while isinstance(part, exp.Dot):
            found.append(part.this.name)
            part = part.expression
        if isinstance(part, exp.Func) and not isinstance(part, exp.Identifier):
            return []
        if part is not None:
            found.append(part.name)
    return found


class _Anything(Source):
    """A table that is not there: nothing more is said of its columns."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name, columns=_AnyColumns())


class _AnyColumns(dict[str, tuple[str, Value]]):
    def __contains__(self, key: object) -> bool:
        return True

    def __getitem__(self, key: str) -> tuple[str, Value]:
        return key, Value("NULL", UNKNOWN)


def _table_function(rewriter: Rewriter, node: exp.Table, scope: Scope) -> str:
    from hagane.sql.queries.table_functions import write_table_function

    sql, columns = write_table_function(rewriter, node, scope)
    return _finished(rewriter, node, scope, sql, columns)


def _correlated(rewriter: Rewriter, parts: list[str], scope: Scope) -> Value | None:
    """`t.v` where t stands in FROM already: the array v of each row."""
    if len(parts) < 2 or scope.source(parts[0]) is None:
        return None
    columns = {"this": exp.to_identifier(parts[-1])} | dict(
        zip(("table", "db", "catalog"), map(exp.to_identifier, reversed(parts[:-1])), strict=False)
    )
    value = rewriter.value(exp.Column(**columns), scope)
    return value if value.type.kind == "ARRAY" else None


def _wildcard(rewriter: Rewriter, node: exp.Table, parts: list[str], scope: Scope) -> str:
    tables = list(rewriter.schema.tables(parts))
    if not tables:
        rewriter.refuse(
            f"no table's name begins with {'.'.join(parts)}",
            node,
            nearest=nearest(parts[-1], rewriter.schema.table_names()) or "",
        )
        scope.sources.append(_Anything(node.alias))
        return "(SELECT NULL)"
    columns = _wildcard_columns(tables)
    selects = []
    for table in tables:
        held = {name.lower(): type_ for name, type_ in table.types}
        listed = [
            quoted(name) if name.lower() in held else f"CAST(NULL AS {type_.duckdb}) AS {quoted(name)}"
            for name, type_ in columns
        ]
        suffix = table.name[len(parts[-1]) :].replace("'", "''")
        selects.append(f"SELECT {', '.join(listed)}, '{suffix}' AS {SUFFIX} FROM {table.relation}")
    sql = f"({' UNION ALL '.join(selects)})"
    return _finished(rewriter, node, scope, sql, (*columns, (SUFFIX, STRING)), hidden=frozenset({SUFFIX.lower()}))


def _wildcard_columns(tables: list[QueryTable]) -> Columns:
    """Of a wildcard, the columns are those of the newest table: the last by name."""
    return max(tables, key=lambda table: table.name).types


def _finished(
    rewriter: Rewriter, node: exp.Expression, scope: Scope, sql: str, columns: Columns,
    *, default: str = "", hidden: frozenset[str] = frozenset(),
) -> str:  # fmt: skip
    """PIVOT, UNPIVOT, the sample and the alias of a table."""
    alias = node.alias
    for pivot in node.args.get("pivots") or ():
        from hagane.sql.queries.pivots import write_pivot

        sql, columns = write_pivot(rewriter, pivot, sql, columns, scope)
        alias = pivot.alias or alias
        default = ""
    name = alias or default
    held = name or rewriter.name("t")
    sample = node.args.get("sample")
    if sample is not None:
        sql = _sampled(rewriter, sample, sql, scope)
    scope.sources.append(source_of(held, columns, name=name, hidden=hidden))
    return f"{sql} AS {quoted(held)}"


def source_of(held: str, columns: Columns, *, name: str, hidden: frozenset[str] = frozenset()) -> Source:
    """A source whose columns are read as `"held"."column"`."""
    read = {
        column.lower(): (column, Value(f"{quoted(held)}.{quoted(column)}", INT64 if type_ == NULL else type_))
        for column, type_ in columns
    }
    return Source(name=name, columns=read, hidden=hidden)


def _sampled(rewriter: Rewriter, sample: exp.TableSample, sql: str, scope: Scope) -> str:
    percent = sample.args.get("percent")
    if percent is None:
        rewriter.refuse("TABLESAMPLE SYSTEM takes (n PERCENT)", sample)
        return sql
    value = rewriter.value(percent, scope)
    return f"(SELECT * FROM {sql} AS {rewriter.name('t')} USING SAMPLE {value.constant} PERCENT (bernoulli))"


def _unnest(rewriter: Rewriter, node: exp.Unnest, scope: Scope) -> str:
    alias = node.args.get("alias")
    name = ""
    if alias is not None:
        name = alias.columns[0].name if alias.columns else alias.name
    if len(node.expressions) != 1:
        rewriter.refuse("UNNEST takes one array", node)
        return "(SELECT NULL)"
    value = rewriter.value(node.expressions[0], scope)
    offset = node.args.get("offset")
    offset_name = offset.name if isinstance(offset, exp.Identifier) else "offset" if offset else None
    if value.type.kind != "ARRAY":
        if value.type not in (UNKNOWN, NULL):
            rewriter.refuse("UNNEST takes an array", node.expressions[0], received=str(value.type))
        scope.sources.append(_Anything(name))
        return "(SELECT NULL)"
    return _unnested(rewriter, value, scope, name=name, offset=offset_name)


def _unnested(rewriter: Rewriter, array: Value, scope: Scope, *, name: str, offset: str | None = None) -> str:
    """Elements of an array as rows; those that are STRUCTs with their fields as columns; offsets from 0."""
    element = array.type.element or INT64
    element = INT64 if element == NULL else element
    held, inner = rewriter.name("u"), name or "value"
    value = Value(f"{held}.{quoted(inner)}", element)
    columns: dict[str, tuple[str, Value]] = {}
    if element.kind == "STRUCT":
        for field, type_ in named_fields(element):
            columns[field.lower()] = (
                field,
                Value(f"struct_extract({value.sql}, '{field.replace(chr(39), chr(39) * 2)}')", type_),
            )
    elif name:
        columns[name.lower()] = (name, value)
    else:
        columns["f0_"] = ("f0_", value)
    listed = quoted(inner)
    sql = f"UNNEST({array.sql})"
    if offset is not None:
        place = "hagane_place"
        columns[offset.lower()] = (offset, Value(f"({held}.{place} - 1)", INT64))
        sql, listed = f"{sql} WITH ORDINALITY", f"{listed}, {place}"
    scope.sources.append(Source(name=name, columns=columns, value=value if name else None, row=False))
    return f"{sql} AS {held}({listed})"


__all__ = ["QueryType", "relation", "write_from"]
