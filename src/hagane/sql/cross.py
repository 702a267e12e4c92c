"""ML.FEATURE_CROSS(STRUCT(a, b, …), degree): one crossed feature for every combination of 2 to `degree` fields."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.tokens import Token, TokenType

from hagane.sql.dialects import ExpressionDialect
from hagane.sql.expression import Expression, Literal
from hagane.sql.functions import FUNCTIONS
from hagane.sql.ml_functions import ml_name
from hagane.sql.source import CLOSING, OPENING

if TYPE_CHECKING:
    from hagane.sql.binder import Binder

MAX_FIELDS = 10
MAX_DEGREE = 4


def cross_features(binder: Binder, name: str, tree: exp.Expression) -> dict[str, Expression] | None:
    """The features that a whole expression `ML.FEATURE_CROSS(…)` is, or None where `tree` is something else.

    One combination is called `name`, several `<name>_<field>_<field>`.
    """
    if ml_name(tree) != "ML.FEATURE_CROSS":
        return None
    crosses = _crosses(binder, tree)
    if crosses is None:
        return {}
    if len(crosses) == 1:
        return {name: next(iter(crosses.values()))}
    return {f"{name}_{fields}": cross for fields, cross in crosses.items()}


def cross_call(binder: Binder, node: exp.Dot) -> Expression | None:
    """The one cross that a part `ML.FEATURE_CROSS(…)` is; several are a fault there."""
    crosses = _crosses(binder, node)
    if crosses is not None and len(crosses) > 1:
        binder.source.fault("this crosses several combinations, each a feature of its own", node,
                            next_step="cross two fields here, or let the cross be the whole expression")  # fmt: skip
        return None
    return next(iter(crosses.values())) if crosses else None


def _crosses(binder: Binder, node: exp.Expression) -> dict[str, Expression] | None:
    arguments = node.expression.expressions
    if not 1 <= len(arguments) <= 2 or not isinstance(arguments[0], exp.Struct):
        usage = FUNCTIONS["ML.FEATURE_CROSS"].usage
        binder.source.fault("ML.FEATURE_CROSS takes a STRUCT, and a degree", node, expected=usage)
        return None
    fields = struct_fields(binder, arguments[0])
    degree = _degree(binder, arguments[1]) if len(arguments) == 2 else 2
    if fields is None or degree is None:
        return None
    if not 2 <= len(fields) <= MAX_FIELDS:
        binder.source.fault("too many or too few fields to cross", arguments[0], expected=f"2 to {MAX_FIELDS}",
                            received=str(len(fields)))  # fmt: skip
        return None
    crosses: dict[str, Expression] = {}
    for chosen in _combinations(fields, degree):
        call = binder.call("ML.FEATURE_CROSS", [fields[field] for field in chosen], node)
        if call is None:
            return None
        crosses["_".join(chosen)] = call
    return crosses


def _combinations(fields: Iterable[str], degree: int) -> Iterator[tuple[str, ...]]:
    """Two fields first, then three, …"""
    fields = tuple(fields)
    return (chosen for size in range(2, degree + 1) for chosen in itertools.combinations(fields, size))


def cross_texts(sql: str) -> Iterator[str]:
    """The SQL of each combination of a whole expression `ML.FEATURE_CROSS(…)` that binds, pairs first.

    More than two fields are crossed pair by pair: a STRUCT of three would be all their combinations again. Every
    combination up to MAX_DEGREE fields is given, in the order in which `cross_features` names them.

    >>> list(cross_texts("ML.FEATURE_CROSS(STRUCT(a, b, TRIM(c) AS c), 3)"))[2:]
    ['ML.FEATURE_CROSS(STRUCT(b, TRIM(c) AS c))',
     'ML.FEATURE_CROSS(STRUCT(ML.FEATURE_CROSS(STRUCT(a, b)) AS x, TRIM(c) AS c))']
    """
    name = next(name for name in ("x" * length for length in itertools.count(1)) if name not in sql)
    for chosen in _combinations(_field_texts(sql), MAX_DEGREE):
        cross, *others = chosen
        for index, other in enumerate(others):
            cross = f"ML.FEATURE_CROSS(STRUCT({cross}{f' AS {name}' if index else ''}, {other}))"
        yield cross


def _field_texts(sql: str) -> list[str]:
    """What stands between the commas of the first STRUCT, names included."""
    tokens = ExpressionDialect().tokenize(sql)
    start = next(index for index, token in enumerate(tokens) if token.token_type is TokenType.STRUCT) + 2
    fields: list[list[Token]] = [[]]
    depth = 0
    for token in tokens[start:]:
        if token.token_type is TokenType.COMMA and depth == 0:
            fields.append([])
            continue
        depth += (token.token_type in OPENING) - (token.token_type in CLOSING)
        if depth < 0:
            break
        fields[-1].append(token)
    return [sql[field[0].start : field[-1].end + 1] for field in fields]


def struct_field_texts(sql: str) -> dict[str, str]:
    """The SQL of each field of the first STRUCT, by the field's name (of an expression that binds)."""
    texts: dict[str, str] = {}
    for index, text in enumerate(_field_texts(sql), 1):
        tokens = ExpressionDialect().tokenize(text)
        is_named = len(tokens) > 2 and tokens[-2].token_type is TokenType.ALIAS
        name = tokens[-1].text if is_named or len(tokens) == 1 else f"f{index}"
        texts[name] = text[: tokens[-2].start].strip() if is_named else text
    return texts


def struct_fields(binder: Binder, struct: exp.Expression) -> dict[str, Expression] | None:
    """The fields of a STRUCT by name, or None after noting its faults."""
    fields: dict[str, Expression] = {}
    good = True
    for index, part in enumerate(struct.expressions, 1):
        named = isinstance(part, exp.PropertyEQ | exp.Alias)
        value_node = (part.expression if isinstance(part, exp.PropertyEQ) else part.this) if named else part
        name = (part.this.name if isinstance(part, exp.PropertyEQ) else part.alias) if named else ""
        value = binder.bind(value_node)
        name = name or getattr(value, "name", "") or f"f{index}"
        if name in fields:
            binder.source.fault(f"two fields are called {name}", part, next_step="name one with AS")
        good = good and value is not None and name not in fields
        if value is not None:
            fields[name] = value
    return fields if good else None


def _degree(binder: Binder, node: exp.Expression) -> int | None:
    bound = binder.bind(node)
    value = bound.value if isinstance(bound, Literal) else None
    if isinstance(value, int) and not isinstance(value, bool) and 2 <= value <= MAX_DEGREE:
        return value
    if bound is not None:
        binder.source.fault("this is no degree", node, expected=f"a whole number from 2 to {MAX_DEGREE}")
    return None
