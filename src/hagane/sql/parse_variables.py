"""`parse_variables`: DECLARE and SET."""

from __future__ import annotations

from typing import Any

from sqlglot import exp
from sqlglot.tokens import TokenType

from hagane.sql.statement import Declare, SetVariable, Statement
from hagane.sql.statement_source import StatementSource, closing


def parse_variables(source: StatementSource) -> Statement | None:
    """The DECLARE or SET that the source holds; None where it holds neither, or one that is at fault."""
    places: dict[str, Any] = {
        "sql": source.sql,
        "start": source.tokens[0].start,
        "end": source.tokens[-1].end + 1,
    }
    if source.words("DECLARE"):
        return _declare(source, places)
    return _set(source, places) if source.words("SET") else None


def _declare(source: StatementSource, places: dict[str, Any]) -> Statement | None:
    names = [_name(source)]
    while source.words(","):
        names.append(_name(source))
    begin, end = source.at, len(source.tokens)
    at = next((i for i in range(begin, end) if source.tokens[i].token_type is TokenType.DEFAULT), end)
    if not all(names):
        return None
    if begin == end:
        source.fault("DECLARE needs a type or a DEFAULT", end, next_step="write DECLARE name INT64, say")
        return None
    type_ = source.text(source.tokens[begin].start, source.tokens[at - 1].end + 1) if at > begin else None
    default = source.expression(at + 1, end) if at < end else None
    return Declare(**places, names=tuple(names), type=type_, default=default)


def _name(source: StatementSource) -> str:
    token = source.tokens[source.at] if not source.is_at_end else None
    if token is None or token.token_type is TokenType.STRING or not (token.text[:1].isalpha() or token.text[:1] == "_"):
        source.unexpected("the name of a variable")
        source.at = len(source.tokens)
        return ""
    source.at += 1
    return str(token.text)


def _set(source: StatementSource, places: dict[str, Any]) -> Statement | None:
    names = _names_to_set(source)
    if not names or not source.expect("="):
        return None
    value = source.expression(source.at, len(source.tokens))
    if value is None:
        return None
    count = len(value.expressions) if isinstance(value, exp.Tuple | exp.Struct) else None
    if len(names) > 1 and count is not None and count != len(names):
        source.fault(f"{len(names)} variables are set to {count} values", source.at, len(source.tokens))
    return SetVariable(**places, names=tuple(names), value=value)


def _names_to_set(source: StatementSource) -> list[str]:
    """The variables; a system variable with its `@@`."""
    if source.peek() == "(":
        close = closing(source.tokens, source.at)
        if close is None:
            source.fault("this parenthesis is not closed", source.at, next_step="close it")
            return []
        names = [source.tokens[first].text for first, _ in source.items(source.at + 1, close)]
        source.at = close + 1
        return names
    system = ""
    while source.peek() in ("@", "@@"):
        system += source.peek()
        source.at += 1
    name = _name(source)
    while system and source.words("."):
        name += "." + _name(source)
    return [system + name] if name else []
