"""`Program`: a regular expression as steps that threads go through, in RE2's order of preference."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hagane.sql.regex.nodes import Assertion, Chars, Choice, Group, Node, Ranges, Repeat, Sequence

BEGIN, WORD, OTHER, END = "begin", "word", "other", "end"
"""What stands before a place, or behind it: nothing, a word's character, or another."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a thread does: goes on by `targets`, the preferred first; over a character of `ranges`; where `asserted`
    holds; noting a `mark`."""

    targets: tuple[int, ...] = ()
    ranges: Ranges | None = None
    asserted: str = ""
    mark: int = 0


MATCH = 0
"""The step at which a thread has matched."""
Threads = tuple[tuple[int, int], ...]
"""Steps to be taken, in order of preference, and the marks of the thread that comes to each."""


class Program:
    """The steps of `node`; the start and the end of its capture groups are noted as marks 1 and 2.

    >>> program = Program(Choice((Chars(((97, 97),)), Sequence(()))))
    >>> [step for step, _ in program.places(program.start, BEGIN, END)] == [1, MATCH]
    True
    """

    def __init__(self, node: Node) -> None:
        self.steps: list[Step] = [Step()]
        self._taken: dict[tuple[int, int], bool] = {}
        self.start: Threads = ((self._compiled(node, MATCH), 0),)

    def places(self, threads: Threads, before: str, behind: str) -> list[tuple[int, int]]:
        """Where the threads stand before the next character (or have matched), in order of preference."""
        seen: set[int] = set()
        found: list[tuple[int, int]] = []
        pending = list(reversed(threads))
        while pending:
            number, marks = pending.pop()
            if number in seen:
                continue
            seen.add(number)
            step = self.steps[number]
            if number == MATCH or step.ranges is not None:
                found.append((number, marks))
            elif not step.asserted or _holds(step.asserted, before, behind):
                pending += [(target, marks | step.mark) for target in reversed(step.targets)]
        return found

    def over(self, places: Iterable[tuple[int, int]], point: int) -> Threads:
        """The threads that go over the code point."""
        going = ((number, marks) for number, marks in places if number != MATCH and self._takes(number, point))
        return tuple((self.steps[number].targets[0], marks) for number, marks in going)

    def _takes(self, number: int, point: int) -> bool:
        key = number, point
        if key not in self._taken:
            self._taken[key] = any(low <= point <= high for low, high in self.steps[number].ranges or ())
        return self._taken[key]

    def sets(self) -> list[Ranges]:
        """The sets of code points that decide about a thread."""
        return [step.ranges for step in self.steps if step.ranges is not None]

    def _add(self, step: Step) -> int:
        self.steps.append(step)
        return len(self.steps) - 1

    def _compiled(self, node: Node, then: int) -> int:
        """The step with which `node` begins, `then` behind it."""
        match node:
            case Chars(ranges):
                return self._add(Step((then,), ranges))
            case Assertion(kind):
                return self._add(Step((then,), asserted=kind))
            case Sequence(parts):
                for part in reversed(parts):
                    then = self._compiled(part, then)
                return then
            case Choice(parts):
                return self._add(Step(tuple(self._compiled(part, then) for part in parts)))
            case Group(part):
                end = self._add(Step((then,), mark=2))
                return self._add(Step((self._compiled(part, end),), mark=1))
            case Repeat():
                return self._repeated(node, then)

    def _repeated(self, node: Repeat, then: int) -> int:
        begin = then
        if node.most is None:
            begin = self._add(Step())
            self.steps[begin] = _either(self._compiled(node.part, begin), then, node.is_lazy)
        for _ in range((node.most or 0) - node.least):
            begin = self._add(_either(self._compiled(node.part, begin), then, node.is_lazy))
        for _ in range(node.least):
            begin = self._compiled(node.part, begin)
        return begin


def _either(again: int, leave: int, is_lazy: bool) -> Step:
    return Step((leave, again) if is_lazy else (again, leave))


def _holds(kind: str, before: str, behind: str) -> bool:
    match kind:
        case "begin":
            return before == BEGIN
        case "end":
            return behind == END
        case _:
            return ((before == WORD) != (behind == WORD)) is (kind == "word")
