"""YAML text as a tree that knows its lines, read by YAML 1.2's core rules.

The rules of YAML 1.1 turn `no` into false, `1:30` into 90 and `2013-01-01` into a date; here a plain word is text
unless it is null, true, false or a number. Where the reader wants text (a label, a SQL expression) it takes the word as
it was written, so that a column may be called `no` or `2013`. Anchors, tags and second documents are refused:
a spec says what it says where it says it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from hagane.errors import Fault, SpecError

NULLS = ("", "~", "null", "Null", "NULL")
TRUES = ("true", "True", "TRUE")
FALSES = ("false", "False", "FALSE")
INTEGER = re.compile(r"[-+]?[0-9]+")
NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
"""Both as YAML 1.2.2, section 10.3.2, has them."""
INFINITY = re.compile(r"([-+]?)\.(inf|Inf|INF)")


@dataclass(frozen=True, slots=True)
class Scalar:
    """A word or a string. `plain`: written without quotes, so that it may be a number or null."""

    text: str
    plain: bool
    line: int


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One `key: value` of a mapping."""

    key: Scalar
    value: Node


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values, in the order of the text."""

    entries: tuple[Entry, ...]
    line: int


Node = Scalar | Sequence | Mapping


def is_null(node: Node) -> bool:
    """Whether the node says null (or says nothing).

    >>> is_null(Scalar("~", True, 1)), is_null(Scalar("null", False, 1))
    (True, False)
    """
    return isinstance(node, Scalar) and node.plain and node.text in NULLS


def plain_value(text: str) -> bool | int | float | str | None:
    """What a word without quotes stands for, by YAML 1.2's core rules.

    >>> [plain_value(text) for text in ("no", "1e3", "007", "true", "~", "1:30", ".5")]
    ['no', 1000.0, 7, True, None, '1:30', 0.5]
    """
    if text in NULLS:
        return None
    if text in TRUES or text in FALSES:
        return text in TRUES
    if INTEGER.fullmatch(text):
        return int(text)
    if NUMBER.fullmatch(text):
        return float(text)
    if infinity := INFINITY.fullmatch(text):
        return float(infinity[1] + "inf")
    return text


def node_value(node: Node) -> Any:
    """The node as plain Python values, each word by `plain_value`."""
    match node:
        case Scalar(text, plain):
            return plain_value(text) if plain else text
        case Sequence(items):
            return [node_value(item) for item in items]
        case Mapping(entries):
            return {entry.key.text: node_value(entry.value) for entry in entries}


def parse_yaml(text: str, *, path: str, faults: list[Fault]) -> Node:
    """The tree of `text`. `path` names the file in faults.

    Anchors, aliases, tags, several documents and keys given twice are added to `faults` and left out.
    Raises SpecError where the text is not YAML at all.
    """
    import yaml

    try:
        return _Reader(text, path, faults).read()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise SpecError(_syntax_fault(str(error.problem or error.context), mark, text, path)) from None
    except yaml.reader.ReaderError as error:
        place = f"{path}:{text.count(chr(10), 0, error.position) + 1}"
        character = f"U+{ord(text[error.position]):04X}"
        fault = Fault(
            what=f"the character {character} may not stand in YAML",
            where=place,
            next_step="remove it, or write it as an escape in double quotes",
        )
        raise SpecError(fault) from None
    except RecursionError:
        raise SpecError(Fault(what="the YAML is nested too deeply", where=path)) from None


def _syntax_fault(problem: str, mark: Any, text: str, path: str) -> Fault:
    line = mark.line if mark else 0
    lines = text.splitlines() or [""]
    shown = lines[min(line, len(lines) - 1)]
    column = min(mark.column, len(shown)) if mark else 0
    hint = "use spaces for indentation" if "\\t" in problem else "quote the value if it holds ': ' or ' #'"
    return Fault(
        what=f"not YAML: {problem}", where=f"{path}:{line + 1}", sql=shown, start=column, end=column + 1, next_step=hint
    )


class _Reader:
    """Builds nodes from PyYAML's events."""

    def __init__(self, text: str, path: str, faults: list[Fault]) -> None:
        import yaml

        self.yaml = yaml
        self.path = path
        self.faults = faults
        self.events = yaml.parse(text, Loader=yaml.SafeLoader)

    def read(self) -> Node:
        yaml = self.yaml
        next(self.events)  # the stream's start
        if isinstance(next(self.events), yaml.StreamEndEvent):
            return Mapping((), 1)
        node = self.node(next(self.events))
        next(self.events)  # the document's end
        after = next(self.events)
        if not isinstance(after, yaml.StreamEndEvent):
            self.refuse("a second document ('---')", after.start_mark.line + 1 if after.start_mark else 1)
        return node

    def node(self, event: Any) -> Node:
        yaml = self.yaml
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            self.refuse(f"the alias '*{event.anchor}'", line)
            return Scalar(event.anchor, False, line)
        if event.anchor:
            self.refuse(f"the anchor '&{event.anchor}'", line)
        if event.tag:
            self.refuse(f"the tag '{event.tag}'", line)
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(event.value, event.style is None, line)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(line)
        return self.mapping(line)

    def sequence(self, line: int) -> Sequence:
        items = []
        while not isinstance(event := next(self.events), self.yaml.SequenceEndEvent):
            items.append(self.node(event))
        return Sequence(tuple(items), line)

    def mapping(self, line: int) -> Mapping:
        entries: dict[str, Entry] = {}
        while not isinstance(event := next(self.events), self.yaml.MappingEndEvent):
            key = self.node(event)
            value = self.node(next(self.events))
            if not isinstance(key, Scalar):
                self.refuse("a list or mapping as a key", key.line)
            elif key.text in entries:
                self.refuse_twice(key, entries[key.text].key.line)
            else:
                entries[key.text] = Entry(key, value)
        return Mapping(tuple(entries.values()), line)

    def refuse_twice(self, key: Scalar, first_line: int) -> None:
        where = f"{self.path}:{key.line} (first on line {first_line})"
        self.faults.append(Fault(what=f"'{key.text}' is given twice", where=where, next_step="keep one of them"))

    def refuse(self, thing: str, line: int) -> None:
        where, step = f"{self.path}:{line}", "write the value out where it is meant"
        self.faults.append(Fault(what=f"{thing} may not stand in a spec", where=where, next_step=step))
