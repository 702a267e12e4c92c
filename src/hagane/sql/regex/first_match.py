"""`study`: what RE2's first match has to do with the longest, proved over all texts.

A text is read a character at a time by two crowds of threads. One is RE2's: in order of preference, and whoever stands
behind a thread that has matched is dropped. In the other nobody is dropped. The first match is where the first crowd
matches last, the longest where the second does. All pairs of crowds that any text leads to are visited.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hagane.sql.regex.alphabet import alphabet
from hagane.sql.regex.nodes import Group, Node, Sequence, without_assertions
from hagane.sql.regex.parse import WORD as WORD_CHARACTERS
from hagane.sql.regex.program import BEGIN, END, MATCH, OTHER, WORD, Program, Threads

MOST_WORK = 100_000
"""Threads that are looked at before a pattern is given up (half a second or so)."""
_LEFT = {"before": 1, "through": 2}
_SPOILED = {"before": 4, "through": 8}


@dataclass(frozen=True, slots=True)
class Study:
    """What holds for every text. `before` is what stands before the capture group, `through` that and the group."""

    is_longest: bool = True
    """The first match is the longest of those that begin first."""
    before_is_longest: bool = True
    """In a match, what `before` matched is the longest beginning of it that `before` matches alone."""
    through_is_longest: bool = True


@dataclass(frozen=True, slots=True)
class _Crowds:
    ordered: Threads
    all: frozenset[int]
    before: frozenset[int]
    through: frozenset[int]
    character: str
    """What stands before the place."""


def study(tree: Node) -> Study:
    """What holds for the pattern, and for its capture group where that is the whole or a part of its sequence.

    Raises ValueError where that is too much to find out.

    >>> from hagane.sql.regex.parse import parse_regex
    >>> study(parse_regex("a|ab")).is_longest, study(parse_regex("ab|a")).is_longest
    (False, True)
    """
    return _Explorer(tree).study()


def parts_around(tree: Node) -> tuple[Node, Node | None, Node]:
    """What stands before the pattern's capture group, the group (None: there is none), and what stands behind it."""
    parts = tree.parts if isinstance(tree, Sequence) else (tree,)
    place = next((number for number, part in enumerate(parts) if isinstance(part, Group)), None)
    if place is None:
        return Sequence(()), None, Sequence(())
    return Sequence(parts[:place]), parts[place], Sequence(parts[place + 1 :])


class _Explorer:
    def __init__(self, tree: Node) -> None:
        before, group, _ = parts_around(tree)
        self.program = Program(tree)
        self.before = Program(without_assertions(before))
        self.through = Program(without_assertions(Sequence((before, group or Sequence(())))))
        programs = (self.program, self.before, self.through)
        sets = [ranges for program in programs for ranges in program.sets()]
        looks = any(step.asserted for step in self.program.steps)
        self.characters = {
            point: WORD if looks and any(low <= point <= high for low, high in WORD_CHARACTERS) else OTHER
            for point in alphabet([*sets, WORD_CHARACTERS] if looks else sets)
        }
        self.befores = (BEGIN, WORD, OTHER) if looks else (OTHER,)
        self.work = 0

    def study(self) -> Study:
        pending = [self._begun(character) for character in self.befores]
        seen = set(pending)
        is_longest, spoiled = True, 0
        while pending:
            crowds = pending.pop()
            for agrees, marks, following in self._steps(crowds):
                is_longest = is_longest and agrees
                spoiled |= marks
                if following is not None and following not in seen:
                    seen.add(following)
                    pending.append(following)
        return Study(is_longest, not spoiled & _SPOILED["before"], not spoiled & _SPOILED["through"])

    def _begun(self, character: str) -> _Crowds:
        everyone, before, through = (
            frozenset({each.start[0][0]}) for each in (self.program, self.before, self.through)
        )
        return _Crowds(self.program.start, everyone, before, through, character)

    def _steps(self, crowds: _Crowds) -> Iterator[tuple[bool, int, _Crowds | None]]:
        """For each next character, and the end: whether the crowds agree, the marks of the match, the crowds then."""
        ordered = self._spoiled(crowds)
        for point, character in (*self.characters.items(), (-1, END)):
            places = self.program.places(ordered, crowds.character, character)
            everywhere = self.program.places(_plain(crowds.all), crowds.character, character)
            self._count(len(places) + len(everywhere) + 1)
            match = next((index for index, (step, _) in enumerate(places) if step == MATCH), None)
            agrees = (match is not None) == any(step == MATCH for step, _ in everywhere)
            marks = 0 if match is None else places[match][1]
            everyone = frozenset(step for step, _ in self.program.over(everywhere, point))
            if not everyone:  # at the end, too
                yield agrees, marks, None
                continue
            beside = (_moved(self.before, crowds.before, point), _moved(self.through, crowds.through, point))
            yield agrees, marks, _Crowds(self.program.over(places[:match], point), everyone, *beside, character)

    def _spoiled(self, crowds: _Crowds) -> Threads:
        """The threads, those marked that left a part which could have gone on to this place."""
        marked = 0
        for name, program, crowd in (("before", self.before, crowds.before), ("through", self.through, crowds.through)):
            if any(step == MATCH for step, _ in program.places(_plain(crowd), OTHER, OTHER)):
                marked |= _LEFT[name]
        return tuple((step, marks | (marks & marked) << 2) for step, marks in crowds.ordered)

    def _count(self, work: int) -> None:
        self.work += work
        if self.work > MOST_WORK:
            raise ValueError("there are too many ways to match it")


def _plain(steps: frozenset[int]) -> Threads:
    return tuple((step, 0) for step in sorted(steps))


def _moved(program: Program, crowd: frozenset[int], point: int) -> frozenset[int]:
    return frozenset(step for step, _ in program.over(program.places(_plain(crowd), OTHER, OTHER), point))
