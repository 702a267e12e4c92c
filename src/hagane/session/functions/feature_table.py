"""`FeatureTable`: what features were known of entities, and when: the first argument of the point-in-time functions."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from hagane.data.engine import quote_name
from hagane.errors import DataError, Fault
from hagane.session.function_call import FunctionCall

ENTITY, TIMESTAMP = "entity_id", "feature_timestamp"


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """Its columns by the part they play; names keep their case."""

    entity: str
    timestamp: str
    columns: tuple[str, ...]
    """All of them, in the input's order."""

    @property
    def features(self) -> tuple[str, ...]:
        """The columns but the two."""
        return tuple(name for name in self.columns if name not in (self.entity, self.timestamp))

    def numbered(self, sql: str, *, ignore_nulls: bool) -> str:
        """SELECT of the rows with `position`, 1 for each entity's first; with `ignore_nulls` what is NULL filled.

        A NULL is filled with the feature's last value before. Rows of one entity and one time are in the order of
        their features, so that the same rows give the same answer in whatever order they are read.
        """
        entity, timestamp = quote_name(self.entity), quote_name(self.timestamp)
        ties = "".join(f", {quote_name(name)} NULLS FIRST" for name in self.features)
        window = f"(PARTITION BY {entity} ORDER BY {timestamp}{ties} ROWS UNBOUNDED PRECEDING)"
        filled = [
            f"last_value({quote_name(name)} IGNORE NULLS) OVER w AS {quote_name(name)}"
            if ignore_nulls and name in self.features
            else quote_name(name)
            for name in self.columns
        ]
        known = f"SELECT * FROM ({sql}) WHERE {timestamp} IS NOT NULL"
        return f"SELECT {', '.join(filled)}, row_number() OVER w AS position FROM ({known}) WINDOW w AS {window}"


def feature_table(call: FunctionCall) -> FeatureTable:
    """The first data argument's columns. Raises DataError where it is no table of features."""
    schema = call.data[0].schema
    faults = [
        *_column_faults(call, schema, "the feature table", ENTITY, "STRING"),
        *_column_faults(call, schema, "the feature table", TIMESTAMP, "TIMESTAMP"),
    ]
    if not faults and len(schema) < 3:
        faults = [fault_at(call, "the feature table holds no feature", expected="a column for each feature")]
    if faults:
        raise DataError(*faults)
    return FeatureTable(_named(schema, ENTITY)[0], _named(schema, TIMESTAMP)[0], tuple(schema.names))


def entity_times(call: FunctionCall) -> tuple[str, str]:
    """The columns `entity_id` and `time` of the second data argument. Raises DataError where they are not there."""
    schema = call.data[1].schema
    faults = [
        *_column_faults(call, schema, "the entity time table", ENTITY, "STRING"),
        *_column_faults(call, schema, "the entity time table", "time", "TIMESTAMP"),
    ]
    if faults:
        raise DataError(*faults)
    return _named(schema, ENTITY)[0], _named(schema, "time")[0]


def fault_at(call: FunctionCall, what: str, *, expected: str = "", received: str = "") -> Fault:
    """A fault of the call as a whole, underlined where it stands."""
    return Fault(what=what, sql=call.sql, start=call.start, end=call.end, expected=expected, received=received)


def _named(schema: pa.Schema, name: str) -> list[str]:
    """Columns of that name in any case."""
    return [column for column in schema.names if column.lower() == name]


def _column_faults(call: FunctionCall, schema: pa.Schema, table: str, name: str, kind: str) -> list[Fault]:
    found = _named(schema, name)
    if len(found) != 1:
        what = f"{table} has {'no' if not found else 'more than one'} column '{name}'"
        expected = "entity_id STRING, feature_timestamp TIMESTAMP and a column for each feature"
        if table == "the entity time table":
            expected = "entity_id STRING and time TIMESTAMP"
        return [fault_at(call, what, expected=expected, received=", ".join(schema.names))]
    kept = schema.field(found[0]).type
    fits = _is_string(kept) if kind == "STRING" else pa.types.is_timestamp(kept)
    if fits:
        return []
    return [fault_at(call, f"column '{found[0]}' of {table} is of another type", expected=kind, received=str(kept))]


def _is_string(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))
