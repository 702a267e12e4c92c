"""`Extraction`: how the graph finds what REGEXP_EXTRACT gives.

The runtime finds the longest match of those that begin first, and no groups; RE2 the first by preference. So a pattern
is studied until it is proved that the two are the same, or is written in another way; the group is what is left of the
match when what stands around it is taken away, where that is proved to be the same, too.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from hagane.sql.regex.first_match import parts_around, study
from hagane.sql.regex.longest import longest_as_first
from hagane.sql.regex.nodes import Assertion, Group, Node, Sequence, children, spelled, widths, without_assertions
from hagane.sql.regex.parse import parse_regex

MOST_BEHIND = 1_000
"""RE2 counts no further in one repetition."""


@dataclass(frozen=True, slots=True)
class Extraction:
    """Patterns to be matched one after another, the longest each time; an empty one has nothing to do."""

    match: str
    """Found in the text: what the whole pattern matches."""
    condition: str = ""
    """Found in a text that has a match, where that may be empty; otherwise one that is found is not."""
    through: str = ""
    """The beginning of the match up to the end of the group."""
    behind: int = 0
    """Or: how many code points of the match stand behind the group."""
    before: str = ""
    """The beginning that stands before the group."""


@functools.lru_cache(maxsize=1024)
def plan_extraction(pattern: str) -> Extraction:
    r"""How to extract what an RE2 pattern matches. Raises ValueError, with the reason, where that cannot be.

    >>> plan_extraction(r"#(\d+);?")
    Extraction(match='\\x{23}(?:[0-9]+)\\x{3b}?', condition='', through='\\x{23}(?:[0-9]+)', behind=0, before='\\x{23}')
    >>> plan_extraction(r"(a)(b)")
    Traceback (most recent call last):
    ValueError: it has more than one capture group
    """
    tree = parse_regex(pattern)
    before, group, behind = parts_around(tree)
    if _groups(tree) > 1:
        raise ValueError("it has more than one capture group")
    if _groups(tree) and group is None:
        raise ValueError("its capture group may be left out, or stands within another part")
    found = study(tree)
    match = _match(tree, found.is_longest)
    condition = "" if widths(tree)[0] else spelled(tree)
    if group is None:
        return Extraction(match, condition)
    if not found.before_is_longest:
        raise ValueError("what stands before its capture group could end in several places")
    least, most = widths(behind)
    if least == most and least <= MOST_BEHIND:
        return Extraction(match, condition, behind=least, before=_unplaced(before))
    if not found.through_is_longest:
        raise ValueError("its capture group could end in several places")
    through = Sequence((before, group))
    if widths(through)[1] == 0:
        raise ValueError("its capture group is always empty")
    return Extraction(match, condition, _unplaced(through), before=_unplaced(before))


@functools.lru_cache(maxsize=1024)
def plan_tokens(pattern: str) -> str:
    r"""A pattern whose longest matches, one behind the other, are the first ones of an RE2 pattern, the empty apart.

    Raises ValueError, with the reason, where there is none.

    >>> plan_tokens("a|ab"), plan_tokens(r"\b(\d+)")
    ('a', '\\b(?:[0-9]+)')
    """
    tree = parse_regex(pattern)
    if study(tree).is_longest:
        return spelled(tree)
    first, body, last = _around(tree)
    return spelled(Sequence((*first, _rewritten(body, last))))


def has_group(pattern: str) -> bool:
    """Whether a pattern that can be extracted has a capture group."""
    return _groups(parse_regex(pattern)) > 0


def _match(tree: Node, is_longest: bool) -> str:
    """The pattern whose longest match is the first match of the tree."""
    first, body, last = _around(tree)
    found = tree if is_longest else Sequence((*first, _rewritten(body, last)))
    if widths(tree)[0]:
        return spelled(found)
    kinds = {part.kind for part in last if isinstance(part, Assertion)}
    if _has_assertion(body) or kinds - {"end"} or set(first) - {Assertion("begin")}:
        raise ValueError("it may match an empty text, at a place that hangs on others")
    return spelled(found) if last or first else rf"\A{spelled(found)}"


def _around(tree: Node) -> tuple[tuple[Node, ...], Node, tuple[Node, ...]]:
    """The assertions with which a pattern begins, what it matches, and those with which it ends."""
    parts = tree.parts if isinstance(tree, Sequence) else (tree,)
    inner = [number for number, part in enumerate(parts) if not isinstance(part, Assertion)] or [len(parts)]
    return parts[: inner[0]], Sequence(parts[inner[0] : inner[-1] + 1]), parts[inner[-1] + 1 :]


def _rewritten(body: Node, last: tuple[Node, ...]) -> Node:
    if last or _has_assertion(body):
        raise ValueError(r"its first match is not its longest, and hangs on places (\b, ^, $) within or behind it")
    return longest_as_first(body)


def _unplaced(node: Node) -> str:
    """The pattern as it is matched from the beginning of the match on; empty where it matches the empty text alone."""
    return spelled(without_assertions(node)) if widths(node)[1] != 0 else ""


def _has_assertion(node: Node) -> bool:
    return isinstance(node, Assertion) or any(map(_has_assertion, children(node)))


def _groups(node: Node) -> int:
    return isinstance(node, Group) + sum(map(_groups, children(node)))
