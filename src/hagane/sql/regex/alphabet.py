"""`alphabet`: the code points that a pattern tells apart, one for each kind."""

from __future__ import annotations

from collections.abc import Iterable

from hagane.sql.regex.nodes import LAST, Ranges


def alphabet(sets: Iterable[Ranges]) -> dict[int, Ranges]:
    """A code point of each kind → all of its kind; every set holds all of a kind, or none.

    >>> alphabet([((97, 122),), ((120, 0x10FFFF),)])
    {0: ((0, 96),), 97: ((97, 119),), 120: ((120, 122),), 123: ((123, 1114111),)}
    """
    distinct = list(dict.fromkeys(sets))
    edges = sorted({0, *(edge for ranges in distinct for low, high in ranges for edge in (low, high + 1))} - {LAST + 1})
    kinds: dict[tuple[bool, ...], list[tuple[int, int]]] = {}
    for low, after in zip(edges, [*edges[1:], LAST + 1], strict=True):
        within = tuple(any(first <= low <= last for first, last in ranges) for ranges in distinct)
        kinds.setdefault(within, []).append((low, after - 1))
    return {spans[0][0]: tuple(spans) for spans in kinds.values()}
