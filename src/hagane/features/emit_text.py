"""Functions of strings [n, 1], from the few string operators there are.

Searching is RE2's full match; trimming and counting go through com.microsoft's Tokenizer. A row of text is appended
before a Tokenizer and taken away behind it, so that it always finds a token.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from hagane.features.emit import Emitter
from hagane.features.emit_logic import INT64, cast, where
from hagane.sql.functions import WHITE_SPACE

LOCALES = ("C.UTF-8", "en_US.UTF-8", "C.utf8", "en-US")
"""Tried in order for LOWER and UPPER: Linux, macOS, older Linux, Windows."""
_SPACE = "".join(rf"\x{{{ord(character):x}}}" for character in WHITE_SPACE)
TRIM_BOTH = rf"[^{_SPACE}](?s:.)*[^{_SPACE}]|[^{_SPACE}]"
TRIM_LEFT = rf"[^{_SPACE}](?s:.)*"
TRIM_RIGHT = rf"(?s:.)*[^{_SPACE}]"
_CHUNKS = (1000, 32, 1)


def matches(e: Emitter, text: str, pattern: str) -> str:
    """Whether the RE2 pattern matches all of the text."""
    return e.node("RegexFullMatch", text, pattern=pattern)


def contains(pattern: str) -> str:
    """A pattern that matches all of every text in which `pattern` is found.

    >>> contains("^a")
    '(?s:.*)(?:^a)(?s:.*)'
    """
    return f"(?s:.*)(?:{pattern})(?s:.*)"


def quoted(text: str) -> str:
    """A pattern that matches `text` itself (RE2 takes a backslash before ASCII punctuation only).

    >>> print(quoted("a.b é"))
    a\\.b\\ é
    """
    return "".join(_quoted_character(character) for character in text)


def is_one_of(e: Emitter, text: str, texts: Sequence[str]) -> str:
    """Whether the text equals one of the constants."""
    if len(texts) == 1:
        return e.node("Equal", text, e.constant([[texts[0]]], object))
    return e.node("Greater", position(e, text, texts), e.constant([[0]], np.int64))


def position(e: Emitter, text: str, vocabulary: Sequence[str]) -> str:
    """The text's place in the vocabulary, from 1; 0 where it is not there."""
    if not vocabulary:
        return e.full(e.row(0, np.int64), 1)
    return e.node(
        "LabelEncoder",
        text,
        domain="ai.onnx.ml",
        keys_strings=list(vocabulary),
        values_int64s=list(range(1, len(vocabulary) + 1)),
        default_int64=0,
    )


def change_case(e: Emitter, text: str, action: str, locale: str) -> str:
    """`action` LOWER or UPPER, code point by code point. StringNormalizer takes [n] and refuses n = 0."""
    flat = e.node("Reshape", text, e.constant([-1], np.int64))
    changed = e.node("StringNormalizer", flat, case_change_action=action, is_case_sensitive=1, locale=locale)
    return e.node("Reshape", changed, e.constant([-1, 1], np.int64), width=1)


def trim(e: Emitter, text: str, pattern: str) -> str:
    """The part of the text that the pattern (one of TRIM_BOTH, TRIM_LEFT, TRIM_RIGHT) finds, '' where it finds none."""
    padding = " "  # no trimmed text is white space
    tokens = _tokens(e, text, pattern, padding)
    first = e.node("Reshape", tokens, e.constant([-1, 1], np.int64), width=1)
    return where(e, e.node("Equal", first, e.constant([[padding]], object)), e.constant([[""]], object), first)


def length(e: Emitter, text: str) -> str:
    """Number of code points, counted in chunks so that a long text never becomes a tensor of its characters."""
    total, rest = None, text
    for size in _CHUNKS:
        tokens = _tokens(e, rest, rf"(?s:.){{1,{size}}}", "")
        count = _count(e, tokens)
        if size == 1:
            return e.node("Add", total, count) if total else count
        before_last = e.node("Sub", count, cast(e, e.node("Greater", count, e.constant([[0]], np.int64)), INT64))
        index = e.node("Reshape", before_last, e.constant([-1, 1, 1], np.int64))
        chunk = e.node("Mul", before_last, e.constant([[size]], np.int64))
        total = e.node("Add", total, chunk) if total else chunk
        last = e.node("GatherElements", tokens, index, axis=2)
        rest = e.node("Reshape", last, e.constant([-1, 1], np.int64), width=1)
    raise AssertionError


@functools.cache
def find_locale() -> str:
    """A locale that this machine has and that knows letters beyond ASCII; 'C' (ASCII only) where there is none."""
    for locale in LOCALES:
        if can_load("StringNormalizer", case_change_action="UPPER", is_case_sensitive=1, locale=locale):
            return locale
    return "C"


@functools.cache
def is_pattern(pattern: str) -> bool:
    """Whether RE2 can read the pattern, alone and where it is searched for."""
    return all(can_load("RegexFullMatch", pattern=text) for text in (pattern, contains(pattern)))


def can_load(operator: str, **attributes: object) -> bool:
    """Whether ONNX Runtime makes a session of one string operator with these attributes."""
    from hagane.runtime.session import Session

    e = Emitter()
    result = e.node(operator, e.input("text", str, ("n",)), **attributes)
    e.output("result", result, np.bool_ if operator == "RegexFullMatch" else str, ("n",))
    try:
        Session(e.model().SerializeToString())
    except Exception:  # ONNX Runtime's errors share no narrower class
        return False
    return True


def _tokens(e: Emitter, text: str, pattern: str, padding: str) -> str:
    """Everything in the text that the pattern finds: [n, 1, k], k >= 1, filled up with `padding`."""
    longer = e.node("Concat", text, e.constant([["x"]], object), axis=0)
    tokens = e.node(
        "Tokenizer", longer, domain="com.microsoft", mark=0, mincharnum=1, pad_value=padding, tokenexp=pattern
    )
    ends = (e.constant([0], np.int64), e.constant([-1], np.int64), e.constant([0], np.int64))
    return e.node("Slice", tokens, *ends)


def _count(e: Emitter, tokens: str) -> str:
    """Tokens that are not empty: [n, 1]."""
    is_token = e.node("Not", e.node("Equal", tokens, e.constant([[[""]]], object)))
    return e.node("ReduceSum", cast(e, is_token, INT64), e.constant([2], np.int64), keepdims=0, width=1)


def _quoted_character(character: str) -> str:
    if character.isascii() and not character.isalnum() and character != "_":
        return rf"\x{{{ord(character):x}}}" if ord(character) < 32 else "\\" + character
    return character
