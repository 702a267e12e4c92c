"""String functions that take a text apart: SUBSTR, LPAD, RPAD, REPLACE, REVERSE, STRPOS, SPLIT(…)[OFFSET(…)].

Source: GoogleSQL's reference, "String functions".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast as typed

import numpy as np

from hagane.features import emit_pieces, emit_table, emit_text
from hagane.features.emit_integer import minus, plus, whole
from hagane.features.emit_logic import where
from hagane.features.scalar.operation import Operation, strict
from hagane.features.value import Value
from hagane.sql.functions import MOST_PIECES


def substring(op: Operation) -> Value:
    """SUBSTR(s, position[, length]): position 0 counts as 1; from the end where it is negative."""
    e, text = op.emitter, op.arguments[0].data
    position = _number(op, 1)
    text = emit_text.take_last(e, text, -position) if position < 0 else emit_text.drop(e, text, max(position - 1, 0))
    return strict(op, text if len(op.arguments) == 2 else emit_text.take(e, text, _number(op, 2)))


def pad(side: str) -> Callable[[Operation], Value]:
    """LPAD or RPAD (s, n[, pattern]): a longer text is cut to its first n code points."""

    def render(op: Operation) -> Value:
        e, size = op.emitter, _number(op, 1)
        pattern = str(op.literal(2) or " ") if len(op.arguments) > 2 else " "
        text = emit_text.take(e, op.arguments[0].data, size)
        filling = pattern * (size // len(pattern) + 1)
        table = np.array([filling[:count] for count in range(size + 1)], object)
        missing = minus(e, whole(e, size), emit_text.length(e, text))
        padding = emit_table.read(e, missing, [table] * e.extent(missing).width, allowed=None)
        return strict(op, e.node("StringConcat", *((padding, text) if side == "left" else (text, padding))))

    return render


def repeat(op: Operation) -> Value:
    """REPEAT(s, n)."""
    return strict(op, emit_pieces.repeat(op.emitter, op.arguments[0].data, _number(op, 1)))


def replace(op: Operation) -> Value:
    """REPLACE(s, from, to): nothing is replaced where `from` is empty."""
    text, old, new = op.arguments[0].data, str(op.literal(1) or ""), str(op.literal(2) or "")
    if not old:
        return strict(op, text)
    data, failed = emit_pieces.replace(op.emitter, text, old, new, MOST_PIECES)
    return strict(op, data, failed=failed)


def reverse(op: Operation) -> Value:
    """REVERSE(s)."""
    data, failed = emit_pieces.reverse(op.emitter, op.arguments[0].data, MOST_PIECES)
    return strict(op, data, failed=failed)


def find(op: Operation) -> Value:
    """STRPOS(s, t): from 1, 0 where t is not in s; 1 for an empty t."""
    e, text, part = op.emitter, op.arguments[0].data, str(op.literal(1) or "")
    if not part:
        return strict(op, whole(e, 1), bound=1)
    before, is_missing = emit_pieces.piece(e, text, part, 0)[0], emit_pieces.piece(e, text, part, 1)[1]
    place = where(e, is_missing, whole(e, 0), plus(e, emit_text.length(e, before), 1))
    return strict(op, place, bound=2**31)


def split_offset(*, is_safe: bool) -> Callable[[Operation], Value]:
    """SPLIT(s, delimiter)[OFFSET(n)], an error, or SAFE_OFFSET, NULL, beyond the last; modifiers: (n,)."""

    def render(op: Operation) -> Value:
        number = typed(int, op.modifiers[0])
        delimiter = str(op.literal(1) or "\0")  # none where the constant is NULL: so is the result
        data, failed = emit_pieces.piece(op.emitter, op.arguments[0].data, delimiter, number)
        return strict(op, data, failed=failed, is_safe=is_safe)

    return render


def _number(op: Operation, position: int) -> int:
    """A constant, 0 where it is NULL (and so is the result)."""
    return typed(int, op.literal(position) or 0)
