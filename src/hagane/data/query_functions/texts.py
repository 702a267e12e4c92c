"""Functions of texts, a row at a time."""

from __future__ import annotations

import re
import unicodedata

from hagane.data.query_functions.query_function import QueryFunction

_LOG_DELIMITERS = re.compile(r"[\s\[\]<>(){}|!;,'\"*&?+/:=@.\-$%\\_\n\r\t\u2010-\u2015]+")
_GROUP = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|(?P<group>\((?!\?)|\(\?P?<\w+>)", re.DOTALL)
_WORD_ENDS = ' \t\n\r\f\v[](){}/|<>!?@"^#$&~_,.:;*%+-'
_SOUNDS = {
    letter: digit
    for digit, letters in {"1": "BFPV", "2": "CGJKQSXZ", "3": "DT", "4": "L", "5": "MN", "6": "R"}.items()
    for letter in letters
}


def initcap(text: str, delimiters: str | None) -> str:
    """The first letter behind each delimiter in capitals, all others small."""
    ends = _WORD_ENDS if delimiters is None else delimiters
    made, begins = [], True
    for sign in text:
        made.append(sign.upper() if begins else sign.lower())
        begins = sign in ends
    return "".join(made)


def translate(text: str, sources: str, targets: str) -> str:
    """Each character of `sources` by the one at its place in `targets`; without one there, left out."""
    if len(set(sources)) < len(sources):
        raise ValueError("a character is to be replaced in two ways")
    return text.translate(
        {ord(sign): targets[place] if place < len(targets) else None for place, sign in enumerate(sources)}
    )


def soundex(text: str) -> str:
    """Russell's code: a letter and three digits.

    >>> soundex("Ashcraft"), soundex("Tymczak"), soundex("123")
    ('A261', 'T522', '')
    """
    letters = [sign for sign in text.upper() if "A" <= sign <= "Z"]
    if not letters:
        return ""
    code, last = letters[0], _SOUNDS.get(letters[0], "")
    for letter in letters[1:]:
        digit = _SOUNDS.get(letter, "")
        if digit and digit != last:
            code += digit
        if letter not in "HW":
            last = digit
    return (code + "000")[:4]


def edit_distance(one: str, two: str) -> int:
    """Levenshtein's: insertions, deletions, substitutions."""
    row = list(range(len(two) + 1))
    for place, sign in enumerate(one, 1):
        before, row[0] = row[0], place
        for at, other in enumerate(two, 1):
            before, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, before + (sign != other))
    return row[-1]


def instr(text: str, sought: str, position: int, occurrence: int) -> int:
    """The place of an occurrence from a position on, backwards where that is negative; 0 where there is none."""
    return find_occurrence(text, sought, position, occurrence)


def find_occurrence(text: str | bytes, sought: str | bytes, position: int, occurrence: int) -> int:
    """As `instr`, of texts or bytes."""
    if position == 0 or occurrence < 1:
        raise ValueError("the position is not 0, the occurrence above 0")
    if position > 0:
        at = position - 2
        for _ in range(occurrence):
            at = text.find(sought, at + 1)  # type: ignore[arg-type]
            if at < 0:
                return 0
        return at + 1
    last = len(text) + position
    found = 0
    for at in range(min(last, len(text) - len(sought)), -1, -1):
        if text[at : at + len(sought)] == sought:
            found += 1
            if found == occurrence:
                return at + 1
    return 0


def contains_substr(text: str, sought: str) -> bool:
    """Whether NFKC of one occurs in the other's, letters of either size alike."""
    return _folded(sought) in _folded(text)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def normalize_and_casefold(text: str, form: str) -> str:
    """Normalised, folded, normalised."""
    return unicodedata.normalize(form, unicodedata.normalize(form, text).casefold())  # type: ignore[arg-type]


def code_points_to_string(points: list[int | None]) -> str | None:
    """NULL where one is."""
    if None in points:
        return None
    if any(not 0 <= point <= 0x10FFFF or 0xD800 <= point < 0xE000 for point in points if point is not None):
        raise ValueError("not a code point")
    return "".join(chr(point) for point in points if point)


def text_analyze(text: str) -> list[str]:
    """LOG_ANALYZER: small letters, parted at delimiters."""
    return [token for token in _LOG_DELIMITERS.split(text.lower()) if token]


def search(text: str, query: str) -> bool:
    """Whether every token of the query is one of the text's."""
    return set(text_analyze(query)) <= set(text_analyze(text))


def regexp_instr(text: str, pattern: str, position: int, occurrence: int, after: int) -> int:
    """Where the n-th match, or its group, begins (`after` 0) or what follows it (1)."""
    if position < 1 or occurrence < 1 or after not in (0, 1):
        raise ValueError("positions and occurrences count from 1, occurrence_position is 0 or 1")
    import pyarrow as pa
    import pyarrow.compute as pc

    begun = text[position - 1 :]
    at = 0
    named, num_groups = _named_groups(pattern)
    for turn in range(occurrence):
        rest = begun[at:]
        span = pc.extract_regex_span(pa.array([rest]), f"(?P<hagane_match>{named})")[0].as_py()
        if span is None:
            return 0
        start, length = _in_characters(rest, *span["hagane_match"])
        if turn == occurrence - 1:
            if num_groups:
                start, length = _in_characters(rest, *span["hagane_group1"])
            return position + at + start + (length if after else 0)
        at += start + max(length, 1)
    return 0


def _in_characters(text: str, start: int, length: int) -> tuple[int, int]:
    """Octets as characters."""
    held = text.encode()
    return len(held[:start].decode()), len(held[start : start + length].decode())


def _named_groups(pattern: str) -> tuple[str, int]:
    """The pattern, its groups named `hagane_group1`, …: Arrow finds none without a name."""
    number = 0

    def name(found: re.Match[str]) -> str:
        nonlocal number
        if not found["group"]:
            return found[0]
        number += 1
        return f"(?P<hagane_group{number}>"

    return _GROUP.sub(name, pattern), number


FUNCTIONS: dict[str, QueryFunction] = {
    "lower": QueryFunction(("VARCHAR",), "VARCHAR", str.lower),
    "upper": QueryFunction(("VARCHAR",), "VARCHAR", str.upper),
    "initcap": QueryFunction(
        ("VARCHAR", "VARCHAR"), "VARCHAR", lambda text, ends: None if text is None else initcap(text, ends), nulls=True
    ),
    "translate": QueryFunction(("VARCHAR",) * 3, "VARCHAR", translate),
    "soundex": QueryFunction(("VARCHAR",), "VARCHAR", soundex),
    "edit_distance": QueryFunction(("VARCHAR", "VARCHAR"), "BIGINT", edit_distance),
    "instr": QueryFunction(("VARCHAR", "VARCHAR", "BIGINT", "BIGINT"), "BIGINT", instr),
    "contains_substr": QueryFunction(("VARCHAR", "VARCHAR"), "BOOLEAN", contains_substr),
    "normalize": QueryFunction(("VARCHAR", "VARCHAR"), "VARCHAR", lambda text, form: unicodedata.normalize(form, text)),
    "normalize_and_casefold": QueryFunction(("VARCHAR", "VARCHAR"), "VARCHAR", normalize_and_casefold),
    "code_points_to_string": QueryFunction(("BIGINT[]",), "VARCHAR", code_points_to_string),
    "text_analyze": QueryFunction(("VARCHAR",), "VARCHAR[]", text_analyze),
    "search": QueryFunction(("VARCHAR", "VARCHAR"), "BOOLEAN", search),
    "regexp_instr": QueryFunction(("VARCHAR", "VARCHAR", "BIGINT", "BIGINT", "BIGINT"), "BIGINT", regexp_instr),
    "session_user": QueryFunction(("VARCHAR",), "VARCHAR", lambda _: _user()),
}


def _user() -> str:
    import getpass

    return getpass.getuser()
