"""`StatementRun`: one statement being run, with what statements of every kind need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from sqlglot import exp

from hagane.session.resolve_query import QueryResolver
from hagane.session.session_state import SessionState
from hagane.session.sources import Sources
from hagane.session.substitute import substitute, with_variables
from hagane.session.variable import Variable
from hagane.sql.bigquery_ml import BigQueryMl
from hagane.sql.statement import OtherStatement, Statement

Tree = TypeVar("Tree", bound=exp.Expression)
_KINDS = {
    "QueryStatement": "SELECT",
    "CreateModel": "CREATE_MODEL",
    "DropModel": "DROP_MODEL",
    "AlterModel": "ALTER_MODEL",
    "ExportModel": "EXPORT_MODEL",
    "Declare": "DECLARE",
    "SetVariable": "SET",
}


class StatementRun:
    """A statement, its session and its sources; `notices` grow while it runs."""

    def __init__(
        self,
        statement: Statement,
        state: SessionState,
        parameters: Mapping[str, Variable],
        first_placeholder: int,
    ) -> None:
        self.statement, self.state = statement, state
        self.sources = Sources(state.engine, state.variables)
        self.resolver = QueryResolver(state, self.sources, statement.sql, shown_sql=self.shown_sql)
        self._parameters, self._first_placeholder = parameters, first_placeholder

    @property
    def sql(self) -> str:
        """The script."""
        return self.statement.sql

    @property
    def shown_sql(self) -> str:
        """The statement's own text, in which what DuckDB refuses is underlined."""
        return self.statement.sql[self.statement.start : self.statement.end]

    @property
    def kind(self) -> str:
        """What kind of statement it is, as BigQuery's jobs name it."""
        if isinstance(self.statement, OtherStatement):
            return self.statement.kind
        return _KINDS[type(self.statement).__name__]

    @property
    def notices(self) -> list[str]:
        """What the user should know."""
        return self.resolver.notices

    @property
    def tree(self) -> exp.Expression:
        """Of an `OtherStatement`: its tree, parameters replaced."""
        assert isinstance(self.statement, OtherStatement)
        return self.with_values(self.statement.tree)

    def with_values(self, tree: Tree) -> Tree:
        """A copy of the tree, its parameters replaced. Raises SqlError for one that was not given."""
        copied: Tree = tree.copy()
        return substitute(copied, self._parameters, sql=self.sql, first=self._first_placeholder)

    def text(self, tree: exp.Expression) -> str:
        """BigQuery's text of a tree that `resolver` has seen, parameters and variables replaced by their values."""
        columns = {name.lower() for columns in self.sources.columns.values() for name, _ in columns}
        variables = {name: value for name, value in self.state.variables.items() if name not in columns}
        return str(with_variables(self.with_values(tree), variables).sql(dialect=BigQueryMl))
