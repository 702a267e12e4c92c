"""`bigquery_transform`: BigQuery ML's automatic preprocessing of what a TRANSFORM gives.

"If you use both, automatic preprocessing occurs after manual preprocessing" (BigQuery ML's documentation, "Feature
preprocessing overview"): numbers are standardised, text, BOOL and DATE become one-hot, TIMESTAMP its parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hagane.errors import ExpressionError, Fault
from hagane.features.automatic_bigquery import bigquery_features
from hagane.features.lower import has_slots, learns
from hagane.sql.bind import bind_all
from hagane.sql.cross import cross_texts
from hagane.sql.expression import Expression
from hagane.sql.polynomial import polynomial_texts
from hagane.types import Column, Schema, SqlType


def bigquery_transform(
    transform: Mapping[str, str], schema: Schema, *, scales: bool, accepts_missing: bool
) -> dict[str, str]:
    """Feature name → SQL with that preprocessing written out; `scales` and `accepts_missing` are the family's.

    What learns something already (ML.X(…) OVER ()) stays as it is: nothing can be learned of what is learned; and so do
    categories that have slots (ML.BUCKETIZE, ML.HASH_BUCKETIZE). Doing it twice changes nothing.

    Raises ExpressionError with every fault of every feature.

    >>> schema = Schema((Column("age", SqlType.INT64), Column("job", SqlType.STRING)))
    >>> bigquery_transform({"a": "LN(age)", "b": "ML.MIN_MAX_SCALER(age) OVER ()", "job": "job"}, schema,
    ...                    scales=True, accepts_missing=False)
    {'a': 'COALESCE(ML.STANDARD_SCALER(LN(age)) OVER (), 0)', 'b': 'ML.MIN_MAX_SCALER(age) OVER ()',
     'job': "ML.ONE_HOT_ENCODER(job, 'none', 1000000, 0) OVER ()"}
    """
    features: dict[str, str] = {}
    faults: list[Fault] = []
    for name, sql in transform.items():
        try:
            found = [
                feature for each in _parts(name, sql, schema) for feature in _features(*each, scales, accepts_missing)
            ]
        except ExpressionError as error:
            faults += error.faults
            continue
        for feature, text in found:
            if feature in features:
                step = "rename one of them"
                what = f"two features are called {feature!r}"
                faults.append(Fault(what=what, where=f"transform.{name}", next_step=step))
            features[feature] = text
    if faults:
        raise ExpressionError(*faults)
    return features


def _parts(name: str, sql: str, schema: Schema) -> Iterator[tuple[str, str, Expression]]:
    """Name, text and tree of each feature that an expression is: of a cross, or of products, it is several."""
    bound = bind_all({name: sql}, schema)
    trees = list(bound.values())
    if (len(bound) == 1 and name in bound) or any(map(learns, trees)):
        yield name, sql, trees[0]
        return
    is_cross = trees[0].type is SqlType.STRING
    texts = cross_texts(sql) if is_cross else polynomial_texts(sql, tuple(bound), name)
    yield from ((part, text, tree) for (part, tree), text in zip(bound.items(), texts, strict=False))


def _features(
    name: str, sql: str, expression: Expression, scales: bool, accepts_missing: bool
) -> Iterator[tuple[str, str]]:
    if learns(expression) or has_slots(expression):
        yield name, sql
        return
    text = f"{sql}\n" if "--" in sql or "#" in sql else sql.strip()  # a comment must not swallow what follows
    column = Column(name, expression.type)
    for feature, template in bigquery_features(column, scales=scales, accepts_missing=accepts_missing):
        yield feature, template.replace("{x}", text)
