"""Which patterns REGEXP_EXTRACT takes, and why not the others. What it then finds: tests/oracle/test_extraction.py."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hagane.sql.regex.extraction import plan_extraction
from hagane.sql.regex.first_match import study
from hagane.sql.regex.nodes import spelled, widths
from hagane.sql.regex.parse import parse_regex

EVERYDAY = (
    r"utm_source=([^&]+)", r"^([^@]+)@", r"@(.+)$", r"(\w+)\.csv$", r"(\d+) ?(?:km|mi)", r"^(.*)/", r"/([^/]+)/?$",
    r"\((.*?)\)", r"(?:^|,)(\w+)", r"^(?:Mr|Mrs)\. (\w+)", r"(Mr|Mrs|Miss)", r", ([A-Za-z]+)\.", r"\b(\d{4})\b",
    r"(?i)(miss|mr)s?", r"\$?(\d+(?:\.\d+)?)", r"^(?:https?://)?([^/?#]+)", r"\d{4}-\d{2}-\d{2}", r"日(.)",
    r"(\S+)\s*$", r".*?foo", r"[^ ]+", r"x*$", r"(?:\d+)\D+(\d+)", r"[[:upper:]]\w*", r"^(?P<area>\d{3})-",
    r"(\p{Han}+)[\p{Hiragana}\p{Katakana}]*", r"\PL(\pL+)", r"^[^\pN\s]+",
)  # fmt: skip


@pytest.mark.parametrize("pattern", EVERYDAY)
def test_everyday_patterns_can_be_extracted(pattern: str) -> None:
    assert plan_extraction(pattern).match


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (r"(a)(b)", "more than one capture group"),
        (r"(a)?b", "may be left out"),
        (r"(a)|b", "may be left out"),
        (r"^()a+", "its capture group is always empty"),
        (r"^(.*?)\s*$", "its capture group could end in several places"),
        (r".*?(\d+)", "what stands before its capture group could end in several places"),
        (r".+?\b", "its first match is not its longest, and hangs on places"),
        (r".*?(?:a.{5}b)", "would be too long"),
        (r"(?:a|b|ab|ba|aab){0,40}?[^x]{12}a", "(too many ways|too long)"),
        (r"(?:a*)*b", "a part that may be empty"),
        (r"\b", "may match an empty text"),
        (r"(?i)\pL", "letters beyond ASCII"),
        (r"(?i)é", "letters beyond ASCII"),
        (r"(?m)^a", "flags other than i and s"),
        (r"(?:a{100}){20}", "too long"),
        (r"\Qa\E", r"it has \\Q"),
    ],
)
def test_the_others_are_refused_with_their_reason(pattern: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        plan_extraction(pattern)


@pytest.mark.parametrize(
    ("pattern", "is_longest"),
    [
        ("a|ab", False), ("ab|a", True), ("a+?", False), ("a+?b", True), ("(?:a|ab)(?:c|bcd)", True),
        ("a?(?:ab)?", False), ("a|ab$", False), ("(?:a|ab)$", True), (r".+?\b", False), (r"a+?\b", True),
        (r"(?:a|ab)\b", True), (r"a\b|ab", True), (r"a\B|abc", False),
    ],
)  # fmt: skip
def test_the_first_match_is_the_longest_or_not(pattern: str, is_longest: bool) -> None:
    assert study(parse_regex(pattern)).is_longest is is_longest


SMALL = st.recursive(
    st.sampled_from(["a", "b", "[ab]", "."]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(["?", "{2}", "{1,2}", "{1,3}?"])).map(
            lambda drawn: f"(?:{drawn[0]}){drawn[1]}"
        ),
    ),
    max_leaves=6,
)
TEXTS = [format(number, f"0{size}b").translate({48: "a", 49: "b"}) for size in range(9) for number in range(2**size)]


@given(pattern=SMALL)
def test_the_proof_is_what_trying_shows(pattern: str) -> None:
    """Python's first match, and the longest beginning that all of the pattern matches, over every short text."""
    compiled = re.compile(pattern)
    ends = {text: [end for end in range(len(text) + 1) if compiled.fullmatch(text, 0, end)] for text in TEXTS}
    differ = any(found.end() != ends[text][-1] for text in TEXTS if (found := compiled.match(text)))
    tree = parse_regex(pattern)
    if widths(tree)[1] <= 8:  # type: ignore[operator]  # nothing here repeats without end
        assert study(tree).is_longest is not differ
    else:
        assert not (study(tree).is_longest and differ)


@given(pattern=SMALL)
def test_a_pattern_spelled_again_matches_the_same(pattern: str) -> None:
    again = re.compile(
        re.sub(r"\\x\{([0-9a-f]+)\}", lambda found: f"\\U{int(found[1], 16):08x}", spelled(parse_regex(pattern)))
    )
    first = re.compile(pattern)
    assert [bool(first.fullmatch(text)) for text in TEXTS] == [bool(again.fullmatch(text)) for text in TEXTS]
