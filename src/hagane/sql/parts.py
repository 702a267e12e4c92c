"""EXTRACT(part FROM t): which parts there are, for which types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from hagane.errors import nearest
from hagane.sql.expression import Expression
from hagane.sql.functions import DATE_PARTS, TIME_PARTS
from hagane.sql.source import WAY_OUT
from hagane.types import SqlType

if TYPE_CHECKING:
    from hagane.sql.binder import Binder

_UTC = ("UTC", "Z", "+00:00", "+00", "+0", "ETC/UTC", "GMT")


def bind_extract(binder: Binder, node: exp.Extract) -> Expression | None:
    """The EXTRACT call that `node` is, or None after noting its faults."""
    moment = node.expression
    if isinstance(moment, exp.AtTimeZone):
        zone = moment.args.get("zone")
        if not isinstance(zone, exp.Literal) or str(zone.this).upper() not in _UTC:
            binder.source.fault("time zones other than UTC cannot be compiled", zone, next_step=WAY_OUT)
        moment = moment.this
    argument = binder.bind(moment)
    part = _part(node.this)
    if argument is None:
        return None
    if argument.type not in (SqlType.TIMESTAMP, SqlType.DATE):
        binder.call("EXTRACT", (argument,), node)
        return None
    allowed = DATE_PARTS if argument.type is SqlType.DATE else (*DATE_PARTS, *TIME_PARTS)
    if part not in allowed:
        binder.source.fault(f"EXTRACT has no part {part} for a {argument.type.value}", node,
                            expected=", ".join(allowed), nearest=nearest(part, allowed))  # fmt: skip
        return None
    return binder.call("EXTRACT", (argument,), node, (part,))


def _part(node: exp.Expression) -> str:
    name = str(node.name or node.sql("bigquery")).upper()
    if isinstance(node, exp.WeekStart):
        day = str(node.this.name).upper()
        return {"SUNDAY": "WEEK", "MONDAY": "WEEK(MONDAY)"}.get(day, f"WEEK({day})")
    return name
