"""LIKE, alone and with ANY, SOME or ALL of several patterns.

Source: GoogleSQL's reference, "Operators": `s NOT LIKE ANY (p, q)` is `s NOT LIKE p OR s NOT LIKE q`, and not the
negation of `s LIKE ANY (p, q)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from hagane.sql.expression import Expression, Literal
from hagane.sql.patterns import like_to_regex
from hagane.sql.source import WAY_OUT
from hagane.types import SqlType

if TYPE_CHECKING:
    from hagane.sql.binder import Binder


def bind_like(binder: Binder, node: exp.Like) -> Expression | None:
    """`s [NOT] LIKE pattern`, `s [NOT] LIKE ANY|SOME|ALL (pattern, …)`, or None after noting the faults."""
    quantifier = node.expression if isinstance(node.expression, exp.Any | exp.All) else None
    nodes = [node.expression] if quantifier is None else _patterns(quantifier)
    if not nodes:
        return binder.refuse(node)
    parts = binder.bind_each([node.this, *nodes])
    if parts is None:
        return None
    text, *patterns = parts
    found = [_matched(binder, text, pattern, node) for pattern in patterns]
    whole = [each for each in found if each is not None]
    if len(whole) < len(found):
        return None
    while len(whole) > 1:
        joined = binder.call("AND" if isinstance(quantifier, exp.All) else "OR", whole[:2], node)
        whole = [*whole[2:], joined] if joined is not None else []
    return whole[0] if whole else None


def _patterns(quantifier: exp.Any | exp.All) -> list[exp.Expression]:
    """The patterns of a list, or of UNNEST of an array that is written out; none of anything else."""
    listed = quantifier.this
    if isinstance(listed, exp.Unnest) and len(listed.expressions) == 1:
        listed = listed.expressions[0]
    return list(listed.expressions) if isinstance(listed, exp.Tuple | exp.Array) else (
        [listed.this] if isinstance(listed, exp.Paren) else []
    )  # fmt: skip


def _matched(binder: Binder, text: Expression, pattern: Expression, node: exp.Like) -> Expression | None:
    """`text [NOT] LIKE pattern`; NULL where the pattern is."""
    if isinstance(pattern, Literal) and pattern.value is None:
        found = binder.call("=", (text, pattern), node)
    elif isinstance(pattern, Literal) and isinstance(pattern.value, str):
        regex = Literal(like_to_regex(pattern.value), SqlType.STRING, span=pattern.span)
        found = binder.call("REGEXP_CONTAINS", (text, regex), node)
    else:
        binder.source.fault("the pattern of LIKE must be a constant", pattern.span, next_step=WAY_OUT)
        return None
    return binder.call("NOT", (found,), node) if found is not None and node.args.get("negate") else found
