"""String functions: lane by lane, since a string tensor costs a copy of every string.

Source: GoogleSQL's reference, "String functions".
"""

from __future__ import annotations

from collections.abc import Callable

from hagane.errors import ExpressionError, Fault
from hagane.features import emit_text
from hagane.features.scalar.operation import Operation, strict, strict_text
from hagane.features.value import Value


def change_case(action: str) -> Callable[[Operation], Value]:
    """LOWER or UPPER."""

    def render(op: Operation) -> Value:
        (text,), locale = op.arguments, emit_text.find_locale()
        return strict_text(op, lambda lane: emit_text.change_case(op.emitter, text.text(lane), action, locale))

    return render


def trim(pattern: str) -> Callable[[Operation], Value]:
    """TRIM, LTRIM or RTRIM of Unicode white space."""

    def render(op: Operation) -> Value:
        (text,) = op.arguments
        return strict_text(op, lambda lane: emit_text.trim(op.emitter, text.text(lane), pattern))

    return render


def joined(separator: str) -> Callable[[Operation], Value]:
    """CONCAT (no separator) or ML.FEATURE_CROSS ('_'): NULL where one argument is."""

    def render(op: Operation) -> Value:
        e = op.emitter

        def emit_lane(lane: int) -> str:
            result = op.arguments[0].text(lane)
            for argument in op.arguments[1:]:
                if separator:
                    result = e.node("StringConcat", result, e.constant([[separator]], object))
                result = e.node("StringConcat", result, argument.text(lane))
            return result

        return strict_text(op, emit_lane)

    return render


def length(op: Operation) -> Value:
    """LENGTH(s): code points."""
    (text,) = op.arguments
    return strict(op, op.lanes(lambda lane: emit_text.length(op.emitter, text.text(lane))), bound=2**31)


def starts_with(op: Operation) -> Value:
    """STARTS_WITH(s, constant)."""
    return _search(op, lambda prefix: f"{emit_text.quoted(prefix)}(?s:.*)")


def ends_with(op: Operation) -> Value:
    """ENDS_WITH(s, constant)."""
    return _search(op, lambda suffix: f"(?s:.*){emit_text.quoted(suffix)}")


def regexp_contains(op: Operation) -> Value:
    """REGEXP_CONTAINS(s, constant). Raises ExpressionError for a pattern that RE2 does not read."""
    faults = [fault for lane in range(op.width) if (fault := _pattern_fault(op, lane))]
    if faults:
        raise ExpressionError(*faults)
    return _search(op, emit_text.contains)


def _search(op: Operation, pattern_of: Callable[[str], str]) -> Value:
    text = op.arguments[0]

    def emit_lane(lane: int) -> str:
        constant = op.literal(lane, 1)
        pattern = pattern_of(constant) if isinstance(constant, str) else ""
        return emit_text.matches(op.emitter, text.text(lane), pattern)

    return strict(op, op.lanes(emit_lane))


def _pattern_fault(op: Operation, lane: int) -> Fault | None:
    pattern = op.literal(lane, 1)
    if not isinstance(pattern, str) or emit_text.is_pattern(pattern):
        return None
    return Fault(
        what=f"{pattern!r} is not a regular expression",
        expected="a pattern in RE2's syntax",
        next_step="correct the pattern (https://github.com/google/re2/wiki/Syntax)",
    )
