"""Make a transform's implicit steps explicit, so that the resolved spec alone says what will happen."""

from __future__ import annotations

from collections.abc import Mapping

from hagane.errors import ExpressionError, Fault
from hagane.features.lower import FREQUENCY_THRESHOLD, TOP_K, has_slots, learns
from hagane.sql.bind import bind_all
from hagane.sql.cross import cross_texts
from hagane.sql.expression import Analyze, Call, Expression
from hagane.sql.nullable import can_be_null
from hagane.sql.polynomial import polynomial_texts
from hagane.types import Schema, SqlType

SCALERS = ("ML.STANDARD_SCALER", "ML.MIN_MAX_SCALER", "ML.MAX_ABS_SCALER", "ML.ROBUST_SCALER")


def resolve_transform(transform: Mapping[str, str], schema: Schema, *, accepts_missing: bool) -> dict[str, str]:
    """Feature name → SQL in which every feature is dense, an id or sparse, and none dense is NULL where none may be.

    - Text becomes ML.ONE_HOT_ENCODER, an array of text ML.MULTI_HOT_ENCODER (where something is learned inside, unseen:
      `lower.bind_features`), each combination of an ML.FEATURE_CROSS a feature of its own.
    - An array of numbers stays what it is: `fit_transform` makes a feature of each element.
    - For families that take no missing values, what may be NULL becomes ML.IMPUTER(…, 'mean') where nothing is learned
      inside, and COALESCE(…, 0) where it is a scaler.

    Resolving twice changes nothing. Raises ExpressionError with every fault of every feature.

    >>> from hagane.types import Column
    >>> schema = Schema((Column("age", SqlType.INT64), Column("job", SqlType.STRING)))
    >>> resolve_transform({"age": "age", "job": "LOWER(job)"}, schema, accepts_missing=False)
    {'age': "ML.IMPUTER(age, 'mean') OVER ()",
     'job': "ML.ONE_HOT_ENCODER(LOWER(job), 'none', 32000, 5) OVER ()"}
    """
    resolved: dict[str, str] = {}
    faults: list[Fault] = []
    for name, sql in transform.items():
        try:
            features = _resolve(name, sql, schema, accepts_missing)
        except ExpressionError as error:
            faults += error.faults
            continue
        faults += [_clash(feature, name) for feature in features if feature in resolved]
        resolved |= features
    if not transform:
        faults.append(
            Fault(what="the transform has no feature", where="transform", next_step="name at least one expression")
        )
    if faults:
        raise ExpressionError(*faults)
    return resolved


def _resolve(name: str, sql: str, schema: Schema, accepts_missing: bool) -> dict[str, str]:
    bound = bind_all({name: sql}, schema)
    if len(bound) > 1 or name not in bound:
        return _several(name, sql, bound, accepts_missing)
    return {name: _explicit(name, sql, bound[name], accepts_missing)}


def _several(name: str, sql: str, bound: Mapping[str, Expression], accepts_missing: bool) -> dict[str, str]:
    if next(iter(bound.values())).type is SqlType.STRING:
        pairs = zip(bound.items(), cross_texts(sql), strict=False)
        return {name: _explicit(name, cross, expression, accepts_missing) for (name, expression), cross in pairs}
    texts = zip(bound.items(), polynomial_texts(sql, tuple(bound), name), strict=True)
    return {feature: _power(feature, text, part, accepts_missing) for (feature, part), text in texts}


def _power(name: str, sql: str, expression: Expression, accepts_missing: bool) -> str:
    """A product of an ML.POLYNOMIAL_EXPAND: 0 where it is NULL and something is learned inside."""
    if accepts_missing or not can_be_null(expression) or not learns(expression):
        return _explicit(name, sql, expression, accepts_missing)
    return f"COALESCE({_inner(sql)}, 0)"


def _explicit(name: str, sql: str, expression: Expression, accepts_missing: bool) -> str:
    if has_slots(expression):
        return sql
    if expression.type in (SqlType.STRING, SqlType.ARRAY_STRING) and learns(expression):
        return sql  # its vocabulary is a second thing to learn: `lower.bind_features`
    if expression.type is SqlType.ARRAY_STRING:
        return f"ML.MULTI_HOT_ENCODER({_inner(sql)}, {TOP_K}, {FREQUENCY_THRESHOLD}) OVER ()"
    if expression.type.is_array:
        return sql  # a feature for each element, once fit_transform knows how many there are
    if expression.type in (SqlType.TIMESTAMP, SqlType.DATE):
        raise ExpressionError(_moment_fault(name, sql, expression.type))
    if expression.type is SqlType.STRING:
        return one_hot(sql)
    if accepts_missing or not can_be_null(expression):
        return sql
    if not learns(expression):
        number = f"CAST({_inner(sql)} AS INT64)" if expression.type is SqlType.BOOL else _inner(sql)
        return f"ML.IMPUTER({number}, 'mean') OVER ()"
    if _is_scaler(expression):
        return f"COALESCE({_inner(sql)}, 0)"
    raise ExpressionError(_null_fault(name, sql))


def _is_scaler(expression: Expression) -> bool:
    """A scaler, or an element of an array made of them."""
    if isinstance(expression, Call) and expression.function == "ELEMENT":
        return True
    return isinstance(expression, Analyze) and expression.function in SCALERS


def one_hot(sql: str) -> str:
    """The one-hot encoding of an expression, with BigQuery ML's defaults spelled out."""
    return f"ML.ONE_HOT_ENCODER({_inner(sql)}, 'none', {TOP_K}, {FREQUENCY_THRESHOLD}) OVER ()"


def _inner(sql: str) -> str:
    """`sql` as an argument: a comment at its end must not swallow what follows."""
    return f"{sql}\n" if "--" in sql or "#" in sql else sql.strip()


def _clash(feature: str, name: str) -> Fault:
    return Fault(what=f"two features are called {feature!r}", where=f"transform.{name}", next_step="rename one of them")


def _fault(name: str, sql: str, what: str, expected: str, next_step: str) -> Fault:
    return Fault(what=what, where=f"transform.{name}", sql=sql, end=len(sql), expected=expected, next_step=next_step)


def _moment_fault(name: str, sql: str, type_: SqlType) -> Fault:
    trend = "UNIX_SECONDS" if type_ is SqlType.TIMESTAMP else "UNIX_DATE"
    step = f"take a part of it, such as EXTRACT(DAYOFWEEK FROM {sql}), or {trend}({sql}) for a trend"
    return _fault(name, sql, f"a {type_} is not a feature", "a number, a BOOL or text", step)


def _null_fault(name: str, sql: str) -> Fault:
    what = "this feature may be NULL, and the model family takes no missing values"
    step = f"write COALESCE({sql}, 0), or put ML.IMPUTER in the place of the learned function"
    return _fault(name, sql, what, "an expression that is never NULL", step)
