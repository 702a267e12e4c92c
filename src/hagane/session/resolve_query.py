"""`QueryResolver`: a query's tables and functions of FROM become what DuckDB can read, and its text DuckDB's."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from sqlglot import exp

from hagane.data.origin import parquet_sql
from hagane.errors import DataError, Fault, HaganeError, SqlError
from hagane.session.catalog import DEEPEST_VIEW, Catalog
from hagane.session.kept_stream import kept_stream
from hagane.session.query_rows import QueryRows
from hagane.session.replayed_stream import ReplayedStream
from hagane.session.run_call import run_call
from hagane.session.session_state import SessionState
from hagane.session.sources import Sources
from hagane.session.to_duckdb import to_duckdb
from hagane.sql.parse_script import parse_script
from hagane.sql.statement import QueryStatement
from hagane.sql.table_function_call import TableArgument, TableFunctionCall, argument_span
from hagane.workspace.stored_table import StoredView

_NO_COLUMN = re.compile(r"not found|there is no column|has no column")
Tree = TypeVar("Tree", bound=exp.Expression)


class QueryResolver:
    """Of one statement: `sql` is the script in which it stands, `shown_sql` its own text."""

    def __init__(self, state: SessionState, sources: Sources, sql: str, *, shown_sql: str = "") -> None:
        self.state, self.sources, self.sql = state, sources, sql
        self.shown_sql = shown_sql or sql
        self.catalog = Catalog(state, sources, self)
        self._views: list[StoredView] = []

    @property
    def notices(self) -> list[str]:
        """What the user should know of what was read."""
        return self.catalog.notices

    def duckdb_sql(self, tree: exp.Expression, *, known: Collection[str] = ()) -> str:
        """DuckDB's text of a tree, all of whose names but those `known` to DuckDB are resolved. Raises HaganeError."""
        return to_duckdb(self.resolve(tree, known=known), self.sources, self.sql)

    def resolve(self, tree: Tree, *, known: Collection[str] = ()) -> Tree:
        """A copy of the tree in which every table is a source. Functions of FROM are run, innermost first."""
        tree = tree.copy()
        self._resolve_tables(tree, known)
        for call in self._calls(tree):
            self._run(call)
        return tree

    def rows(self, tree: exp.Expression) -> QueryRows:
        """The rows of a query whose names are resolved."""
        return QueryRows(self.sources, to_duckdb(tree, self.sources, self.sql), shown_sql=self.shown_sql)

    def of_view(self, view: StoredView) -> str:
        """DuckDB's text of a view's query. Raises HaganeError that names the view."""
        if view.name in [outer.name for outer in self._views] or len(self._views) == DEEPEST_VIEW:
            what = f"the view {view.name} reads itself"
            if len(self._views) == DEEPEST_VIEW:
                what = f"more than {DEEPEST_VIEW} views lie in each other"
            raise DataError(Fault(what=what, where=f"view {view.name}"))
        self._views.append(view)
        outer = self.sql, self.shown_sql
        self.sql = self.shown_sql = view.query
        try:
            (statement,) = parse_script(view.query)
            assert isinstance(statement, QueryStatement)
            return self.duckdb_sql(statement.query)
        except HaganeError as error:
            where = f"view {view.name}"
            raise type(error)(
                *(msgspec.structs.replace(fault, where=fault.where or where) for fault in error.faults)
            ) from None
        finally:
            self._views.pop()
            self.sql, self.shown_sql = outer

    def _resolve_tables(self, tree: exp.Expression, known: Collection[str]) -> None:
        """Every table but those of WITH; all that are not there are told at once."""
        faults: list[Fault] = []
        kind: type[HaganeError] = SqlError
        for table in list(tree.find_all(exp.Table)):
            if isinstance(table.this, exp.Identifier) and table.name not in known and _is_table(table):
                try:
                    if self.catalog.resolve_wildcard(table):
                        continue
                    name = self.catalog.resolve(table)
                except HaganeError as error:
                    kind = type(error)
                    faults += [self._placed(fault, table) for fault in error.faults]
                    continue
                _point(table, name)
        if faults:
            raise kind(*faults)

    def _placed(self, fault: Fault, table: exp.Table) -> Fault:
        """The fault, underlined where the table is named."""
        if fault.sql:
            return fault
        meta = table.this.meta
        first = next((part for part in (table.args.get("catalog"), table.args.get("db")) if part), table.this).meta
        if "start" not in meta:
            return fault
        start = first.get("start", meta["start"])
        return msgspec.structs.replace(fault, sql=self.sql, start=start, end=meta["end"] + 1)

    def _calls(self, tree: exp.Expression) -> list[TableFunctionCall]:
        """Those of the tree, each behind all that its arguments need: inner ones, and those in WITH before it."""
        ordered: list[TableFunctionCall] = []
        for call in tree.find_all(TableFunctionCall, bfs=False):
            self._after_needed(call, ordered)
        return ordered

    def _after_needed(self, call: TableFunctionCall, ordered: list[TableFunctionCall]) -> None:
        if any(call is other for other in ordered):
            return
        for inner in call.find_all(TableFunctionCall):
            if inner is not call:
                self._after_needed(inner, ordered)
        for cte in _needed_ctes(call):
            for inner in cte.find_all(TableFunctionCall):
                self._after_needed(inner, ordered)
        ordered.append(call)

    def _run(self, call: TableFunctionCall) -> None:
        """Run the call and put its rows in its place."""
        table = call.parent
        if not isinstance(table, exp.Table):
            start, end = argument_span(call)
            step = f"SELECT * FROM {call.name}(…)"
            raise SqlError(Fault(what=f"{call.name} gives a table: it stands behind FROM", sql=self.sql, start=start,
                                 end=end, next_step=step))  # fmt: skip
        self.catalog.is_of_files = False
        rows = run_call(call, self)
        if isinstance(rows, ReplayedStream) and _is_read_again(call):
            kept = kept_stream(rows.reader(), self.state.engine)
            name = self.sources.add_view(f"SELECT * FROM {parquet_sql([kept])}") if isinstance(kept, Path) else \
                self.sources.add_rows(kept)  # fmt: skip
        else:
            name = self.sources.add_rows(rows)
        _point(table, name, keep_alias=True)

    def value(self, expression: exp.Expression) -> Any:
        """The value of an expression that reads no rows, as Python has it. Raises HaganeError."""
        sql = f"SELECT ({to_duckdb(expression.copy(), self.sources, self.sql)}) AS value"
        with self.sources.faults(self.shown_sql):
            connection = self.sources.connect(sql)
            try:
                return connection.sql(sql).to_arrow_table()["value"][0].as_py()
            finally:
                connection.close()

    def input_rows(self, argument: exp.Expression) -> QueryRows:
        """The rows of a `(query)` or `TABLE name` argument, with what WITH around it defines."""
        if isinstance(argument, TableArgument):
            query: exp.Query = exp.select("*").from_(argument.this.copy())
        else:
            found = argument.unnest()
            assert isinstance(found, exp.Query)
            query = found.copy()
        outer = [cte.copy() for cte in _needed_ctes(argument)]
        step = "the query of an argument sees WITH and tables, and not the columns of the query around it"
        try:
            rows = self.rows(_with_ctes(query, outer, is_recursive=_is_recursive(argument)))
            self.sources.described(rows.sql, shown_sql=self.shown_sql)
        except (DataError, SqlError) as error:
            raise type(error)(
                *(msgspec.structs.replace(fault, next_step=step)
                  if _NO_COLUMN.search(fault.what) and not fault.nearest else fault
                  for fault in error.faults)
            ) from None  # fmt: skip
        return rows


def _point(table: exp.Table, name: str, *, keep_alias: bool = False) -> None:
    """Let the node name a source; a table without an alias is still called as it was."""
    if not table.alias and not keep_alias:
        table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name.rpartition(".")[2], quoted=True)))
    table.set("this", exp.to_identifier(name))
    table.set("db", None)
    table.set("catalog", None)


def _is_table(table: exp.Table) -> bool:
    """Whether it is one, and neither a query of WITH nor an array of a table before it (`FROM trips AS t, t.stops`)."""
    if _cte_of(table) is not None:
        return False
    parts = [part.name for part in table.parts]
    select = table.find_ancestor(exp.Select)
    while select is not None and len(parts) > 1:
        tables = [select.args["from_"].this, *(join.this for join in select.args.get("joins") or ())] \
            if select.args.get("from_") is not None else []  # fmt: skip
        if any(other is not table and other.alias_or_name.lower() == parts[0].lower() for other in tables):
            return False
        select = select.find_ancestor(exp.Select)
    return True


def _cte_of(table: exp.Table) -> exp.CTE | None:
    """The WITH clause's query that the node names, None for a table."""
    if table.args.get("db") is not None:
        return None
    name = table.name.lower()
    return next((cte for cte in _visible_ctes(table) if cte.alias.lower() == name), None)


def _visible_ctes(node: exp.Expression) -> Iterator[exp.CTE]:
    """Those that can be named where the node stands, the innermost first."""
    child: exp.Expression | None = node
    while child is not None:
        parent = child.parent
        if isinstance(child, exp.CTE) and isinstance(parent, exp.With):
            place = next(index for index, cte in enumerate(parent.expressions) if cte is child)
            end = place + 1 if parent.recursive else place
            yield from reversed(parent.expressions[:end])
            owner = parent.parent  # what its WITH defines it shows to none of these queries but those before
            child = owner.parent if owner is not None else None
            continue
        if (of_child := child.args.get("with_")) is not None:
            yield from reversed(of_child.expressions)
        child = parent


def _is_read_again(call: exp.Expression) -> bool:
    """Whether the call stands in a query of WITH that is named more than once, itself or through another one."""
    node: exp.Expression | None = call
    while node is not None:
        if isinstance(node, exp.CTE) and isinstance(node.parent, exp.With):
            cte = node
            named = [table for table in cte.root().find_all(exp.Table) if _cte_of(table) is cte]
            if len(named) > 1 or any(_is_read_again(table) for table in named):
                return True
        node = node.parent
    return False


def _needed_ctes(node: exp.Expression) -> list[exp.CTE]:
    """The queries of enclosing WITH clauses that the node names, and those that they name, in their order."""
    found: list[exp.CTE] = []
    for table in node.find_all(exp.Table):
        cte = _cte_of(table) if isinstance(table.this, exp.Identifier) else None
        if cte is None or _is_inside(cte, node) or any(cte is other for other in found) or _is_inside(node, cte):
            continue
        found += [other for other in _needed_ctes(cte) if not any(other is each for each in found)]
        found.append(cte)
    return found


def _is_inside(node: exp.Expression, other: exp.Expression) -> bool:
    parent: exp.Expression | None = node
    while parent is not None:
        if parent is other:
            return True
        parent = parent.parent
    return False


def _is_recursive(node: exp.Expression) -> bool:
    return any(isinstance(cte.parent, exp.With) and cte.parent.recursive for cte in _needed_ctes(node))


def _with_ctes(query: exp.Query, ctes: list[exp.CTE], *, is_recursive: bool) -> exp.Query:
    """The query with further WITH clauses before its own; its own of the same name hide them."""
    if not ctes:
        return query
    own: exp.With | None = query.args.get("with_")
    names = {cte.alias.lower() for cte in own.expressions} if own else set()
    before = [cte for cte in ctes if cte.alias.lower() not in names]
    recursive = is_recursive or bool(own and own.recursive)
    query.set("with_", exp.With(expressions=[*before, *(own.expressions if own else [])], recursive=recursive))
    return query
