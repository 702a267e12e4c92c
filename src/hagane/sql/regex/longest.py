"""`longest_as_first`: a pattern whose longest match is another's first.

RE2's crowd of threads, in order of preference, is an automaton: its states are the crowds, and where a thread has
matched, those behind it are gone. The texts that it accepts have the first match as the longest. The automaton
becomes a pattern again by taking its states away one by one.
"""

from __future__ import annotations

from hagane.sql.regex.alphabet import alphabet
from hagane.sql.regex.nodes import Chars, Choice, Group, Node, Ranges, Repeat, Sequence, spelled, united, with_parts
from hagane.sql.regex.program import MATCH, OTHER, Program, Threads

MOST_STATES = 60
MOST_CHARACTERS = 4_000
_TOO_MANY = "its first match is not its longest, and the pattern that finds it would be too long"
_TAKEN_FOR_FOLDED = tuple(tuple((ord(letter), ord(letter)) for letter in pair) for pair in ("Kk", "Ss"))
_Edges = dict[tuple[int, int], Node]


def longest_as_first(body: Node) -> Node:
    """A pattern of which the longest match is the first match of `body`, wherever it begins.

    `body` asks nothing of places. Raises ValueError where the pattern would become too long.

    >>> from hagane.sql.regex.parse import parse_regex
    >>> [spelled(longest_as_first(parse_regex(pattern))) for pattern in ("a.*?b", "Mr|Mrs|Miss")]
    ['a[^\\\\x{a}b]*b', 'M(?:r|iss)']
    """
    edges, accepted, count = _automaton(body)
    start, end = count, count + 1
    edges[start, 0] = Sequence(())
    edges |= {(state, end): Sequence(()) for state in accepted}
    for state in sorted(range(count), key=lambda state: sum(state in edge for edge in edges)):
        edges = _without(edges, state)
        if sum(len(spelled(node)) for node in edges.values()) > MOST_CHARACTERS:
            raise ValueError(_TOO_MANY)
    return _unfolded(edges[start, end])


def _automaton(body: Node) -> tuple[_Edges, list[int], int]:
    """The characters from state to state, the states that accept, and how many there are."""
    program = Program(_bare(body))
    kinds = alphabet(program.sets())
    states: dict[Threads, int] = {program.start: 0}
    found: dict[tuple[int, int], Ranges] = {}
    accepted, pending = [], [program.start]
    while pending:
        threads = pending.pop()
        places = program.places(threads, OTHER, OTHER)
        match = next((index for index, (step, _) in enumerate(places) if step == MATCH), None)
        if match is not None:
            accepted.append(states[threads])
        for point, kind in kinds.items():
            following = program.over(places[:match], point)
            if following:
                if following not in states:
                    pending.append(following)
                edge = states[threads], states.setdefault(following, len(states))
                found[edge] = united(found.get(edge, ()), kind)
        if len(states) > MOST_STATES:
            raise ValueError(_TOO_MANY)
    return {edge: Chars(ranges) for edge, ranges in found.items()}, accepted, len(states)


def _without(edges: _Edges, state: int) -> _Edges:
    """The edges with the ways through `state` drawn past it."""
    loop = edges.get((state, state))
    around = [] if loop is None else [Repeat(loop, 0, None)]
    kept = {edge: node for edge, node in edges.items() if state not in edge}
    into = [(source, node) for (source, target), node in edges.items() if target == state != source]
    out = [(target, node) for (source, target), node in edges.items() if source == state != target]
    for source, first in into:
        for target, last in out:
            way = _joined([first, *around, last])
            kept[source, target] = _either(kept[source, target], way) if (source, target) in kept else way
    return kept


def _joined(parts: list[Node]) -> Node:
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, Sequence) else (part,))]
    return flat[0] if len(flat) == 1 else Sequence(tuple(flat))


def _either(a: Node, b: Node) -> Node:
    if isinstance(a, Chars) and isinstance(b, Chars):
        return Chars(united(a.ranges, b.ranges))
    empty = Sequence(())
    if empty in (a, b):
        return Repeat(b if a == empty else a, 0, 1)
    return Choice((*(a.parts if isinstance(a, Choice) else (a,)), b))


def _unfolded(node: Node) -> Node:
    """With `K|k` for `[Kk]`, and the same for s: RE2 takes those sets for a letter whose case does not count, and,
    where that is one of several alternatives, lets it match the Kelvin sign (or the long s), too."""
    if isinstance(node, Chars) and node.ranges in _TAKEN_FOR_FOLDED:
        return Choice(tuple(Chars((span,)) for span in node.ranges))
    return with_parts(node, _unfolded)


def _bare(node: Node) -> Node:
    """Without capture groups."""
    return _bare(node.part) if isinstance(node, Group) else with_parts(node, _bare)
