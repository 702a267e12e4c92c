"""`WeightColumn`: how much each row counts, as a SQL expression over the data."""

from __future__ import annotations

from dataclasses import dataclass

from hagane.errors import ExpressionError, Fault
from hagane.features.feature import FeatureKind
from hagane.features.lower import analyses, lower_feature
from hagane.features.transform import Transform
from hagane.sql.bind import bind_all
from hagane.types import Schema, SqlType

NAME = "weight"


@dataclass(frozen=True)
class WeightColumn:
    """`expression` in BigQuery's dialect, often the mere name of a column; `transform` computes it as float32."""

    expression: str
    transform: Transform

    @classmethod
    def make(cls, expression: str, schema: Schema) -> WeightColumn:
        """Raises ExpressionError for what cannot be bound, is no number, or would have to be learned.

        >>> from hagane.types import Column
        >>> WeightColumn.make("1 + n", Schema((Column("n", SqlType.INT64),))).transform.columns
        (Column(name='n', type=<SqlType.INT64: 'INT64'>),)
        """
        bound = bind_all({NAME: expression}, schema)
        found = bound.get(NAME)
        is_number = found is not None and not analyses([found]) and found.type in (SqlType.INT64, SqlType.FLOAT64)
        if not is_number or lower_feature(NAME, bound[NAME], {}).feature.kind is not FeatureKind.DENSE:
            fault = Fault(
                what="this cannot be the weight of a row",
                where=NAME,
                sql=expression,
                end=len(expression),
                expected="a number from each row alone",
                received="" if found is None else found.type.value,
            )
            raise ExpressionError(fault)
        transform = Transform.make(
            {NAME: expression}, bound, schema, {}, dense_dtype="float32", accepts_missing=True
        )  # fmt: skip
        return cls(expression, transform)
