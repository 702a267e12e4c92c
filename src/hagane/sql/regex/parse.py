"""`parse_regex`: a pattern in RE2's syntax as a tree."""

from __future__ import annotations

import re
import string

from hagane.sql.patterns import characters_of
from hagane.sql.regex.nodes import (
    LAST,
    Assertion,
    Chars,
    Choice,
    Group,
    Node,
    Ranges,
    Repeat,
    Sequence,
    children,
    complement,
    united,
    widths,
)

DIGIT: Ranges = ((48, 57),)
WORD: Ranges = ((48, 57), (65, 90), (95, 95), (97, 122))
SPACE: Ranges = ((9, 10), (12, 13), (32, 32))
_LETTERS: Ranges = ((65, 90), (97, 122))
_PERL = {"d": DIGIT, "w": WORD, "s": SPACE}
_PERL |= {letter.upper(): complement(ranges) for letter, ranges in _PERL.items()}
_CLASSES: dict[str, Ranges] = {
    "alnum": united(DIGIT, _LETTERS),
    "alpha": _LETTERS,
    "ascii": ((0, 127),),
    "blank": ((9, 9), (32, 32)),
    "cntrl": ((0, 31), (127, 127)),
    "digit": DIGIT,
    "graph": ((33, 126),),
    "lower": ((97, 122),),
    "print": ((32, 126),),
    "punct": ((33, 47), (58, 64), (91, 96), (123, 126)),
    "space": ((9, 13), (32, 32)),
    "upper": ((65, 90),),
    "word": WORD,
    "xdigit": ((48, 57), (65, 70), (97, 102)),
}
_CONTROL = {"a": 7, "f": 12, "t": 9, "n": 10, "r": 13, "v": 11}
_PLACES = {"A": "begin", "z": "end", "b": "word", "B": "no word"}
_FOLDED_BEYOND = {"k": 0x212A, "s": 0x17F}
"""Letters beyond ASCII that RE2 takes for letters of ASCII where case does not count."""
_NEWLINE: Ranges = ((10, 10),)
MOST_NESTED = 100
MOST_PARTS = 1_000
"""A pattern of more characters, repetitions written out, is not looked through."""


def parse_regex(pattern: str) -> Node:
    r"""The tree of a pattern that RE2 takes. Raises ValueError, with the reason, for what has no place in a tree.

    >>> parse_regex("a|b+")
    Choice(parts=(Chars(ranges=((97, 97),)), Repeat(part=Chars(ranges=((98, 98),)), least=1, most=None, is_lazy=False)))
    >>> parse_regex(r"\Q.\E")
    Traceback (most recent call last):
    ValueError: it has \Q
    """
    parser = _Parser(pattern)
    tree = parser.choice()
    if parser.at < len(pattern):
        raise ValueError("its parentheses do not match")
    if _size(tree) > MOST_PARTS:
        raise ValueError("it is too long, its repetitions written out")
    return tree


def _size(node: Node) -> int:
    inner = sum(map(_size, children(node)))
    if isinstance(node, Repeat):
        return inner * max(node.least + 1 if node.most is None else node.most, 1)
    return inner + 1


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self.ignores_case = False
        self.dot_is_all = False

    def choice(self) -> Node:
        parts = [self._sequence()]
        while self._takes("|"):
            parts.append(self._sequence())
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            part = self._atom()
            if part is not None:
                parts.append(self._repeated(part))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _takes(self, text: str) -> bool:
        found = self.text.startswith(text, self.at)
        self.at += len(text) * found
        return found

    def _matched(self, pattern: str) -> re.Match[str] | None:
        found = re.compile(pattern).match(self.text, self.at)
        self.at = found.end() if found else self.at
        return found

    def _repeated(self, part: Node) -> Node:
        found = self._matched(r"([*+?])|\{([0-9]+)(?:(,)([0-9]*))?\}")
        if not found:
            return part
        sign, least, comma, most = found.groups()
        low, high = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(sign, (int(least or 0), None))
        if not sign:
            high = (int(most) if most else None) if comma else low
        if high is None and widths(part)[0] == 0:
            raise ValueError("it repeats, without end, a part that may be empty")
        repeat = Repeat(part, low, high, is_lazy=self._takes("?"))
        if self._matched(r"[*+?]|\{[0-9]+(,[0-9]*)?\}"):
            raise ValueError("it repeats a repetition: put that in (?:…)")
        return repeat

    def _atom(self) -> Node | None:
        character = self.text[self.at]
        self.at += 1
        match character:
            case "(":
                return self._group()
            case "[":
                return self._class()
            case "\\":
                return self._escape()
            case ".":
                return Chars(((0, LAST),) if self.dot_is_all else complement(_NEWLINE))
            case "^" | "$":
                return Assertion("begin" if character == "^" else "end")
            case _:
                return Chars(self._folded(((ord(character), ord(character)),)))

    def _group(self) -> Node | None:
        outer = self.ignores_case, self.dot_is_all
        self.depth += 1
        if self.depth > MOST_NESTED:
            raise ValueError("its parentheses are nested too deeply")
        captures = True
        if not self._matched(r"\?P?<\w+>") and self._takes("?"):
            captures = False
            if self._set_flags():
                self.depth -= 1
                return None
        inner = self.choice()
        if not self._takes(")"):
            raise ValueError("its parentheses do not match")
        self.ignores_case, self.dot_is_all = outer
        self.depth -= 1
        return Group(inner) if captures else inner

    def _set_flags(self) -> bool:
        """Whether the flags are all that the parentheses hold: they count from here on."""
        found = self._matched(r"([a-zA-Z]*)(?:-([a-zA-Z]+))?([:)])")
        if not found or not set((found[1] or "") + (found[2] or "")) <= {"i", "s"}:
            raise ValueError("it has flags other than i and s")
        for flags, on in ((found[1], True), (found[2] or "", False)):
            self.ignores_case = on if "i" in flags else self.ignores_case
            self.dot_is_all = on if "s" in flags else self.dot_is_all
        return found[3] == ")"

    def _escape(self) -> Node:
        letter = self.text[self.at]
        if letter in _PLACES:
            self.at += 1
            return Assertion(_PLACES[letter])
        return Chars(self._escaped_set())

    def _escaped_set(self) -> Ranges:
        letter = self.text[self.at]
        if named := self._matched(r"[pP](?:\{[^}]*\}|.)"):
            return self._folded(characters_of(rf"\{named[0]}"))
        if letter.lower() in "dws" and letter.isalpha():
            self.at += 1
            folded = self._folded(_PERL[letter.lower()])
            return complement(folded) if letter.isupper() else folded
        point = self._escaped_character()
        return self._folded(((point, point),))

    def _escaped_character(self) -> int:
        """The code point that stands behind the backslash."""
        if found := self._matched(r"x(?:\{([0-9a-fA-F]+)\}|([0-9a-fA-F]{2}))"):
            return int(found[1] or found[2], 16)
        letter = self.text[self.at]
        self.at += 1
        if letter in _CONTROL:
            return _CONTROL[letter]
        if letter in string.punctuation:
            return ord(letter)
        raise ValueError(f"it has \\{letter}")

    def _class(self) -> Node:
        is_negated, found, first = self._takes("^"), [], True
        while first or not self._takes("]"):
            found.append(self._item())
            first = False
        ranges = united(*found)
        return Chars(complement(ranges) if is_negated else ranges)

    def _item(self) -> Ranges:
        """A class, a character, or a range of them, between [ and ]."""
        if named := self._matched(r"\[:(\^?)(\w+):\]"):
            folded = self._folded(_CLASSES[named[2]])
            return complement(folded) if named[1] else folded
        if self.text.startswith("\\", self.at) and self.text[self.at + 1].lower() in "dwsp":
            self.at += 1
            return self._escaped_set()
        low = high = self._member()
        if self.text.startswith("-", self.at) and not self.text.startswith("-]", self.at):
            self.at += 1
            high = self._member()
        return self._folded(((low, high),))

    def _member(self) -> int:
        character = self.text[self.at]
        self.at += 1
        return self._escaped_character() if character == "\\" else ord(character)

    def _folded(self, ranges: Ranges) -> Ranges:
        """With the letters of the other size, where case does not count."""
        if not self.ignores_case:
            return ranges
        if ranges[-1][1] > 127:
            raise ValueError("it ignores the case of letters beyond ASCII")
        letters = [chr(point) for low, high in ranges for point in range(low, high + 1) if chr(point).isalpha()]
        others = [ord(letter.swapcase()) for letter in letters]
        others += [_FOLDED_BEYOND[letter.lower()] for letter in letters if letter.lower() in _FOLDED_BEYOND]
        return united(ranges, tuple((point, point) for point in others))
