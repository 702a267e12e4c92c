"""Functions of strings [n, 1], from the few string operators there are.

Searching is RE2's full match; trimming and counting go through com.microsoft's Tokenizer. A row of text is appended
before a Tokenizer and taken away behind it, so that it always finds a token.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from hagane.features.emit import Emitter
from hagane.features.emit_logic import INT64, cast

LOCALES = ("C.UTF-8", "en_US.UTF-8", "C.utf8", "en-US")
"""Tried in order for LOWER and UPPER: Linux, macOS, older Linux, Windows."""
_MOST_REPEATS = 1_000
"""RE2 takes no more in one repetition."""
_CHUNKS = (32, 1)
"""RE2 counts small repetitions fast; {1,1000} of letters beyond ASCII takes a quarter of a millisecond each."""


def matches(e: Emitter, text: str, pattern: str) -> str:
    """Whether the RE2 pattern matches all of the text."""
    return e.node("RegexFullMatch", text, pattern=pattern)


def quoted(text: str) -> str:
    """A pattern that matches `text` itself (RE2 takes a backslash before ASCII punctuation only).

    >>> print(quoted("a.b é"))
    a\\.b\\ é
    """
    return "".join(_quoted_character(character) for character in text)


def position(e: Emitter, text: str, vocabularies: Sequence[Sequence[str]]) -> str:
    """The text's place in its lane's vocabulary, from 1; 0 where it is not there.

    Lanes with vocabularies of their own are looked up in one table of all, each text behind its lane's number.
    """
    lanes = [list(vocabulary) for vocabulary in vocabularies]
    if all(vocabulary == lanes[0] for vocabulary in lanes):
        keys, places = lanes[0], list(range(1, len(lanes[0]) + 1))
    else:
        prefixes = [f"{lane}:" for lane in range(len(lanes))]
        text = e.node("StringConcat", e.row(np.array(prefixes, object)), text)
        keys = [prefix + key for prefix, lane in zip(prefixes, lanes, strict=True) for key in lane]
        places = [place for lane in lanes for place in range(1, len(lane) + 1)]
    if not keys:
        return e.full(e.row(0, np.int64), len(lanes))
    table: dict[str, Any] = {"keys_strings": keys, "values_int64s": places, "default_int64": 0}
    return e.node("LabelEncoder", text, domain="ai.onnx.ml", **table)


def change_case(e: Emitter, text: str, action: str, locale: str) -> str:
    """`action` LOWER or UPPER, code point by code point. StringNormalizer takes one axis, and refuses an empty one."""
    flat = e.node("Reshape", text, e.constant([-1], np.int64))
    changed = e.node("StringNormalizer", flat, case_change_action=action, is_case_sensitive=1, locale=locale)
    return _columns(e, changed, e.extent(text).width)


def trim(e: Emitter, text: str, characters: str, sides: str) -> str:
    """The text without the characters at its `sides`: `both`, `left` or `right`."""
    if not characters:
        return text
    members = "".join(rf"\x{{{ord(character):x}}}" for character in characters)
    kept = rf"[^{members}]"
    patterns = {"both": rf"{kept}(?s:.)*{kept}|{kept}", "left": rf"{kept}(?s:.)*", "right": rf"(?s:.)*{kept}"}
    return first(e, text, patterns[sides])


def take(e: Emitter, text: str, count: int) -> str:
    """The first `count` code points."""
    if count == 0:
        return e.constant([[""]], object)
    head = first(e, text, rf"\A(?s:.){{1,{min(count, _MOST_REPEATS)}}}")
    if count <= _MOST_REPEATS:
        return head
    rest = drop(e, text, _MOST_REPEATS)
    return e.node("StringConcat", head, take(e, rest, count - _MOST_REPEATS))


def drop(e: Emitter, text: str, count: int) -> str:
    """The text without its first `count` code points."""
    while count > 0:
        text = behind(e, text, rf"\A(?s:.){{1,{min(count, _MOST_REPEATS)}}}")
        count -= _MOST_REPEATS
    return text


def take_last(e: Emitter, text: str, count: int) -> str:
    """The last `count` (1 to 1,000) code points."""
    return first(e, text, rf"(?s:.){{1,{count}}}\z")


def first(e: Emitter, text: str, pattern: str) -> str:
    """The first, and of those the longest, thing in the text that the pattern matches (never ''); '' where none is."""
    return _first(e, text, _tokens(e, text, "", tokenexp=pattern))


def found(e: Emitter, text: str, pattern: str, padding: str) -> str:
    """Everything in the text [n, g] that the pattern matches, in order: [n, g, k], filled up with `padding`."""
    return _tokens(e, text, padding, tokenexp=pattern)


def behind(e: Emitter, text: str, pattern: str) -> str:
    """The text without what the pattern matches: anchored at one end, so that one piece is left."""
    return _first(e, text, _tokens(e, text, "", separators=[pattern]))


def characters(e: Emitter, text: str) -> str:
    """The code points of each text: [n, g, k], k >= 1."""
    return blank_behind(e, text, _tokens(e, text, "", tokenexp="(?s:.)"))


def length(e: Emitter, text: str) -> str:
    """Number of code points."""
    return _count_all(e, text, "(?s:.)", "(?s:.)")


def byte_length(e: Emitter, text: str) -> str:
    """Number of bytes in UTF-8: each code point has one, and one more from each of three thresholds on."""
    counts = [length(e, text)]
    for threshold in (0x80, 0x800, 0x10000):
        rest = rf"\x{{{threshold:x}}}-\x{{10ffff}}"
        counts.append(_count_all(e, text, f"[^{rest}]*[{rest}]", f"[{rest}]"))
    return functools.reduce(lambda a, b: e.node("Add", a, b), counts)


def _count_all(e: Emitter, text: str, unit: str, single: str) -> str:
    """How often `single` is found, which ends each `unit`; by chunks, lest a text become a tensor of characters."""
    width, counted = e.extent(text).width, []
    for size in _CHUNKS[:-1]:
        tokens = _tokens(e, text, "", tokenexp=f"(?:{unit}){{1,{size}}}")
        count = _count(e, tokens)
        before_last = e.node("Sub", count, cast(e, e.node("Greater", count, e.constant([[0]], np.int64)), INT64))
        counted.append(e.node("Mul", before_last, e.constant([[size]], np.int64)))
        index = e.node("Unsqueeze", before_last, e.constant([2], np.int64))
        text = _columns(e, e.node("GatherElements", blank_behind(e, text, tokens), index, axis=2), width)
    counted.append(_count(e, _tokens(e, text, "", tokenexp=single)))
    return functools.reduce(lambda a, b: e.node("Add", a, b), counted)


@functools.cache
def find_locale() -> str:
    """A locale that this machine has and that knows letters beyond ASCII; 'C' (ASCII only) where there is none."""
    for locale in LOCALES:
        if _can_load("StringNormalizer", case_change_action="UPPER", is_case_sensitive=1, locale=locale):
            return locale
    return "C"


def _can_load(operator: str, **attributes: Any) -> bool:
    """Whether ONNX Runtime makes a session of one string operator with these attributes; it says so quietly."""
    import onnxruntime

    from hagane.runtime.session import session_options

    e = Emitter()
    e.output("result", e.node(operator, e.input("text", str, ("n",)), **attributes), str, ("n",))
    options = session_options(1)
    options.log_severity_level = 4
    try:
        onnxruntime.InferenceSession(e.model().SerializeToString(), options)
    except Exception:  # ONNX Runtime's errors share no narrower class
        return False
    return True


def _columns(e: Emitter, tensor: str, width: int) -> str:
    """A tensor as [n, width]."""
    return e.node("Reshape", tensor, e.constant([-1, width], np.int64), width=width)


def _first(e: Emitter, text: str, tokens: str) -> str:
    """Each text's first token, [n, g] of [n, g, k], '' where it has none."""
    padded = blank_behind(e, text, tokens)
    return e.node("Gather", padded, e.constant(0, np.int64), axis=2, width=e.extent(text).width)


def blank_behind(e: Emitter, text: str, tokens: str) -> str:
    """The tokens [n, g, k], of which there may be none at all, and one more that is empty."""
    shape = e.node("Shape", e.node("Unsqueeze", text, e.constant([2], np.int64)))
    blank = e.node("Expand", e.constant([[[""]]], object), shape)
    return e.node("Concat", tokens, blank, axis=2, width=e.extent(text).width)


def _tokens(e: Emitter, text: str, padding: str, **how: Any) -> str:
    """Everything in the text ([n, g]) that `tokenexp` matches (leftmost, then longest), or that stands between the
    `separators`: [n, g, k], filled up with `padding`."""
    width = e.extent(text).width
    longer = e.node("Concat", text, e.constant(np.full((1, width), "x", object)), axis=0)
    tokens = e.node("Tokenizer", longer, domain="com.microsoft", mark=0, mincharnum=1, pad_value=padding, **how)
    ends = (e.constant([0], np.int64), e.constant([-1], np.int64), e.constant([0], np.int64))
    return e.node("Slice", tokens, *ends, width=width)


def _count(e: Emitter, tokens: str) -> str:
    """Tokens that are not empty: [n, g]."""
    is_token = e.node("Not", e.node("Equal", tokens, e.constant([[[""]]], object)))
    return e.node("ReduceSum", cast(e, is_token, INT64), e.constant([2], np.int64), keepdims=0)


def _quoted_character(character: str) -> str:
    if character.isascii() and not character.isalnum() and character != "_":
        return rf"\x{{{ord(character):x}}}" if ord(character) < 32 else "\\" + character
    return character
