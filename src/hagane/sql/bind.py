"""Text to typed trees: the one way into the feature language.

`bind` reads one expression of the BigQuery dialect and `bind_all` a whole transform. Every fault of every expression
is told at once, with the SQL underlined and the nearest name; what cannot be compiled is refused with the way out.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from hagane.errors import ExpressionError, Fault
from hagane.sql.binder import Binder
from hagane.sql.cross import cross_features
from hagane.sql.expression import Analyze, Call, Expression, columns_of, walk
from hagane.sql.functions.analyzers import WHOLE_FEATURES
from hagane.sql.polynomial import polynomial_features
from hagane.sql.source import Source
from hagane.types import Schema

NO_COLUMN_STEP = "use a column, or leave the feature out: a constant tells a model nothing"


def bind(sql: str, schema: Schema, *, where: str = "") -> Expression:
    """The typed tree of one expression over the columns of `schema`.

    `where` names the place in error messages (`transform.age`). Raises ExpressionError with every fault.

    >>> from hagane.types import Column, SqlType
    >>> schema = Schema((Column("age", SqlType.INT64), Column("job", SqlType.STRING)))
    >>> tree = bind("LN(Age) + 1", schema)
    >>> tree.function, tree.type.value, [argument.type.value for argument in tree.arguments]
    ('+', 'FLOAT64', ['FLOAT64', 'FLOAT64'])
    >>> bind("LN(agee)", schema)
    Traceback (most recent call last):
    hagane.errors.ExpressionError: there is no column `agee`
      LN(agee)
         ^^^^
      did you mean: age
    """
    source = Source(sql, where)
    tree = source.parse()
    return _bind_tree(Binder(source, schema), tree)


def _bind_tree(binder: Binder, tree: exp.Expression | None) -> Expression:
    source = binder.source
    expression = binder.bind(tree) if tree is not None else None
    if expression is not None:
        _refuse_functions_of_slots(source, expression)
    if expression is not None and not source.faults and not columns_of(expression):
        source.fault("the expression reads no column", next_step=NO_COLUMN_STEP)
    if expression is None or source.faults:
        raise ExpressionError(*source.faults)
    return expression


def _refuse_functions_of_slots(source: Source, expression: Expression) -> None:
    for call in walk(expression):
        for argument in call.arguments if isinstance(call, Call) else ():
            if isinstance(argument, Analyze) and argument.function in WHOLE_FEATURES:
                label = " (ML.LABEL_ENCODER gives a number)" if argument.function == "ML.ONE_HOT_ENCODER" else ""
                source.fault(f"{argument.function} is a whole feature: no function can be applied to it",
                             argument.span, next_step=f"let it be the whole expression{label}")  # fmt: skip


def bind_all(transform: Mapping[str, str], schema: Schema) -> dict[str, Expression]:
    """The typed trees of a transform: feature name → SQL.

    An ML.FEATURE_CROSS over several combinations becomes one feature for each, named `<name>_<a>_<b>`. Raises
    ExpressionError with every fault of every feature.

    >>> from hagane.types import Column, SqlType
    >>> schema = Schema(tuple(Column(name, SqlType.STRING) for name in "abc"))
    >>> list(bind_all({"x": "ML.FEATURE_CROSS(STRUCT(a, b, c))", "y": "ML.FEATURE_CROSS(STRUCT(a, b))"}, schema))
    ['x_a_b', 'x_a_c', 'x_b_c', 'y']
    """
    features: dict[str, Expression] = {}
    faults: list[Fault] = []
    for name, sql in transform.items():
        try:
            bound = _bind_feature(name, sql, schema)
        except ExpressionError as error:
            faults += error.faults
            continue
        for clash in bound.keys() & features.keys():
            faults.append(Fault(what=f"two features are called {clash!r}", where=f"transform.{name}", sql=sql,
                                end=len(sql), next_step="rename one of them"))  # fmt: skip
        features |= bound
    if faults:
        raise ExpressionError(*faults)
    return features


def _several(binder: Binder, name: str, tree: exp.Expression) -> dict[str, Expression] | None:
    """The features of an expression that is more than one, or None."""
    crosses = cross_features(binder, name, tree)
    return polynomial_features(binder, name, tree) if crosses is None else crosses


def _bind_feature(name: str, sql: str, schema: Schema) -> dict[str, Expression]:
    source = Source(sql, f"transform.{name}")
    tree = source.parse()
    binder = Binder(source, schema)
    crosses = _several(binder, name, tree) if tree is not None else None
    for part in (crosses or {}).values():
        _refuse_functions_of_slots(source, part)
    if source.faults:
        raise ExpressionError(*source.faults)
    return {name: _bind_tree(binder, tree)} if crosses is None else crosses
