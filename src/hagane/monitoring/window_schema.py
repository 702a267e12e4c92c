"""`WindowSchema`: how many of a window's rows break each rule of the schema that the model was trained with."""

from __future__ import annotations

import msgspec

from hagane.errors import DataError, Fault


class RuleCount(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rule."""

    column: str
    """Empty for a rule over several columns."""
    rule: str
    """Its key in the schema: `min`, `domain`, `rules.positive_fare`."""
    expected: str
    """The rule in words."""
    allowed: float = 0.0
    """The share of the rows that may break it."""
    num_broken: int
    num_rows: int
    """Rows that were looked at; of a `domain` those with a value."""

    @property
    def key(self) -> tuple[str, str]:
        """What it is known by."""
        return self.column, self.rule


class WindowSchema(msgspec.Struct, frozen=True, kw_only=True):
    """Counts by rule, mergeable.

    >>> one = RuleCount(column="fare", rule="min", expected="0 or more", num_broken=2, num_rows=10)
    >>> WindowSchema(rules=(one,)).merge(WindowSchema(rules=(one,))).rules[0].num_broken
    4
    """

    rules: tuple[RuleCount, ...]

    def merge(self, other: WindowSchema) -> WindowSchema:
        """Of both windows together. Raises DataError where a rule asks for something else: of different schemas."""
        merged = {rule.key: rule for rule in self.rules}
        for rule in other.rules:
            merged[rule.key] = _added(merged[rule.key], rule) if rule.key in merged else rule
        return WindowSchema(rules=tuple(merged.values()))


def _added(one: RuleCount, other: RuleCount) -> RuleCount:
    if (one.expected, one.allowed) != (other.expected, other.allowed):
        raise DataError(Fault(what=f"the windows' schemas have different rules '{one.rule}' of '{one.column}'",
                              expected=one.expected, received=other.expected))  # fmt: skip
    return msgspec.structs.replace(one, num_broken=one.num_broken + other.num_broken,
                                   num_rows=one.num_rows + other.num_rows)  # fmt: skip
