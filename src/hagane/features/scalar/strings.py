"""String functions. Source: GoogleSQL's reference; `docs/semantics.md` for what Unicode leaves open."""

from __future__ import annotations

from collections.abc import Callable

from hagane.errors import ExpressionError, Fault
from hagane.features import emit_extract, emit_text
from hagane.features.scalar.operation import Operation, strict
from hagane.features.value import Value
from hagane.sql.functions import WHITE_SPACE
from hagane.sql.patterns import contains, pattern_fault
from hagane.sql.regex.extraction import plan_extraction


def change_case(action: str) -> Callable[[Operation], Value]:
    """LOWER or UPPER."""

    def render(op: Operation) -> Value:
        return strict(op, emit_text.change_case(op.emitter, op.arguments[0].data, action, emit_text.find_locale()))

    return render


def trim(sides: str) -> Callable[[Operation], Value]:
    """TRIM, LTRIM or RTRIM of Unicode white space, or of the characters of a constant."""

    def render(op: Operation) -> Value:
        characters = op.literal(1) if len(op.arguments) > 1 else WHITE_SPACE
        return strict(op, emit_text.trim(op.emitter, op.arguments[0].data, str(characters or ""), sides))

    return render


def joined(separator: str) -> Callable[[Operation], Value]:
    """CONCAT (no separator) or ML.FEATURE_CROSS ('_'): NULL where one argument is."""

    def render(op: Operation) -> Value:
        e, result = op.emitter, op.arguments[0].data
        for argument in op.arguments[1:]:
            if separator:
                result = e.node("StringConcat", result, e.constant([[separator]], object))
            result = e.node("StringConcat", result, argument.data)
        return strict(op, result)

    return render


def length(op: Operation) -> Value:
    """LENGTH(s): code points."""
    return strict(op, emit_text.length(op.emitter, op.arguments[0].data), bound=2**31)


def byte_length(op: Operation) -> Value:
    """BYTE_LENGTH(s): bytes of UTF-8."""
    return strict(op, emit_text.byte_length(op.emitter, op.arguments[0].data), bound=2**33)


def starts_with(op: Operation) -> Value:
    """STARTS_WITH(s, constant)."""
    return _search(op, lambda prefix: f"{emit_text.quoted(prefix)}(?s:.*)")


def ends_with(op: Operation) -> Value:
    """ENDS_WITH(s, constant)."""
    return _search(op, lambda suffix: f"(?s:.*){emit_text.quoted(suffix)}")


def regexp_contains(op: Operation) -> Value:
    """REGEXP_CONTAINS(s, constant). Raises ExpressionError for a pattern that RE2 does not read."""
    pattern = op.literal(1)
    if isinstance(pattern, str) and (reason := pattern_fault(pattern)):
        raise ExpressionError(
            Fault(
                what=f"{pattern!r} is not a regular expression",
                expected="a pattern in RE2's syntax",
                received=reason,
                next_step="correct the pattern (https://github.com/google/re2/wiki/Syntax)",
            )
        )
    return _search(op, contains)


def regexp_extract(op: Operation) -> Value:
    """REGEXP_EXTRACT(s, constant): NULL without an error where nothing matches."""
    pattern = op.literal(1)
    plan = plan_extraction(pattern if isinstance(pattern, str) else "")
    data, missing = emit_extract.extract(op.emitter, op.arguments[0].data, plan)
    return strict(op, data, failed=missing, is_safe=True)


def _search(op: Operation, pattern_of: Callable[[str], str]) -> Value:
    """Whether the text matches, in all lanes the same pattern (none where the constant is NULL)."""
    constant = op.literal(1)
    pattern = pattern_of(constant) if isinstance(constant, str) else ""
    return strict(op, emit_text.matches(op.emitter, op.arguments[0].data, pattern))
