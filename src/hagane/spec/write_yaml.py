"""`write_yaml` and `write_commented_yaml`: a spec as text that `read_yaml` reads back as an equal spec."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from hagane.spec.data_schema import DataSchema
from hagane.spec.open_value import map_open
from hagane.spec.outliers import Outliers
from hagane.spec.spec import Spec
from hagane.spec.spec_comments import ALTERNATIVES, SECTIONS
from hagane.spec.tuning import Tuning
from hagane.spec.yaml_node import plain_value

WIDTH = 110
"""Where comments wrap."""
WIDTH_BESIDE = 130
"""Past which a value's comment goes on the line above."""
LONGEST_KEY = 1000
"""Longer keys are written with a '?': YAML ends a simple key at 1,024 characters."""
LONGEST_ALIGNED = 32
"""Names longer than this do not push their neighbours' values to the right, nor values their comments."""

SAFE_START = re.compile(r"[^\W\d]|[_(/.]")
UNSAFE = re.compile(r": |:$| #|[\x00-\x1f\x7f-\x9f\ufeff\u2028\u2029]|[\ud800-\udfff\ufffe\uffff]|\s$|^\.\.\.$")
UNSAFE_IN_LIST = re.compile(r"[,\[\]{}?:]")
UNSAFE_IN_BLOCK = re.compile(r"[\x00-\x1f\x7f-\x9f\ufeff\u2028\u2029\ud800-\udfff\ufffe\uffff]")
UNSAFE_IN_COMMENT = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ufeff\u2028\u2029\ud800-\udfff\ufffe\uffff]")
ESCAPED = re.compile(r'["\\\x00-\x1f\x7f-\xa0\ufeff\u2028\u2029\ud800-\udfff\ufffe\uffff]')
OLD_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""What some reader of YAML takes for a boolean or null: quoted, so that all agree."""


def write_yaml(spec: Spec) -> str:
    """The spec as YAML, with every value that is set, defaults included; what is None or empty by default is left out.

    >>> print(write_yaml(Spec(data="f.csv", label="no")).splitlines()[1])
    label: "no"
    """
    return "".join(f"{line}\n" for line in _spec_lines(spec, {}, commented=False))


def write_commented_yaml(spec: Spec, *, comments: Mapping[str, str] | None = None, header: str = "") -> str:
    """The spec as YAML that explains itself: a comment for each section, alternatives commented out.

    `comments` maps a key (`label`, `model.type`), a feature's name or `exclude` to a remark shown beside its value;
    `header` stands at the top.
    """
    remarks = {name: UNSAFE_IN_COMMENT.sub("\ufffd", text) for name, text in (comments or {}).items()}
    lines = [*_comment(UNSAFE_IN_COMMENT.sub("\ufffd", header)), ""] if header else []
    lines += _spec_lines(spec, remarks, commented=True)
    return "".join(f"{line}\n" for line in lines)


def value_lines(key: str, value: Any, *, indent: int = 0) -> Iterator[str]:
    """The lines of `key: value`, a mapping's keys below one another, a long list's items too.

    >>> list(value_lines("columns", {"no": {"min": 0}, "zip": {}}))
    ['columns:', '  "no":', '    min: 0', '  zip: {}']
    """
    pad = " " * indent
    if isinstance(value, dict) and value:
        yield from key_lines(key, pad)
        for name, row in value.items():
            yield from value_lines(name, row, indent=indent + 2)
    elif isinstance(value, tuple | list) and value and len(f"{key}{_inline(value)}") + indent > WIDTH:
        yield from key_lines(key, pad)
        yield from (f"{pad}  - {_inline_item(item)}" for item in value)
    else:
        yield from _line(key, value, indent, 0)


def key_lines(key: str, pad: str) -> Iterator[str]:
    """What stands above a mapping or a list; YAML wants a long key marked as one.

    >>> list(key_lines("no", "  "))
    ['  "no":']
    """
    text = f"{scalar(key)}:"
    yield from [f"{pad}? {scalar(key)}", f"{pad}:"] if len(text) > LONGEST_KEY else [f"{pad}{text}"]


def plain_comment(text: str) -> str:
    """The text without what may not stand in a comment of one line."""
    return UNSAFE_IN_COMMENT.sub("\ufffd", text).replace("\n", " ")


def comment_lines(text: str, pad: str = "") -> Iterable[str]:
    """The text as comment lines, wrapped, without what may not stand in YAML."""
    return _comment(UNSAFE_IN_COMMENT.sub("\ufffd", text), pad)


def _spec_lines(spec: Spec, comments: Mapping[str, str], *, commented: bool) -> Iterator[str]:
    spec = map_open(spec, lambda _, value: value.text)
    for field in msgspec.structs.fields(Spec):
        value = getattr(spec, field.name)
        shown = not _is_absent(value, field)
        if commented and (field.name in SECTIONS or shown):
            yield from [""] if field.name != "data" else []
            yield from _comment(SECTIONS.get(field.name, ""))
        if shown:
            yield from _entry(field.name, value, comments, commented=commented)
        if commented:
            yield from (
                f"# {line}" for line in ALTERNATIVES.get(field.name, ()) if not (shown and field.name == "exclude")
            )


def _is_absent(value: Any, field: msgspec.structs.FieldInfo) -> bool:
    default = field.default_factory() if callable(field.default_factory) else field.default
    return (value is None or value in ((), {})) and value == default


def _entry(key: str, value: Any, comments: Mapping[str, str], *, commented: bool) -> Iterator[str]:
    if isinstance(value, DataSchema):
        yield from value_lines(key, msgspec.to_builtins(value))
    elif isinstance(value, Outliers):
        yield from value_lines(key, _without_empty(msgspec.to_builtins(value)))
    elif isinstance(value, Tuning):
        yield from value_lines(key, _tuning_rows(value))
    elif isinstance(value, msgspec.Struct):
        rows = {field.name: _plain(getattr(value, field.name)) for field in msgspec.structs.fields(value)}
        rows = {name: row for name, row in rows.items() if row is not None and row not in ((), {})}
        if rows.get("on_error") == "null":
            rows["on_error"] = None
        remarks = {name: comments[f"{key}.{name}"] for name in rows if f"{key}.{name}" in comments}
        yield from _block(key, rows, remarks)
    elif isinstance(value, dict) and value:
        yield from _block(key, value, comments if key == "transform" else {})
    elif isinstance(value, tuple) and len(value) > 1 and any(len(item) > 20 for item in value):
        yield f"{key}:"
        yield from (f"  - {scalar(item)}" for item in value)
    else:
        yield from _line(key, value, 0, 0, remark=comments.get(key, ""))


def _without_empty(rows: Mapping[str, Any]) -> dict[str, Any]:
    """The mapping, and those in it, without what is None or empty."""
    inner = {key: _without_empty(value) if isinstance(value, dict) else value for key, value in rows.items()}
    return {key: value for key, value in inner.items() if value is not None and value not in ({}, [])}


def _tuning_rows(tuning: Tuning) -> dict[str, Any]:
    """The section without what is None or empty; of a hyperparameter what is said of it."""
    said = {
        name: {
            key: msgspec.to_builtins(part)
            for key, part in msgspec.structs.asdict(more).items()
            if part not in (None, {})
        }
        for name, more in tuning.parameters.items()
    }
    rows = msgspec.to_builtins(tuning) | {"parameters": said}
    rows["stopping"] = {name: part for name, part in rows["stopping"].items() if part is not None}
    return {name: row for name, row in rows.items() if row is not None and row not in ({}, [])}


def _block(key: str, rows: Mapping[str, Any], remarks: Mapping[str, str]) -> Iterator[str]:
    """A mapping whose values stand under one another."""
    if not rows:
        yield f"{key}: {{}}"
        return
    yield f"{key}:"
    names = [len(scalar(name)) for name in rows]
    width = max((size for size in names if size <= LONGEST_ALIGNED), default=0)
    texts = {name: _inline(row) for name, row in rows.items()}
    values = [len(text) for name, text in texts.items() if name in remarks and len(text) <= LONGEST_ALIGNED]
    column = max(values, default=0)
    for name, row in rows.items():
        yield from _line(name, row, 2, width, remark=remarks.get(name, ""), column=column)


def _line(name: str, value: Any, indent: int, width: int, *, remark: str = "", column: int = 0) -> Iterator[str]:
    """`name: value  # remark`, the remark above where it would not fit, a SQL text of several lines as a block."""
    pad = " " * indent
    key = f"{scalar(name)}:"
    if len(key) > LONGEST_KEY:
        yield f"{pad}? {scalar(name)}"
        key = ":"
    if isinstance(value, dict) and value:
        yield f"{pad}{key}"
        for inner, row in value.items():
            yield from _line(inner, row, indent + 2, max(len(scalar(each)) for each in value))
    elif isinstance(value, str) and _fits_block(value):
        yield from _comment(remark, pad)
        yield f"{pad}{key} |{'' if value.endswith(chr(10)) else '-'}"
        yield from (f"{pad}  {line}" if line else "" for line in value.removesuffix("\n").split("\n"))
    else:
        text = f"{pad}{key:<{width + 1}} {_inline(value)}"
        beside = f"{text:<{indent + width + 2 + column}}  # {remark}" if remark else text
        if remark and (len(beside) > WIDTH_BESIDE or "\n" in remark):
            yield from _comment(remark, pad)
            beside = text
        yield beside


def _plain(value: Any) -> Any:
    """A Struct within a section, or within a mapping of it, as a mapping of what is set."""
    if isinstance(value, dict):
        return {name: _plain(row) for name, row in value.items()}
    if not isinstance(value, msgspec.Struct):
        return value
    rows = {field.name: _plain(getattr(value, field.name)) for field in msgspec.structs.fields(value)}
    return {name: row for name, row in rows.items() if row is not None and row != {}}


def _fits_block(text: str) -> bool:
    """Whether a literal block (`|`) gives the text back exactly."""
    lines = text.removesuffix("\n").split("\n")
    clean = not any(UNSAFE_IN_BLOCK.search(line) or line.isspace() for line in lines)
    return len(lines) > 1 and clean and bool(lines[0]) and not lines[0][0].isspace() and bool(lines[-1])


def _inline(value: Any) -> str:
    """A value on one line."""
    match value:
        case str():
            return scalar(value)
        case list() | tuple():
            return "[" + ", ".join(_inline_item(item) for item in value) + "]"
        case dict():
            return "{" + ", ".join(_inline_pair(name, item) for name, item in value.items()) + "}"
    return _number(value)


def _inline_pair(name: str, value: Any) -> str:
    key = _inline_item(name)
    return f"? {key} : {_inline_item(value)}" if len(key) > LONGEST_KEY else f"{key}: {_inline_item(value)}"


def _inline_item(value: Any) -> str:
    if isinstance(value, str) and UNSAFE_IN_LIST.search(value):
        return _quoted(value)
    return _inline(value)


def _number(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float) and math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    return repr(value)


def scalar(text: str) -> str:
    """The text as a YAML scalar on one line: plain where every reader takes it for a text, else quoted.

    >>> print(scalar("LN(age)"), scalar("no"), scalar("1e3"), scalar("a: b"), scalar('say "x"'))
    LN(age) "no" "1e3" "a: b" say "x"
    """
    plain = SAFE_START.match(text) and not UNSAFE.search(text) and text.lower() not in OLD_WORDS
    return text if plain and plain_value(text) == text else _quoted(text)


def _quoted(text: str) -> str:
    """The text in quotes: single where that spares backslashes, else double with escapes."""
    if ('"' in text or "\\" in text) and "'" not in text and not UNSAFE_IN_BLOCK.search(text):
        return f"'{text}'"
    return '"' + ESCAPED.sub(_escape, text) + '"'


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    short = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    code = ord(character)
    return short.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def _comment(text: str, pad: str = "") -> Iterable[str]:
    """The text as comment lines, wrapped."""
    for paragraph in text.splitlines():
        kept = paragraph[:1] == " "
        lines = [paragraph] if kept else textwrap.wrap(paragraph, WIDTH - len(pad) - 2) or [""]
        yield from (f"{pad}# {line}".rstrip() for line in lines)
