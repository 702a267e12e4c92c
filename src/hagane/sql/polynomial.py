"""ML.POLYNOMIAL_EXPAND(STRUCT(a, b, …), degree): every product of up to `degree` of the numbers, a feature each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from hagane.sql.coerce import coerce
from hagane.sql.cross import MAX_FIELDS, struct_field_texts, struct_fields
from hagane.sql.expression import Expression, Literal
from hagane.sql.functions.ml import POLYNOMIAL_USAGE
from hagane.sql.ml_functions import ml_name
from hagane.types import SqlType

if TYPE_CHECKING:
    from hagane.sql.binder import Binder

MAX_DEGREE = 4


def polynomial_features(binder: Binder, name: str, tree: exp.Expression) -> dict[str, Expression] | None:
    """The features that a whole expression `ML.POLYNOMIAL_EXPAND(…)` is, or None where `tree` is something else.

    They are called `<name>_<field>_<field>`, in BigQuery ML's order: a, a_a, a_b, b, b_b.
    """
    if ml_name(tree) != "ML.POLYNOMIAL_EXPAND":
        return None
    products = _products(binder, tree)
    return {} if products is None else {f"{name}_{'_'.join(fields)}": product for fields, product in products.items()}


def polynomial_texts(sql: str, names: Sequence[str], prefix: str) -> Iterator[str]:
    """The SQL of each feature of a whole expression `ML.POLYNOMIAL_EXPAND(…)` that binds to features of these names.

    >>> list(polynomial_texts("ML.POLYNOMIAL_EXPAND(STRUCT(a, LN(b) AS c))", ["p_a", "p_a_a", "p_a_c"], "p"))
    ['CAST(a AS FLOAT64)', 'CAST(a AS FLOAT64) * CAST(a AS FLOAT64)', 'CAST(a AS FLOAT64) * CAST(LN(b) AS FLOAT64)']
    """
    texts = struct_field_texts(sql)
    chosen = {f"{prefix}_{'_'.join(fields)}": fields for fields in combinations(tuple(texts), MAX_DEGREE)}
    return (" * ".join(f"CAST({texts[field]} AS FLOAT64)" for field in chosen[name]) for name in names)


def combinations(fields: tuple[str, ...], degree: int) -> Iterator[tuple[str, ...]]:
    """Up to `degree` of the fields, repetitions allowed, each followed by the longer ones that begin with it.

    >>> ["_".join(chosen) for chosen in combinations(("a", "b"), 2)]
    ['a', 'a_a', 'a_b', 'b', 'b_b']
    """
    for index, field in enumerate(fields):
        yield (field,)
        if degree > 1:
            yield from ((field, *rest) for rest in combinations(fields[index:], degree - 1))


def _products(binder: Binder, node: exp.Expression) -> dict[tuple[str, ...], Expression] | None:
    arguments = node.expression.expressions
    if not 1 <= len(arguments) <= 2 or not isinstance(arguments[0], exp.Struct):
        binder.source.fault("ML.POLYNOMIAL_EXPAND takes a STRUCT, and a degree", node, expected=POLYNOMIAL_USAGE)
        return None
    fields = struct_fields(binder, arguments[0])
    degree = _degree(binder, arguments[1]) if len(arguments) == 2 else 2
    if fields is None or degree is None:
        return None
    numbers = {name: coerce(value, SqlType.FLOAT64) for name, value in fields.items()}
    wrong = [name for name, number in numbers.items() if number is None]
    for name in wrong:
        binder.source.fault(f"the field {name} is no number", fields[name].span, received=fields[name].type.value)
    if not 1 <= len(fields) <= MAX_FIELDS:
        binder.source.fault("too many or too few fields to expand", arguments[0], expected=f"1 to {MAX_FIELDS}",
                            received=str(len(fields)))  # fmt: skip
        return None
    known = {name: number for name, number in numbers.items() if number is not None}
    return None if wrong else {chosen: _product(binder, [known[name] for name in chosen], node)
                               for chosen in combinations(tuple(known), degree)}  # fmt: skip


def _product(binder: Binder, factors: Sequence[Expression], node: exp.Expression) -> Expression:
    product = factors[0]
    for factor in factors[1:]:
        found = binder.call("*", (product, factor), node)
        assert found is not None, "numbers can be multiplied"
        product = found
    return product


def _degree(binder: Binder, node: exp.Expression) -> int | None:
    bound = binder.bind(node)
    value = bound.value if isinstance(bound, Literal) else None
    if type(value) is int and 1 <= value <= MAX_DEGREE:
        return value
    if bound is not None:
        binder.source.fault("this is no degree", node, expected=f"a whole number from 1 to {MAX_DEGREE}")
    return None
