"""`parse_options`: what stands in OPTIONS(…), as plain values."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlglot import exp
from sqlglot.tokens import TokenType

from hagane.errors import ExpressionError
from hagane.sql.hparams import CANDIDATES, RANGE, find_hparams
from hagane.sql.statement import OptionClause
from hagane.sql.statement_source import StatementSource


class NotPlainError(ValueError):
    """The value is an expression: it is for the session to evaluate."""


def parse_options(source: StatementSource) -> tuple[OptionClause, ...]:
    """The options in the parentheses that come next; the faults are the source's.

    >>> from hagane.sql.bigquery_ml import BigQueryMl
    >>> text = "(model_type='linear_reg', l2_reg = 1e-3, input_label_cols=['y'], class_weights=[STRUCT('a', 2)],)"
    >>> for clause in parse_options(StatementSource(text, BigQueryMl().tokenize(text))):
    ...     print(clause.name, clause.value)
    model_type linear_reg
    l2_reg 0.001
    input_label_cols ['y']
    class_weights [('a', 2)]
    """
    found = source.bracketed("OPTIONS")
    clauses: dict[str, OptionClause] = {}
    for begin, end in source.items(*found) if found else []:
        clause = _clause(source, begin, end)
        if clause is None:
            continue
        if clause.name in clauses:
            source.fault(f"the option {clause.name} is given twice", begin, end, next_step="remove one of them")
        clauses.setdefault(clause.name, clause)
    return tuple(clauses.values())


def _clause(source: StatementSource, begin: int, end: int) -> OptionClause | None:
    name = source.tokens[begin]
    if name.token_type is TokenType.STRING or not name.text[:1].isalpha():
        source.fault("an option begins with its name", begin, end, expected="name = value")
        return None
    if begin + 1 >= end or source.tokens[begin + 1].token_type is not TokenType.EQ:
        source.fault(f"the option {name.text.lower()} has no value", begin, end, expected=f"{name.text} = value")
        return None
    tree = source.expression(begin + 2, end)
    if tree is None:
        return None
    start, stop = name.start, source.tokens[end - 1].end + 1
    if isinstance(tree, exp.Anonymous) and str(tree.this).upper() in (RANGE, CANDIDATES):
        value = _hparam(source, source.tokens[begin + 2].start, stop)
    else:
        value = plain_value(tree)
    return OptionClause(name=name.text.lower(), value=value, start=start, end=stop)


def _hparam(source: StatementSource, start: int, end: int) -> Any:
    try:
        return find_hparams(source.text(start, end))[0]
    except ExpressionError as error:
        source.faults += [
            msgspec.structs.replace(fault, sql=source.sql, start=fault.start + start, end=fault.end + start)
            for fault in error.faults
        ]
        return None


def plain_value(tree: exp.Expression) -> Any:
    """The value of a literal, of an array or a STRUCT of such; the tree itself where it is to be evaluated."""
    try:
        return _plain(tree)
    except NotPlainError:
        return tree


def _plain(node: exp.Expression) -> Any:
    match node:
        case exp.Literal(is_string=True):
            return str(node.this)
        case exp.Literal():
            return _number(str(node.this))
        case exp.RawString():
            return str(node.this)
        case exp.Neg():
            return _negative(_plain(node.this))
        case exp.Boolean():
            return bool(node.this)
        case exp.Null():
            return None
        case exp.Paren():
            return _plain(node.this)
        case exp.Array():
            return [_plain(each) for each in node.expressions]
        case exp.Tuple():
            return tuple(_plain(each) for each in node.expressions)
        case exp.Struct():
            return _struct(node)
        case exp.Cast(this=exp.Literal(is_string=True) as text) | exp.Timestamp(this=exp.Literal() as text):
            return str(text.this)
        case exp.Interval():
            return str(node.sql(dialect="bigquery"))
    raise NotPlainError


def _struct(node: exp.Struct) -> Any:
    """A dict where every field has a name, else a tuple."""
    fields = [each if isinstance(each, exp.PropertyEQ) else None for each in node.expressions]
    if node.expressions and all(fields):
        return {field.name: _plain(field.expression) for field in fields if field is not None}
    return tuple(_plain(each.expression if isinstance(each, exp.PropertyEQ) else each) for each in node.expressions)


def _number(text: str) -> int | float:
    return int(text) if text.isdigit() else float(text)


def _negative(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotPlainError
    return -value
