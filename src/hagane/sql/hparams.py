"""`HPARAM_RANGE(low, high)` and `HPARAM_CANDIDATES([a, b, …])`: a literal that is yet to be chosen.

They are BigQuery ML's, and may stand wherever a literal may. The text of an expression keeps them as they are; a value
for each makes an expression of the feature language.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token, TokenType

from hagane.errors import ExpressionError, Fault
from hagane.sql.dialects import ExpressionDialect

Value: TypeAlias = "bool | int | float | str | tuple[Value, ...] | None"
RANGE, CANDIDATES = "HPARAM_RANGE", "HPARAM_CANDIDATES"


class TypedText(str):
    """The text of a literal of a type: equal to the text, but written `DATE '2020-01-01'`."""

    type: str
    __slots__ = ("type",)

    @staticmethod
    def of(type_: str, text: str) -> TypedText:
        """Of a type's name and the text in quotes."""
        made = TypedText(text)
        made.type = type_
        return made


@dataclass(frozen=True, slots=True)
class Hparam:
    """One place of a text that holds a hyperparameter: characters [start, end).

    Either a range from `low` to `high`, both included (whole numbers where both are), or `candidates`.
    """

    start: int
    end: int
    low: int | float | None = None
    high: int | float | None = None
    candidates: tuple[Value, ...] = ()

    def chosen(self, value: Value) -> Value:
        """The candidate that equals `value`, with its type; else `value`."""
        return next((one for one in self.candidates if isinstance(one, TypedText) and one == value), value)

    def admits(self, value: Value) -> bool:
        """Whether `value` may be chosen.

        >>> hour, = find_hparams("HPARAM_RANGE(2, 8)")
        >>> hour.admits(8), hour.admits(2.5), hour.admits("2")
        (True, False, False)
        """
        if self.candidates:
            return any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in self.candidates)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        whole = isinstance(self.low, int) and isinstance(self.high, int)
        assert self.low is not None
        assert self.high is not None
        return self.low <= value <= self.high and (not whole or isinstance(value, int))


def hparam_range(low: int | float, high: int | float) -> str:
    """The text of a hyperparameter between two numbers, both included, for a spec made in Python.

    >>> hparam_range(2, 8)
    'HPARAM_RANGE(2, 8)'
    """
    return f"{RANGE}({sql_literal(frozen(low))}, {sql_literal(frozen(high))})"


def hparam_candidates(values: Sequence[Any]) -> str:
    """The text of a hyperparameter that is one of some values, for a spec made in Python.

    >>> hparam_candidates([[64], [64, 32]])
    'HPARAM_CANDIDATES([[64], [64, 32]])'
    """
    return f"{CANDIDATES}({sql_literal(frozen(values))})"


def frozen(value: Any) -> Any:
    """Lists as tuples, and NumPy's numbers as Python's, which are written otherwise.

    >>> import numpy as np
    >>> frozen([[1, 2], np.array([0.5]), np.int64(3)])
    ((1, 2), (0.5,), 3)
    """
    plain = value.tolist() if hasattr(value, "tolist") else value
    return tuple(map(frozen, plain)) if isinstance(plain, list | tuple) else plain


def find_hparams(text: str, *, where: str = "") -> tuple[Hparam, ...]:
    """The hyperparameters in a text, in order. Raises ExpressionError with every fault.

    >>> [(found.low, found.high) for found in find_hparams("ML.HASH_BUCKETIZE(city, HPARAM_RANGE(10, 1000))")]
    [(10, 1000)]
    >>> find_hparams("HPARAM_CANDIDATES(['a', 'b'])")[0].candidates
    ('a', 'b')
    """
    if "hparam_" not in text.lower():
        return ()
    found: list[Hparam] = []
    faults: list[Fault] = []
    for start, end in _calls(text):
        try:
            found.append(_read(text, start, end, where))
        except ExpressionError as error:
            faults += error.faults
    if faults:
        raise ExpressionError(*faults)
    return tuple(found)


def fill_hparams(text: str, values: Sequence[Value]) -> str:
    """The text with a literal in the place of each hyperparameter, in order.

    A minus before a negative number keeps its distance: two of them begin a comment.

    >>> fill_hparams("ML.HASH_BUCKETIZE(city, HPARAM_RANGE(10, 1000))", [64])
    'ML.HASH_BUCKETIZE(city, 64)'
    >>> fill_hparams("x-HPARAM_RANGE(-5, 5)", [-3])
    'x- -3'
    """
    parts, at = [], 0
    for hparam, value in zip(find_hparams(text), values, strict=True):
        before, literal = text[at : hparam.start], sql_literal(value)
        distance = " " if before.endswith("-") and literal.startswith("-") else ""
        parts += [before, distance, literal]
        at = hparam.end
    return "".join([*parts, text[at:]])


def sql_literal(value: Value | datetime.date) -> str:
    """A value as a literal of the feature language.

    >>> sql_literal(("it's", 0.5, True))
    "['it\\\\'s', 0.5, TRUE]"
    """
    if isinstance(value, tuple):
        return "[" + ", ".join(map(sql_literal, value)) + "]"
    if isinstance(value, datetime.date):
        type_ = "TIMESTAMP" if isinstance(value, datetime.datetime) else "DATE"
        return f"{type_} {sql_literal(str(value))}"
    if isinstance(value, TypedText):
        return f"{value.type} {sql_literal(str(value))}"
    if isinstance(value, str):
        quoted = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
        return f"'{quoted}'"
    if value is None or isinstance(value, bool):
        return {None: "NULL", True: "TRUE", False: "FALSE"}[value]
    return repr(value)


def _calls(text: str) -> Iterator[tuple[int, int]]:
    """Where the calls stand: from the name to the closing parenthesis. A text in strings or comments is none."""
    try:
        tokens = ExpressionDialect().tokenize(text)
    except SqlglotError:
        return  # the binder says what is wrong with the text
    for index, token in enumerate(tokens[:-1]):
        if token.text.upper() in (RANGE, CANDIDATES) and tokens[index + 1].token_type is TokenType.L_PAREN:
            end = _closing(tokens, index + 1)
            yield token.start, len(text) if end is None else end


def _closing(tokens: Sequence[Token], index: int) -> int | None:
    depth = 0
    for token in tokens[index:]:
        depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
        if depth == 0:
            return int(token.end) + 1
    return None


def _read(text: str, start: int, end: int, where: str) -> Hparam:
    def fault(what: str, expected: str) -> ExpressionError:
        return ExpressionError(Fault(what=what, where=where, sql=text, start=start, end=end, expected=expected))

    name = RANGE if text[start:].upper().startswith(RANGE) else CANDIDATES
    try:
        call = sqlglot.parse_one(text[start:end], dialect=ExpressionDialect)
        values = [_value(node) for node in call.expressions]
    except (SqlglotError, ValueError):
        raise fault(f"{name} takes constants", _usage(name)) from None
    if name == RANGE:
        numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v)]
        if len(numbers) != 2 or len(values) != 2:
            raise fault(f"{name} takes two numbers", _usage(name))
        if numbers[0] >= numbers[1]:
            raise fault("the range is empty", "the lower end first, and a higher one; a single value stands by itself")
        return Hparam(start, end, low=numbers[0], high=numbers[1])
    if len(values) != 1 or not isinstance(values[0], tuple) or not values[0]:
        raise fault(f"{name} takes one array of constants", _usage(name))
    return Hparam(start, end, candidates=values[0])


def _usage(name: str) -> str:
    return f"{RANGE}(low, high)" if name == RANGE else f"{CANDIDATES}([a, b, …])"


def _value(node: exp.Expression) -> Value:
    match node:
        case exp.Literal(is_string=True):
            return str(node.this)
        case exp.Literal():
            return int(node.this) if str(node.this).isdigit() else float(node.this)
        case exp.Neg():
            return _negative(_value(node.this))
        case exp.Boolean():
            return bool(node.this)
        case exp.Null():
            return None
        case exp.Cast(this=exp.Literal(is_string=True) as text, to=exp.DataType() as to):
            return _typed(to.sql(dialect="bigquery"), str(text.this))
        case exp.Array() | exp.Tuple():
            return tuple(_value(part) for part in node.expressions)
        case exp.Struct(expressions=[one]):
            return _value(one)
    raise ValueError(f"{type(node).__name__} is no constant")


def _typed(type_: str, text: str) -> TypedText:
    if type_ not in ("DATE", "TIMESTAMP"):
        raise ValueError(type_)
    return TypedText.of(type_, text)


def _negative(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(value)
    return -value
