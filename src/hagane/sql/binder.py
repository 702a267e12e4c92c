"""The binder: sqlglot's tree to ours, one method an idea. A part that is at fault becomes None, and so its parents."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlglot import exp

from hagane.counted import counted
from hagane.errors import nearest
from hagane.sql.bind_arrays import bind_in_unnest, bind_text_analyze
from hagane.sql.bind_text import TEXT_NODES
from hagane.sql.bind_time import TIME_NODES
from hagane.sql.casts import bind_cast
from hagane.sql.coerce import coerce, resolve
from hagane.sql.conditionals import bind_case, bind_if
from hagane.sql.expression import Call, ColumnRef, Expression, Literal, Span, columns_of
from hagane.sql.fold import fold
from hagane.sql.forms import FORMS, NAMED_FORMS, in_list
from hagane.sql.functions import FUNCTIONS, Signature
from hagane.sql.hparams import CANDIDATES, RANGE
from hagane.sql.like import bind_like
from hagane.sql.ml_functions import bind_analyzer, bind_scalar
from hagane.sql.patterns import pattern_fault
from hagane.sql.refusals import FUNCTION_REASONS
from hagane.sql.source import DOT, WAY_OUT, Source
from hagane.sql.string_literals import decode_string
from hagane.sql.string_order import order_pattern
from hagane.sql.syntax import (
    DECORATION,
    FUNCTION_NODES,
    MORE_FUNCTIONS,
    TAKE_PATTERNS,
    function_name,
    refusal,
)
from hagane.sql.type_steps import condition_step, type_step
from hagane.sql.unquoted_name import unquoted_name
from hagane.types import Schema, SqlType

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1


class Binder:
    """Binds one expression's parts; faults go to its source.

    >>> from hagane.types import Column
    >>> schema = Schema((Column("age", SqlType.INT64),))
    >>> source = Source("age IN (1, 2)", "")
    >>> Binder(source, schema).bind(source.parse()).function
    'IN'
    """

    def __init__(self, source: Source, schema: Schema) -> None:
        self.source = source
        self.schema = schema
        self._is_safe = False

    def bind(self, node: exp.Expression, *, safe: bool = False) -> Expression | None:
        """The typed tree of `node`, or None after noting its faults.

        With `safe`, the calls that `node` itself becomes (not those of its arguments) have the SAFE. prefix.
        """
        outer, self._is_safe = self._is_safe, safe
        try:
            return self._bind(node)
        finally:
            self._is_safe = outer

    @property
    def is_safe(self) -> bool:
        """Whether what is being bound has the SAFE. prefix."""
        return self._is_safe

    def _bind(self, node: exp.Expression) -> Expression | None:
        if type(node) in FORMS:
            return FORMS[type(node)](self, node)
        if bind := TIME_NODES.get(type(node)) or TEXT_NODES.get(type(node)):
            return bind(self, node)
        if type(node) in FUNCTION_NODES:
            name, keys = FUNCTION_NODES[type(node)]
            return self.function(name, node, keys)
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is not None:
            bound: Expression | None = method(node)
            return bound
        return self.refuse(node)

    def refuse(self, node: exp.Expression) -> Expression | None:
        """None, after noting that `node` is outside the language, and the way out."""
        what, next_step = refusal(node, self.source.called(node))
        self.source.fault(what, node, next_step=next_step)
        return None

    def bind_each(self, nodes: Sequence[exp.Expression]) -> list[Expression] | None:
        """Every node bound, or None where one is at fault (all of them noted)."""
        bound = [self.bind(node) for node in nodes]
        arguments = [argument for argument in bound if argument is not None]
        return arguments if len(arguments) == len(bound) else None

    # Calls by the table of signatures

    def function(self, name: str, node: exp.Expression, keys: Sequence[str]) -> Expression | None:
        """The call of `name` with the arguments that `node` holds under `keys`."""
        nodes = [part for key in keys for part in _parts(node.args.get(key))]
        known = {*keys, *DECORATION}
        extra = [part for key, value in node.args.items() if key not in known for part in _parts(value)]
        arguments = self.bind_each(nodes)
        if extra:
            signature = FUNCTIONS[name]
            self.source.fault(f"{name} takes no further argument here", extra[0], expected=signature.usage,
                              next_step=WAY_OUT)  # fmt: skip
            return None
        return None if arguments is None else self.call(name, arguments, node)

    def call(self, name: str, arguments: Sequence[Expression], node: exp.Expression | Span | None,
             modifiers: tuple[object, ...] = ()) -> Expression | None:  # fmt: skip
        """`name(arguments)` with casts inserted, or None after noting why it does not fit."""
        signature = FUNCTIONS[name]
        span = node if isinstance(node, Span) or node is None else self.source.span(node)
        if (ordered := order_pattern(name, arguments)) is not None:
            found = self.call("REGEXP_CONTAINS", ordered.arguments, node)
            return self.call("NOT", (found,), node) if found and ordered.is_negated else found
        resolved = resolve(signature, arguments)
        if resolved is None:
            self._does_not_fit(signature, arguments, span)
            return None
        overload, coerced = resolved
        if not self._constants_fit(signature, coerced) or not self._pattern_fits(name, coerced):
            return None
        safe = self._is_safe and bool(signature.fails) and not signature.safe
        return fold(Call(name, coerced, overload.result, modifiers, span=span, safe=safe))

    def as_safe(self, call: Expression) -> Expression:
        """The call with the SAFE. prefix, where it can fail."""
        return replace(call, safe=bool(FUNCTIONS[call.function].fails)) if isinstance(call, Call) else call

    def _does_not_fit(self, signature: Signature, arguments: Sequence[Expression], span: Span | None) -> None:
        received = _listed([argument.type for argument in arguments]) or "nothing"
        count = len(arguments)
        choices = dict.fromkeys(p for o in signature.overloads if (p := o.parameters(count)))
        if not choices:
            self.source.fault(f"{signature.name} does not take {counted(count, 'argument')}", span,
                              expected=signature.usage, received=received)  # fmt: skip
            return
        expected = " or ".join(f"({_listed(types)})" for types in choices)
        step = type_step(signature, arguments)
        self.source.fault(f"{signature.name} does not take these types", span, expected=expected,
                          received=f"({received})", next_step=step)  # fmt: skip

    def _constants_fit(self, signature: Signature, arguments: Sequence[Expression]) -> bool:
        positions = range(1, len(arguments)) if -1 in signature.literals else signature.literals
        good = True
        for argument in (arguments[position] for position in positions if position < len(arguments)):
            if not isinstance(argument, Literal) or argument.value is None:
                step = WAY_OUT if columns_of(argument) else "write its value: it is computed for each row, or errs"
                self.source.fault(f"this argument of {signature.name} must be a constant", argument.span,
                                  expected=signature.usage, next_step=step)  # fmt: skip
                good = False
        return good

    def _pattern_fits(self, name: str, arguments: Sequence[Expression]) -> bool:
        if name not in TAKE_PATTERNS or not (reason := pattern_fault(str(_value(arguments[1])))):
            return True
        self.source.fault("this is not an RE2 pattern", arguments[1].span, received=reason)
        return False

    # Names and constants

    def _column(self, node: exp.Expression) -> Expression | None:
        span = self.source.span(node)
        if isinstance(node.this, exp.Star):
            return self.refuse(node.this)
        parts = [node.args.get(key) for key in ("catalog", "db", "table", "this")]
        name = ".".join(part.name for part in parts if part is not None).replace(DOT, ".")
        same = self.schema.by_lower.get(name.lower(), ())
        found = next((column for column in same if column.name == name), same[0] if len(same) == 1 else None)
        if found is not None:
            return ColumnRef(found.name, found.type, span=span)
        if same:
            names = ", ".join(column.name for column in same)
            self.source.fault(f"column `{name}` may be any of several", node, expected=names)
            return None
        if whole := unquoted_name(self.source.sql, span, self.schema.names) if span else None:
            written = self.source.sql[whole.start : whole.end]
            self.source.fault(f"the column {written} is written without backquotes", whole, nearest=f"`{written}`",
                              next_step="put a name that is no plain word into backquotes")  # fmt: skip
            return None
        guess = nearest(name, self.schema.names)
        listed = ", ".join(self.schema.names[:20]) + (", …" if len(self.schema) > 20 else "")
        self.source.fault(f"there is no column `{name}`", node, nearest=guess, expected="" if guess else listed)
        return None

    def _dot(self, node: exp.Dot) -> Expression | None:
        return bind_scalar(self, node)

    def _window(self, node: exp.Window) -> Expression | None:
        return bind_analyzer(self, node)

    def _literal(self, node: exp.Literal) -> Expression | None:
        return self._string(node) if node.is_string else self._number(str(node.this), node)

    def _rawstring(self, node: exp.Expression) -> Expression | None:
        return self._string(node)

    def _string(self, node: exp.Expression) -> Expression | None:
        span = self.source.span(node)
        try:
            text = decode_string(self.source.sql[span.start : span.end]) if span else str(node.this)
        except ValueError as error:
            self.source.fault(str(error), node, expected="a string, or a raw string r'…' for a pattern")
            return None
        return Literal(text, SqlType.STRING, span=span)

    def _hexstring(self, node: exp.Expression) -> Expression | None:
        return self._number(str(int(str(node.this), 16)), node)

    def _number(self, text: str, node: exp.Expression, sign: int = 1) -> Expression | None:
        span = self.source.span(node)
        if text.isdigit():
            value: int | float = sign * int(text)
            fits = INT64_MIN <= value <= INT64_MAX
        else:
            value = sign * float(text) + 0.0  # no constant is -0.0, so that equal constants are the same
            fits = math.isfinite(value)
        if not fits:
            self.source.fault("this number does not fit its type", node, expected="an INT64, or a finite FLOAT64")
            return None
        return Literal(value, SqlType.INT64 if isinstance(value, int) else SqlType.FLOAT64, span=span)

    def _boolean(self, node: exp.Boolean) -> Expression:
        return Literal(bool(node.this), SqlType.BOOL, span=self.source.span(node))

    def _null(self, node: exp.Null) -> Expression:
        return Literal(None, SqlType.INT64, span=self.source.span(node))

    def _neg(self, node: exp.Neg) -> Expression | None:
        if isinstance(node.this, exp.Literal) and not node.this.is_string:
            return self._number(str(node.this.this), node, -1)
        return self.function("NEG", node, ("this",))

    def _paren(self, node: exp.Paren) -> Expression | None:
        return self.bind(node.this)

    # Logic

    def _and(self, node: exp.And) -> Expression | None:
        return self._balanced("AND", node)

    def _or(self, node: exp.Or) -> Expression | None:
        return self._balanced("OR", node)

    def _balanced(self, name: str, node: exp.Expression) -> Expression | None:
        """A chain of one associative operator as a tree of little depth."""
        parts = self.bind_each(_chain(node))
        while parts is not None and len(parts) > 1:
            pairs = [parts[i : i + 2] for i in range(0, len(parts), 2)]
            joined = [self.call(name, pair, node) if len(pair) == 2 else pair[0] for pair in pairs]
            if any(part is None for part in joined):
                return None
            parts = [part for part in joined if part is not None]
        return parts[0] if parts else None

    def _dpipe(self, node: exp.DPipe) -> Expression | None:
        parts = self.bind_each(_chain(node))
        return None if parts is None else self.call("CONCAT", parts, node)

    def _is(self, node: exp.Is) -> Expression | None:
        argument = self.bind(node.this)
        if argument is None:
            return None
        if isinstance(node.expression, exp.Null):
            return self.call("IS NULL", (argument,), node)
        if not isinstance(node.expression, exp.Boolean):
            return self.refuse(node)
        if coerce(argument, SqlType.BOOL) is None:
            asked = f"IS {'TRUE' if node.expression.this else 'FALSE'}"
            self.source.fault(f"{asked} is asked of a BOOL", node, received=argument.type.value,
                              next_step=condition_step(argument.type))  # fmt: skip
            return None
        value = argument if node.expression.this else self.call("NOT", (argument,), node)
        false = Literal(False, SqlType.BOOL)
        return None if value is None else self.call("COALESCE", (value, false), node)

    def _between(self, node: exp.Between) -> Expression | None:
        parts = self.bind_each([node.this, node.args["low"], node.args["high"]])
        if parts is None:
            return None
        value, low, high = parts
        bounds = [self.call(">=", (value, low), node), self.call("<=", (value, high), node)]
        found = [bound for bound in bounds if bound is not None]
        return self.call("AND", found, node) if len(found) == 2 else None

    def _in(self, node: exp.In) -> Expression | None:
        items, is_array = in_list(node), isinstance(node.args.get("unnest"), exp.Unnest)
        if not items:
            return bind_in_unnest(self, node) if is_array else self.refuse(node)
        parts = self.bind_each([node.this, *items])
        if parts is None:
            return None
        if is_array and not all(isinstance(part, Literal) for part in parts[1:]):
            array = self.call("ARRAY", parts[1:], node)
            return None if array is None else self.call("IN UNNEST", (parts[0], array), node)
        nulls = [part for part in parts[1:] if isinstance(part, Literal) and part.value is None]
        rest = [part for part in parts if part not in nulls or part is parts[0]]
        found = self.call("IN", rest, node) if len(rest) > 1 else None
        if not nulls or (found is None and len(rest) > 1):
            return found
        unknown = self.call("=", (parts[0], nulls[0]), node)
        return self.call("OR", (found, unknown), node) if found and unknown else unknown

    def _like(self, node: exp.Like) -> Expression | None:
        return bind_like(self, node)

    def _regexplike(self, node: exp.Expression) -> Expression | None:
        return self.function("REGEXP_CONTAINS", node, ("this", "expression"))

    # Forms of their own

    def _if(self, node: exp.If) -> Expression | None:
        return bind_if(self, node)

    def _case(self, node: exp.Case) -> Expression | None:
        return bind_case(self, node)

    def _cast(self, node: exp.Cast) -> Expression | None:
        return bind_cast(self, node, safe=False)

    def _trycast(self, node: exp.TryCast) -> Expression | None:
        return bind_cast(self, node, safe=True)

    def _log(self, node: exp.Expression) -> Expression | None:
        base = node.this
        if isinstance(base, exp.Literal) and base.this == "10":
            argument = self.bind(node.expression)
            return None if argument is None else self.call("LOG10", (argument,), node)
        return self.function("LOG", node, ("expression", "this"))

    def _array(self, node: exp.Array) -> Expression | None:
        if not node.expressions:
            self.source.fault("an empty array has no type", node, next_step="write its elements")
            return None
        elements = self.bind_each(node.expressions)
        return None if elements is None else self.call("ARRAY", elements, node)

    def _anonymous(self, node: exp.Anonymous) -> Expression | None:
        name = str(node.this).upper()
        if name == "TEXT_ANALYZE":
            return bind_text_analyze(self, node)
        if name in NAMED_FORMS:
            return NAMED_FORMS[name](self, node)
        if name in MORE_FUNCTIONS:
            arguments = self.bind_each(node.expressions)
            return None if arguments is None else self.call(name, arguments, node)
        if name in (RANGE, CANDIDATES):
            self.source.fault("this hyperparameter has no value yet", node, expected="a literal in its place")
            return None
        self.bind_each([part for part in node.expressions if not isinstance(part, exp.Star)])
        if name in FUNCTION_REASONS:
            what, next_step = FUNCTION_REASONS[name]
            self.source.fault(what, node, next_step=next_step)
            return None
        like = nearest(name, function_name())
        self.source.fault(f"the function {name} is not in the feature language", node, nearest=like,
                          next_step=f"correct the name, or {WAY_OUT}" if like else WAY_OUT)  # fmt: skip
        return None


def _parts(value: Any) -> list[exp.Expression]:
    values = value if isinstance(value, list) else [value]
    return [part for part in values if isinstance(part, exp.Expression)]


def _chain(node: exp.Expression) -> list[exp.Expression]:
    """The operands of a left-deep chain of one operator, in order."""
    operands, pending = [], [node]
    while pending:
        part = pending.pop()
        if type(part) is type(node):
            pending += [part.expression, part.this]
        else:
            operands.append(part)
    return operands


def _listed(types: Sequence[SqlType]) -> str:
    return ", ".join([type_.value for type_ in types[:6]] + ["…"] * (len(types) > 6))


def _value(expression: Expression) -> object:
    return expression.value if isinstance(expression, Literal) else None
