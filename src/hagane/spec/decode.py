"""A YAML tree as a typed value: every fault with its line, none hiding another.

The types are those of the spec's own Structs, so that a field added there is read, checked and explained here at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec
from msgspec import inspect

from hagane.errors import Fault, nearest
from hagane.spec.nearest_choice import nearest_choice
from hagane.spec.open_value import USAGE, OpenValue, written_nodes
from hagane.spec.yaml_node import Mapping, Node, Scalar, Sequence, is_null, node_value, plain_value

FAILED = object()
"""What a node that was refused decodes to; the fault is recorded."""


@dataclass(slots=True)
class Decoder:
    """Turns nodes into values of a type; `faults` and the `lines` of everything it read grow on the way."""

    path: str
    """The file; empty for what Python declares, which has no lines."""
    faults: list[Fault]
    subject: str = "spec"
    """What the whole is called in faults."""
    lines: dict[str, int] = field(default_factory=dict)
    """Spec path (`model.options.max_depth`) → line."""
    takes_hparams: bool = False
    """Whether numbers and choices may be left open (`OpenValue`)."""

    def decode(self, node: Node, wanted: inspect.Type, at: str) -> Any:
        """The value of `node` as `wanted`, or FAILED. `at` is the path in the spec, "" at the top."""
        self.lines[at] = node.line
        if self.takes_hparams and isinstance(node, Scalar) and "hparam_" in node.text.lower() and _may_be_open(wanted):
            return self._open(node, wanted, at)
        match wanted:
            case inspect.StructType():
                return self._struct(node, wanted, at)
            case inspect.DictType():
                return self._dictionary(node, wanted, at)
            case inspect.VarTupleType():
                return self._items(node, wanted, at)
            case inspect.UnionType(types=types):
                return self._union(node, types, at)
            case inspect.AnyType():
                return node_value(node)
            case _:
                return self._scalar(node, wanted, at)

    def _struct(self, node: Node, wanted: inspect.StructType, at: str) -> Any:
        if is_null(node):
            node = Mapping((), node.line)
        if not isinstance(node, Mapping):
            keys = ", ".join(field.name for field in wanted.fields)
            step = self._mapping_step(at, node)
            return self._refuse(node, at, expected=f"a mapping with the keys {keys}", next_step=step)
        fields = {field.encode_name: field for field in wanted.fields}
        values = {}
        for entry in node.entries:
            name = entry.key.text
            if name in fields:
                values[name] = self.decode(entry.value, fields[name].type, f"{at}.{name}" if at else name)
            else:
                self._unknown_key(entry.key, at, fields)
        missing = [name for name, field in fields.items() if field.required and name not in values]
        self.faults += [self._missing_key(name, node.line, at) for name in missing]
        if missing or FAILED in values.values():
            return FAILED
        return wanted.cls(**values)

    def _dictionary(self, node: Node, wanted: inspect.DictType, at: str) -> Any:
        if not isinstance(node, Mapping):
            return self._refuse(node, at, expected="a mapping of names to values")
        values = {
            entry.key.text: self.decode(entry.value, wanted.value_type, f"{at}.{entry.key.text}")
            for entry in node.entries
        }
        for entry in node.entries:
            self.lines[f"{at}.{entry.key.text}"] = entry.key.line
        return FAILED if FAILED in values.values() else values

    def _items(self, node: Node, wanted: inspect.VarTupleType, at: str) -> Any:
        if not isinstance(node, Sequence):
            return self._refuse(
                node,
                at,
                expected="a list",
                next_step=f"write [{_shown(node)}]" if isinstance(node, Scalar) and node.text else "",
            )
        values = tuple(self.decode(item, wanted.item_type, f"{at}[{index}]") for index, item in enumerate(node.items))
        return FAILED if FAILED in values else values

    def _union(self, node: Node, types: tuple[inspect.Type, ...], at: str) -> Any:
        if is_null(node) and any(isinstance(wanted, inspect.NoneType) for wanted in types):
            return None
        if isinstance(node, Scalar) and _is_any_scalar(types) and not is_null(node):
            value = node_value(node)
            return value if type(value) in map(_python_type, types) else node.text
        for wanted in types:
            if _shape(wanted) is type(node):
                return self.decode(node, wanted, at)
        expected = " or ".join(dict.fromkeys(_described(wanted) for wanted in types))
        return self._refuse(node, at, expected=expected)

    def _scalar(self, node: Node, wanted: inspect.Type, at: str) -> Any:
        if not isinstance(node, Scalar) or is_null(node):
            return self._refuse(node, at, expected=_described(wanted))
        if isinstance(wanted, inspect.StrType):
            return node.text
        if isinstance(wanted, inspect.LiteralType | inspect.EnumType):
            choices = _choices(wanted)
            if node.text in choices:
                return wanted.cls(node.text) if isinstance(wanted, inspect.EnumType) else node.text
            return self._refuse(node, at, expected=_described(wanted), nearest=nearest_choice(node.text, choices))
        value = plain_value(node.text) if node.plain else node.text
        kinds: dict[type, Any] = {
            inspect.BoolType: bool,
            inspect.IntType: int,
            inspect.FloatType: (int, float),
        }
        kind = kinds[type(wanted)]
        if isinstance(value, kind) and (isinstance(value, bool) == (kind is bool)):
            return float(cast(float, value)) if isinstance(wanted, inspect.FloatType) else value
        return self._refuse(node, at, expected=_described(wanted))

    def _open(self, node: Scalar, wanted: inspect.Type, at: str) -> Any:
        nodes = written_nodes(node.text, node.line)
        values = tuple(self.decode(each, wanted, at) for each in nodes)
        if FAILED in values:
            return FAILED
        is_range = "range" in node.text.lower().partition("(")[0]
        if not values or (is_range and not _is_range(*values)):
            return self._refuse(node, at, expected=USAGE + ", the lower end first" * is_range)
        return OpenValue(node.text, values)

    def _refuse(self, node: Node, at: str, *, expected: str, nearest: str = "", next_step: str = "") -> object:
        shown = _shown(node)
        what = f"'{at}' cannot be {shown}" if at else f"a {self.subject} cannot be {shown}"
        place = self._place(node.line, at)
        self.faults.append(
            Fault(what=what, where=place, expected=expected, received=shown, nearest=nearest, next_step=next_step)
        )
        return FAILED

    def _unknown_key(self, key: Scalar, at: str, names: Iterable[str]) -> None:
        owner = f"'{at}'" if at else f"a {self.subject}"
        near = nearest(key.text, names)
        expected = "" if near else "one of " + ", ".join(names)
        what = f"{owner} has no key '{key.text}'"
        self.faults.append(Fault(what=what, where=self._place(key.line, at), nearest=near, expected=expected))

    def _missing_key(self, name: str, line: int, at: str) -> Fault:
        owner = f"'{at}'" if at else f"the {self.subject}"
        what, where = f"{owner} lacks the key '{name}'", self._place(line, at)
        return Fault(what=what, where=where, next_step=f"add '{name}: …'" if self.path else f"add '{name}'")

    def _mapping_step(self, at: str, node: Node) -> str:
        """How a lone word is written as the mapping that was meant."""
        first = {"model": "type", "split": "method", "serving": "on_error"}.get(at)
        if first is None or not isinstance(node, Scalar):
            return ""
        return f"write '{at}: {{{first}: {node.text}}}'" if self.path else f"write {at}={{{first!r}: {node.text!r}}}"

    def _place(self, line: int, at: str) -> str:
        return f"{self.path}:{line}" if self.path else at


def _may_be_open(wanted: inspect.Type) -> bool:
    """Whether the type is a number, a choice, true or false: no name, no text."""
    types = wanted.types if isinstance(wanted, inspect.UnionType) else (wanted,)
    closed = inspect.StrType | inspect.AnyType | inspect.NoneType
    return any(_shape(each) is Scalar and not isinstance(each, closed) for each in types)


def _is_range(low: Any, high: Any) -> bool:
    numbers = [end for end in (low, high) if isinstance(end, int | float) and not isinstance(end, bool)]
    return len(numbers) == 2 and low < high


def _shape(wanted: inspect.Type) -> type:
    """The kind of node that can hold the type."""
    if isinstance(wanted, inspect.StructType | inspect.DictType):
        return Mapping
    if isinstance(wanted, inspect.NoneType):
        return type(None)
    return Sequence if isinstance(wanted, inspect.VarTupleType) else Scalar


def _is_any_scalar(types: tuple[inspect.Type, ...]) -> bool:
    """Whether a word is whatever it looks like: true, a number or a text."""
    return sum(_shape(wanted) is Scalar for wanted in types) > 1


def _python_type(wanted: inspect.Type) -> type | None:
    kinds: dict[type, type] = {
        inspect.BoolType: bool,
        inspect.IntType: int,
        inspect.FloatType: float,
        inspect.StrType: str,
    }
    return kinds.get(type(wanted))


def _choices(wanted: inspect.LiteralType | inspect.EnumType) -> list[str]:
    values = wanted.cls if isinstance(wanted, inspect.EnumType) else wanted.values
    return [str(value) for value in values]


def _described(wanted: inspect.Type) -> str:
    """The type in words."""
    match wanted:
        case inspect.LiteralType() | inspect.EnumType():
            return "one of " + ", ".join(_choices(wanted))
        case inspect.UnionType():
            return "a value"
        case inspect.VarTupleType(item_type=item):
            return f"a list of {_described(item).removeprefix('a ')}s"
        case inspect.DictType():
            return "a mapping"
        case inspect.StructType():
            return "a mapping"
    words = {
        inspect.StrType: "a text",
        inspect.BoolType: "true or false",
        inspect.IntType: "a whole number",
        inspect.FloatType: "a number",
        inspect.NoneType: "null",
    }
    return words[type(wanted)]


def _shown(node: Node) -> str:
    """The node as a fault quotes it."""
    match node:
        case Sequence():
            return "a list"
        case Mapping():
            return "a mapping"
        case Scalar(text) if is_null(node):
            return text or "nothing"
        case Scalar(text):
            return f"'{text}'" if len(text) <= 60 else f"'{text[:57]}…'"


def type_of(struct: type[msgspec.Struct]) -> inspect.Type:
    """The inspected type of a Struct, as `Decoder.decode` wants it."""
    return inspect.type_info(struct)
