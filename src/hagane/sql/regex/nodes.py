"""The parts of a regular expression, and RE2's spelling of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Ranges = tuple[tuple[int, int], ...]
"""Code points from and to, ascending, apart from each other."""

LAST = 0x10FFFF
ASSERTIONS = {"begin": r"\A", "end": r"\z", "word": r"\b", "no word": r"\B"}
"""What a place may be asked to be, and how RE2 writes that."""


@dataclass(frozen=True, slots=True)
class Chars:
    """One code point of a set."""

    ranges: Ranges


@dataclass(frozen=True, slots=True)
class Assertion:
    """A place: one of `ASSERTIONS`."""

    kind: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """One part behind the other; none of them: the empty text."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several, the first that leads to a match."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part `least` to `most` times (None: without end), as often as can be, or as seldom."""

    part: Node
    least: int
    most: int | None
    is_lazy: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A capture group."""

    part: Node


Node = Chars | Assertion | Sequence | Choice | Repeat | Group


def united(*sets: Ranges) -> Ranges:
    """All code points of the sets.

    >>> united(((97, 98),), ((98, 99), (0, 1)))
    ((0, 1), (97, 99))
    """
    merged: list[tuple[int, int]] = []
    for low, high in sorted(span for ranges in sets for span in ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def complement(ranges: Ranges) -> Ranges:
    """All other code points.

    >>> complement(((0, 9), (11, 0x10FFFF)))
    ((10, 10),)
    """
    edges = [-1, *(edge for span in united(ranges) for edge in span), LAST + 1]
    gaps = zip(edges[::2], edges[1::2], strict=True)
    return tuple((low + 1, high - 1) for low, high in gaps if low + 1 < high)


def children(node: Node) -> tuple[Node, ...]:
    """The parts of a part."""
    match node:
        case Sequence(parts) | Choice(parts):
            return parts
        case Repeat(part) | Group(part):
            return (part,)
        case _:
            return ()


def widths(node: Node) -> tuple[int, int | None]:
    """The least and the most code points that it matches; None: there is no most.

    >>> letter = Chars(((97, 122),))
    >>> widths(Sequence((letter, Repeat(letter, 0, 2)))), widths(Repeat(letter, 1, None))
    ((1, 3), (1, None))
    """
    inner = [widths(part) for part in children(node)]
    lows, highs = [low for low, _ in inner], [high for _, high in inner]
    unlimited = None in highs
    known = [high for high in highs if high is not None]
    match node:
        case Chars():
            return 1, 1
        case Choice():
            return min(lows), None if unlimited else max(known)
        case Repeat(_, least, most):
            return lows[0] * least, None if unlimited or most is None else known[0] * most
        case _:
            return sum(lows), None if unlimited else sum(known)


def with_parts(node: Node, change: Callable[[Node], Node]) -> Node:
    """The same part, `change` made of each part in it.

    >>> letter = Chars(((97, 97),))
    >>> with_parts(Repeat(letter, 0, 1), Group)
    Repeat(part=Group(part=Chars(ranges=((97, 97),))), least=0, most=1, is_lazy=False)
    """
    match node:
        case Sequence(parts):
            return Sequence(tuple(map(change, parts)))
        case Choice(parts):
            return Choice(tuple(map(change, parts)))
        case Repeat(part, least, most, is_lazy):
            return Repeat(change(part), least, most, is_lazy)
        case Group(part):
            return Group(change(part))
        case _:
            return node


def without_assertions(node: Node) -> Node:
    """The same with nothing asked of places."""
    return Sequence(()) if isinstance(node, Assertion) else with_parts(node, without_assertions)


def spelled(node: Node) -> str:
    r"""The pattern in RE2's syntax: sets as ranges, no flags, no capture groups.

    >>> print(spelled(Repeat(Choice((Chars(((97, 97),)), Chars(((48, 57),)))), 1, None)))
    (?:a|[0-9])+
    """
    match node:
        case Chars(ranges):
            return _spelled_set(ranges)
        case Assertion(kind):
            return ASSERTIONS[kind]
        case Sequence(parts):
            return "".join(spelled(part) for part in parts if part != Sequence(())) or "(?:)"
        case Choice(parts):
            return f"(?:{'|'.join(map(spelled, parts))})"
        case Group(part):
            return f"(?:{spelled(part)})"
        case Repeat(part, least, most, is_lazy):
            inner = spelled(part) if isinstance(part, Chars | Choice | Group) else f"(?:{spelled(part)})"
            counts = f"{{{least},{'' if most is None else most}}}" if most != least else f"{{{least}}}"
            short = {(0, None): "*", (1, None): "+", (0, 1): "?"}.get((least, most), counts)
            return inner + short + "?" * is_lazy


def _spelled_set(ranges: Ranges) -> str:
    if not ranges:
        return r"[^\x{0}-\x{10ffff}]"
    if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        return _character(ranges[0][0])
    inverse = complement(ranges)
    shown, sign = (inverse, "^") if len(inverse) < len(ranges) and inverse else (ranges, "")
    spans = (_character(low) + (f"-{_character(high)}" if high > low else "") for low, high in shown)
    return f"[{sign}{''.join(spans)}]"


def _character(point: int) -> str:
    character = chr(point)
    return character if character.isascii() and character.isalnum() else rf"\x{{{point:x}}}"
