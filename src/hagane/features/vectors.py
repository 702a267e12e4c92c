"""Arrays of numbers as features: a dense feature for each element, where all the arrays are of one length."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from hagane.errors import ExpressionError, Fault
from hagane.features.analyzers.analyzer import Measured
from hagane.features.lower import has_slots
from hagane.features.resolve_transform import resolve_transform
from hagane.sql.bind import bind_all
from hagane.sql.expression import Analyze, Call, Expression, walk
from hagane.types import Schema, SqlType

MOST_ELEMENTS = 10_000
Measure = Callable[[Sequence[Analyze]], Sequence[Measured]]


def expand_vectors(
    resolved: Mapping[str, str], schema: Schema, measure: Measure, *, accepts_missing: bool
) -> dict[str, str]:
    """`resolved` with every array of numbers replaced by its elements, `<name>_0`, `<name>_1`, …

    `measure` answers for the arguments of `$LENGTH`. Raises ExpressionError for arrays of several lengths.
    """
    bound = bind_all(resolved, schema)
    vectors = {name: expression for name, expression in bound.items() if is_vector(expression)}
    if not vectors:
        return dict(resolved)
    lengths = _lengths(vectors, resolved, measure)
    expanded: dict[str, str] = {}
    for name, sql in resolved.items():
        parts = {name: sql}
        if name in vectors:
            parts = {f"{name}_{k}": f"({sql.strip()}\n)[OFFSET({k})]" if "--" in sql or "#" in sql
                     else f"({sql.strip()})[OFFSET({k})]" for k in range(lengths[name])}  # fmt: skip
            parts = resolve_transform(parts, schema, accepts_missing=accepts_missing)
        for clash in parts.keys() & expanded.keys():
            raise ExpressionError(Fault(what=f"two features are called {clash!r}", where=f"transform.{name}",
                                        next_step="rename one of them"))  # fmt: skip
        expanded |= parts
    return expanded


def is_vector(expression: Expression) -> bool:
    """Whether a feature is an array of numbers, not encoded."""
    return expression.type in (SqlType.ARRAY_INT64, SqlType.ARRAY_FLOAT64) and not has_slots(expression)


def _lengths(vectors: Mapping[str, Expression], resolved: Mapping[str, str], measure: Measure) -> dict[str, int]:
    lengths = {name: known for name, e in vectors.items() if (known := _written_length(e)) is not None}
    unknown = {name: e for name, e in vectors.items() if name not in lengths}
    faults = [
        _fault(
            name,
            resolved[name],
            "an array built on a learned function has no known length",
            "take its elements one by one",
        )
        for name, e in unknown.items()
        if any(isinstance(node, Analyze) for node in walk(e))
    ]
    if faults:
        raise ExpressionError(*faults)
    asked = {name: Analyze("$LENGTH", e, SqlType.INT64) for name, e in unknown.items()}
    for name, found in zip(asked, measure(list(asked.values())), strict=True):
        least, most = (int(str(found.scalars[end] or 0)) for end in ("least", "most"))
        if least != most or not 1 <= most <= MOST_ELEMENTS:
            faults.append(_ragged_fault(name, resolved[name], unknown[name].type, least, most))
        lengths[name] = most
    if faults:
        raise ExpressionError(*faults)
    return lengths


def _written_length(expression: Expression) -> int | None:
    """The length that an expression says itself, or None."""
    match expression:
        case Call("ARRAY", arguments):
            return len(arguments)
        case Call("ML.NORMALIZER", (array,)):
            return _written_length(array)
        case _:
            return None


def _ragged_fault(name: str, sql: str, type_: SqlType, least: int, most: int) -> Fault:
    what = f"the arrays have from {least:,} to {most:,} elements: not one number of features"
    step = f"take elements, such as {sql}[SAFE_OFFSET(0)], or ARRAY_LENGTH({sql})"
    step += f", or encode them: ML.MULTI_HOT_ENCODER({sql}) OVER ()" * (type_ is SqlType.ARRAY_INT64)
    return _fault(name, sql, what, step)


def _fault(name: str, sql: str, what: str, step: str) -> Fault:
    return Fault(what=what, where=f"transform.{name}", sql=sql, end=len(sql), next_step=step,
                 expected=f"arrays of one length, 1 to {MOST_ELEMENTS:,}")  # fmt: skip
