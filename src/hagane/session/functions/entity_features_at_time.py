"""`ML.ENTITY_FEATURES_AT_TIME(data, entity times)`: what was known of each entity at a time of its own."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hagane.data.engine import quote_name
from hagane.session.function_call import FunctionCall
from hagane.session.functions.feature_table import entity_times, feature_table
from hagane.session.table_function import FunctionContext, Rows


class EntityFeaturesAtTimeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What `name => value` may say."""

    num_rows: Annotated[int, msgspec.Meta(ge=1)] = 1
    """Rows for each of the entity times, the latest."""
    ignore_feature_nulls: bool = False
    """Whether a NULL is replaced by the feature's latest value before it."""


class EntityFeaturesAtTime:
    """For each entity and time its latest rows that are not later; none for an entity of which none are."""

    name = "ML.ENTITY_FEATURES_AT_TIME"
    model: Literal["none"] = "none"
    num_data = (2, 2)
    Options = EntityFeaturesAtTimeOptions

    def run(self, call: FunctionCall, context: FunctionContext) -> Rows:
        """The feature table's columns, `feature_timestamp` the time asked for. Raises DataError for other tables."""
        options = call.options
        assert isinstance(options, EntityFeaturesAtTimeOptions)
        table = feature_table(call)
        their_entity, time = (quote_name(name) for name in entity_times(call))
        entity, timestamp = quote_name(table.entity), quote_name(table.timestamp)
        features = table.numbered(call.data[0].sql, ignore_nulls=options.ignore_feature_nulls)
        chosen = ", ".join(
            f"a.time AS {timestamp}" if f"{name}" == table.timestamp else f"f.{quote_name(name)}"
            for name in table.columns
        )
        sql = (
            f"WITH f AS MATERIALIZED ({features}), "
            f"last AS (SELECT {entity} AS entity, {timestamp} AS at, max(position) AS position FROM f GROUP BY ALL), "
            f"asked AS (SELECT {their_entity} AS entity, {time} AS time FROM ({call.data[1].sql})), "
            "a AS (SELECT asked.entity, asked.time, last.position FROM asked "
            "ASOF JOIN last ON asked.entity = last.entity AND asked.time >= last.at) "
            f"SELECT {chosen} FROM a JOIN f ON f.{entity} = a.entity "
            f"AND f.position BETWEEN a.position - {options.num_rows - 1} AND a.position"
        )
        return context.connection.sql(sql).to_arrow_table()
