"""The statements of a script, as `sql.parse_script` reads them: BigQuery's language, nothing resolved yet."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from sqlglot import exp

Creation = Literal["create", "replace", "if_not_exists"]


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """Where a statement stands: `sql[start:end]` is its text, and spans of faults count in `sql`."""

    sql: str
    """The whole script."""
    start: int
    end: int


class OptionClause(msgspec.Struct, frozen=True, kw_only=True):
    """One `name = value` of OPTIONS."""

    name: str
    """In lower case."""
    value: Any
    """Plain Python: str, int, float, bool, None, list; a STRUCT is a dict (a tuple where its fields have no names), a
    tuple a tuple; `HPARAM_…` a `hagane.sql.hparams.Hparam`, whose text is in `sql`; an expression over `@parameters`,
    variables and functions is an `exp.Expression` that the session evaluates first."""
    start: int
    end: int


class SelectItem(msgspec.Struct, frozen=True, kw_only=True):
    """One item of TRANSFORM(…): an expression with its name, or a star."""

    name: str
    """The alias, or the bare column's name; empty for a star, for `expr.*` and for what was given no name."""
    expression: str
    """BigQuery's SQL as it was written, without the alias; of `expr.*` what stands before the dot, of `*` nothing."""
    star: bool = False
    except_columns: tuple[str, ...] = ()
    replace: tuple[SelectItem, ...] = ()
    start: int
    end: int


class FieldType(msgspec.Struct, frozen=True, kw_only=True):
    """One field of INPUT(…) or OUTPUT(…)."""

    name: str
    type: str


class CreateModel(Statement, frozen=True, kw_only=True):
    """CREATE MODEL."""

    name: str
    """As written, without backquotes: `dataset.model`."""
    creation: Creation = "create"
    temporary: bool = False
    transform: tuple[SelectItem, ...] | None = None
    inputs: tuple[FieldType, ...] = ()
    outputs: tuple[FieldType, ...] = ()
    connection: str | None = None
    """Of REMOTE WITH CONNECTION: its name, or `DEFAULT`."""
    options: tuple[OptionClause, ...] = ()
    query: exp.Expression | None = None
    """What stands behind AS."""
    query_start: int = 0
    query_end: int = 0
    """`sql[query_start:query_end]` is the query as written."""
    holidays: exp.Expression | None = None
    """The second query of `AS (training_data AS (…), custom_holiday AS (…))`."""


class DropModel(Statement, frozen=True, kw_only=True):
    """DROP MODEL."""

    name: str
    if_exists: bool = False


class AlterModel(Statement, frozen=True, kw_only=True):
    """ALTER MODEL … SET OPTIONS."""

    name: str
    if_exists: bool = False
    options: tuple[OptionClause, ...] = ()


class ExportModel(Statement, frozen=True, kw_only=True):
    """EXPORT MODEL … OPTIONS(uri = …)."""

    name: str
    options: tuple[OptionClause, ...] = ()


class Declare(Statement, frozen=True, kw_only=True):
    """DECLARE names [type] [DEFAULT expression]."""

    names: tuple[str, ...]
    type: str | None = None
    default: exp.Expression | None = None


class SetVariable(Statement, frozen=True, kw_only=True):
    """SET name = expression, or SET (a, b) = (…)."""

    names: tuple[str, ...]
    value: exp.Expression


class QueryStatement(Statement, frozen=True, kw_only=True):
    """A query: SELECT, WITH, set operations, pipes."""

    query: exp.Expression


class OtherStatement(Statement, frozen=True, kw_only=True):
    """Any other statement that runs on DuckDB when it is rewritten: CREATE TABLE, INSERT, MERGE, CREATE VIEW, …"""

    kind: str
    """As BigQuery's jobs name it: `CREATE_TABLE_AS_SELECT`, `INSERT`, `DROP_TABLE`."""
    tree: exp.Expression
