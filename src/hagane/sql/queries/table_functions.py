"""Functions that stand in FROM and are no model's: GAP_FILL and RANGE_SESSIONIZE."""

from __future__ import annotations

from sqlglot import exp

from hagane.sql.queries.functions.refused import REASONS
from hagane.sql.queries.rewriter import Rewriter
from hagane.sql.queries.scope import Columns, Scope


def write_table_function(rewriter: Rewriter, node: exp.Table, scope: Scope) -> tuple[str, Columns]:
    """The relation, and its columns."""
    call = node.this
    name = str(call.this).upper() if isinstance(call, exp.Anonymous) else type(call).__name__.upper()
    what, step = REASONS.get(name, (f"there is no table function {name}", ""))
    rewriter.refuse(what, node, next_step=step)
    return "(SELECT NULL)", ()
