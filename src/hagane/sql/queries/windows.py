"""OVER: partitions, order and frames."""

from __future__ import annotations

from sqlglot import exp

from hagane.sql.queries.rewriter import Rewriter
from hagane.sql.queries.scope import Scope
from hagane.sql.queries.written_query import quoted


def over_sql(rewriter: Rewriter, over: exp.Window | None, scope: Scope, *, framed: bool = True) -> str:
    """` OVER (…)`, or nothing."""
    if over is None:
        return ""
    return f" OVER ({window_sql(rewriter, over, scope, framed=framed)})"


def window_sql(rewriter: Rewriter, window: exp.Window, scope: Scope, *, framed: bool = True) -> str:
    """What stands in the parentheses of OVER and of WINDOW."""
    from hagane.sql.queries.select import order_key

    parts = []
    base = window.args.get("alias")
    if base is not None:
        if base.name.lower() not in scope.windows:
            rewriter.refuse(f"there is no window {base.name}", window)
        parts.append(quoted(base.name))
    keys = window.args.get("partition_by") or ()
    if keys:
        parts.append(f"PARTITION BY {', '.join(rewriter.value(key, scope).sql for key in keys)}")
    order = window.args.get("order")
    if order is not None:
        parts.append(f"ORDER BY {', '.join(order_key(rewriter, key, scope, []) for key in order.expressions)}")
    frame = window.args.get("spec")
    if frame is not None and framed:
        parts.append(_frame(rewriter, frame, scope))
    return " ".join(parts)


def _frame(rewriter: Rewriter, frame: exp.WindowSpec, scope: Scope) -> str:
    kind = str(frame.args.get("kind") or "ROWS")
    start = _bound(rewriter, frame.args.get("start"), frame.args.get("start_side"), scope)
    end = _bound(rewriter, frame.args.get("end"), frame.args.get("end_side"), scope) or "CURRENT ROW"
    return f"{kind} BETWEEN {start} AND {end}"


def _bound(rewriter: Rewriter, bound: object, side: object, scope: Scope) -> str:
    if bound is None:
        return ""
    text = (
        bound
        if isinstance(bound, str)
        else rewriter.value(bound, scope).sql
        if isinstance(bound, exp.Expression)
        else str(bound)
    )
    return f"{text} {side}" if side else text
