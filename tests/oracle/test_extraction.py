"""REGEXP_EXTRACT finds what RE2 finds: random patterns over random texts, those that it takes, against DuckDB."""

from __future__ import annotations

import contextlib
import random

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from oracle_engines import assert_agree
from oracle_rows import hostile_rows

from hagane.sql.expression import Call, ColumnRef, Literal
from hagane.sql.patterns import pattern_fault
from hagane.sql.regex.extraction import plan_extraction, plan_tokens
from hagane.types import SqlType

PIECES = ["a", "b", "ab", "c", "[ab]", "[^a]", ".", r"\w", r"\W", r"\d", r"\s", "1", "-", "é", "(?i:k)",
          "[[:alpha:]]", r"[^\w-]", "(?s:.)", r"\pL", r"\p{Latin}"]  # fmt: skip
PLACES = ["^", "$", r"\b", r"\B", ""]
TIMES = ["*", "+", "?", "{2}", "{1,2}", "{2,}", "*?", "+?", "??", "{1,3}?"]


def _several(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.lists(inner, min_size=2, max_size=4).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(TIMES)).map(lambda drawn: f"(?:{drawn[0]}){drawn[1]}"),
        st.tuples(inner, st.sampled_from(PLACES)).map("".join),
        st.tuples(st.sampled_from(PLACES), inner).map("".join),
    )


PARTS = st.recursive(st.sampled_from(PIECES), _several, max_leaves=5)
PATTERNS = st.one_of(
    PARTS, st.tuples(PARTS | st.just(""), PARTS, PARTS | st.just("")).map(lambda p: f"{p[0]}({p[1]}){p[2]}")
)
"""Without a capture group, or with one."""


def texts(seed: int, count: int = 300) -> pa.Table:
    """Hostile rows whose `s1` is made of the few letters of the patterns."""
    generator = random.Random(seed)
    letters = "aabbcck1- \né\u212aKs\u017f"
    found = ["".join(generator.choices(letters, k=generator.randint(0, 9))) for _ in range(count)]
    rows = hostile_rows(0, count)
    return rows.set_column(rows.schema.get_field_index("s1"), "s1", pa.array([None, *found[1:]]))


ROWS = texts(0)


def check(pattern: str) -> bool:
    """REGEXP_EXTRACT, and TEXT_ANALYZE, which takes all that the pattern finds; False where neither takes it."""
    text, calls = ColumnRef("s1", SqlType.STRING), []
    with contextlib.suppress(ValueError):
        plan_extraction(pattern)
        calls.append(Call("REGEXP_EXTRACT", (text, Literal(pattern, SqlType.STRING)), SqlType.STRING))
    with contextlib.suppress(ValueError):
        plan_tokens(pattern)
        calls.append(Call("TEXT_ANALYZE", (text,), SqlType.ARRAY_STRING, ("PATTERN_ANALYZER", pattern, False)))
    if calls:
        assert_agree(calls, ROWS)
    return bool(calls)


@pytest.mark.parametrize("pattern", [r"(?:(?i:k))??(\w)", r"(?i:s)??\w", "(?:[Kk]|x)", "(?i:k)|a"])
def test_letters_that_re2_folds_beyond_ascii(pattern: str) -> None:
    assert check(pattern)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(pattern=PATTERNS)
def test_what_is_taken_is_found(pattern: str) -> None:
    assume(check(pattern))


@pytest.mark.slow
@pytest.mark.timeout(3600)
@settings(max_examples=4000, deadline=None, suppress_health_check=list(HealthCheck))
@given(pattern=PATTERNS)
def test_what_is_taken_is_found_thousands_of_times(pattern: str) -> None:
    assume(check(pattern))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(pattern=PATTERNS | st.text(alphabet="ab(?:i)[]^$|*+?{}1,\\dwsxzQpPbAB.-é<>", max_size=12))
def test_every_pattern_of_re2_is_taken_or_refused(pattern: str) -> None:
    """With a reason: nothing but ValueError is raised."""
    assume(not pattern_fault(pattern))
    with contextlib.suppress(ValueError):
        assert plan_extraction(pattern).match
