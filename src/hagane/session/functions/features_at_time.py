"""`ML.FEATURES_AT_TIME(data, time => …)`: what was known of every entity at one time."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

import msgspec

from hagane.data.engine import quote_name
from hagane.session.function_call import FunctionCall
from hagane.session.functions.feature_table import feature_table
from hagane.session.table_function import FunctionContext, Rows


class FeaturesAtTimeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What `name => value` may say."""

    time: datetime.datetime | None = None
    """Rows up to this time, itself included, are looked at; now by default. UTC where no zone is said."""
    num_rows: Annotated[int, msgspec.Meta(ge=1)] = 1
    """Rows of each entity, the latest."""
    ignore_feature_nulls: bool = False
    """Whether a NULL is replaced by the feature's latest value before it."""


class FeaturesAtTime:
    """The latest rows of each entity that are not later than a time."""

    name = "ML.FEATURES_AT_TIME"
    model: Literal["none"] = "none"
    num_data = (1, 1)
    Options = FeaturesAtTimeOptions

    def run(self, call: FunctionCall, context: FunctionContext) -> Rows:
        """The input's columns, `feature_timestamp` the time that was asked for. Raises DataError for another table."""
        options = call.options
        assert isinstance(options, FeaturesAtTimeOptions)
        table = feature_table(call)
        timestamp = quote_name(table.timestamp)
        asked = timestamp_sql(options.time or datetime.datetime.now(datetime.UTC), call, table.timestamp)
        known = f"SELECT * FROM ({call.data[0].sql}) WHERE {timestamp} <= {asked}"
        numbered = table.numbered(known, ignore_nulls=options.ignore_feature_nulls)
        latest = f"row_number() OVER (PARTITION BY {quote_name(table.entity)} ORDER BY position DESC)"
        sql = (
            f"SELECT * EXCLUDE (position) REPLACE ({asked} AS {timestamp}) FROM ({numbered}) "
            f"QUALIFY {latest} <= {options.num_rows}"
        )
        return context.connection.sql(sql).to_arrow_table()


def timestamp_sql(time: datetime.datetime, call: FunctionCall, column: str) -> str:
    """A literal of the column's own kind: TIMESTAMP is a time in UTC, with or without its zone."""
    utc = time.replace(tzinfo=datetime.UTC) if time.tzinfo is None else time.astimezone(datetime.UTC)
    zoned = call.data[0].schema.field(column).type.tz is not None
    text = utc.strftime("%Y-%m-%d %H:%M:%S.%f")
    return f"TIMESTAMPTZ '{text}+00'" if zoned else f"TIMESTAMP '{text}'"
