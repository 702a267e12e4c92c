"""`ML.CORRELATION(data, target_col => …, target_correlation_cols => …)`: what moves with a number."""

from __future__ import annotations

import itertools
from typing import Literal

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from hagane.data.engine import quote_name, quote_text
from hagane.errors import DataError, Fault, nearest
from hagane.session.function_call import FunctionCall
from hagane.session.functions.feature_table import fault_at
from hagane.session.table_function import FunctionContext, Rows

METHODS = ("PEARSON", "SPEARMAN", "KENDALL")
MAX_DIMENSIONS = 12
RESERVED = ("segment", "target_col", "corr_col", "correlation", "segment_size", "segment_proportion")


class CorrelationOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What `name => value` may say."""

    target_col: str
    """A column of numbers."""
    target_correlation_cols: str | list[str]
    """Columns of numbers that are correlated with it, one row each."""
    dimension_cols: str | list[str] = []
    """Columns whose values divide the rows: a segment for each combination, as GROUP BY CUBE makes them."""
    method: str = "PEARSON"


class Correlation:
    """A target's correlation with columns, in all rows and in segments of them."""

    name = "ML.CORRELATION"
    model: Literal["none"] = "none"
    num_data = (1, 1)
    Options = CorrelationOptions

    def run(self, call: FunctionCall, context: FunctionContext) -> Rows:
        """One row a segment and column, large segments first. Raises DataError for columns that cannot be.

        A pair of which one side is NULL (or NaN) is left out; the coefficient is NULL where fewer than two pairs, or
        one value alone, are left. SPEARMAN correlates ranks of which ties share the least, as BigQuery does; KENDALL
        is tau-b (Kendall, The Treatment of Ties in Ranking Problems, 1945).
        """
        options = call.options
        assert isinstance(options, CorrelationOptions)
        columns, dimensions = _listed(options.target_correlation_cols), _listed(options.dimension_cols)
        _check(call, options, columns, dimensions)
        method = options.method.upper()
        selects = [
            _segments(options.target_col, column, dimensions, by, method)
            for column in columns
            for size in range(len(dimensions) + 1)
            for by in itertools.combinations(dimensions, size)
        ]
        sql = (
            f"WITH data AS MATERIALIZED ({call.data[0].sql}) SELECT * FROM ({' UNION ALL '.join(selects)}) "
            "ORDER BY segment_size DESC, corr_col, to_json(segment)"
        )
        found = context.connection.sql(sql).to_arrow_table()
        return _typed(_with_kendall(found) if method == "KENDALL" else found)


def _listed(columns: str | list[str]) -> list[str]:
    return [columns] if isinstance(columns, str) else columns


def _check(call: FunctionCall, options: CorrelationOptions, columns: list[str], dimensions: list[str]) -> None:
    schema, faults = call.data[0].schema, []
    if options.method.upper() not in METHODS:
        closest = nearest(options.method, METHODS)
        fault = fault_at(call, "the method is unknown", expected=", ".join(METHODS), received=options.method)
        faults.append(msgspec.structs.replace(fault, nearest=closest))
    if not columns:
        faults.append(fault_at(call, "target_correlation_cols names no column", expected="a column of numbers"))
    if len(dimensions) > MAX_DIMENSIONS:
        expected, received = f"{MAX_DIMENSIONS} at most", str(len(dimensions))
        faults.append(fault_at(call, "there are too many dimension_cols", expected=expected, received=received))
    for name in dict.fromkeys([options.target_col, *columns, *dimensions]):
        is_number = name == options.target_col or name in columns
        faults += _column_faults(call, schema, name, is_number=is_number)
    if faults:
        raise DataError(*faults)


def _column_faults(call: FunctionCall, schema: pa.Schema, name: str, *, is_number: bool) -> list[Fault]:
    if name not in schema.names:
        fault = fault_at(call, f"the data have no column '{name}'", expected=", ".join(schema.names))
        return [msgspec.structs.replace(fault, nearest=nearest(name, schema.names))]
    kind = schema.field(name).type
    if name.lower() in RESERVED:
        return [fault_at(call, f"column '{name}' is called like one of the result", expected="another name, by AS")]
    if is_number and not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        return [fault_at(call, f"column '{name}' holds no numbers", expected="numbers", received=str(kind))]
    if pa.types.is_nested(kind):
        return [fault_at(call, f"rows cannot be grouped by column '{name}'", received=str(kind))]
    return []


def _segments(target: str, column: str, dimensions: list[str], by: tuple[str, ...], method: str) -> str:
    """SELECT of one grouping: a row for each combination of the values of `by`."""
    keys = {name: f"k{place}" for place, name in enumerate(by)}
    grouped = [f"{quote_name(name)} AS {key}" for name, key in keys.items()]
    pairs = ", ".join([*grouped, f"{_number(target)} AS x", f"{_number(column)} AS y"])
    rows = f"SELECT *, x IS NOT NULL AND y IS NOT NULL AS paired FROM (SELECT {pairs} FROM data)"
    if method == "SPEARMAN":
        over = ", ".join([*keys.values(), "paired"])
        ranks = (f"rank() OVER (PARTITION BY {over} ORDER BY {side}) AS {side}" for side in "xy")
        rows = f"SELECT * REPLACE ({', '.join(ranks)}) FROM ({rows})"
    coefficient = "list({'x': x, 'y': y})" if method == "KENDALL" else "corr(x, y)"
    parts = (f"{{'dimension_col': {quote_text(name)}, 'dimension_value': {_json(key)}}}" for name, key in keys.items())
    shown = [f"CAST([{', '.join(parts)}] AS STRUCT(dimension_col VARCHAR, dimension_value JSON)[]) AS segment"]
    shown += [f"{keys.get(name, 'NULL')} AS {quote_name(name)}" for name in dimensions]
    shown += [f"{quote_text(target)} AS target_col", f"{quote_text(column)} AS corr_col"]
    shown += [f"{coefficient} FILTER (paired) AS correlation", "count(*) AS segment_size"]
    shown += ["count(*) / nullif((SELECT count(*) FROM data), 0) AS segment_proportion"]
    return f"SELECT {', '.join(shown)} FROM ({rows})" + (f" GROUP BY {', '.join(keys.values())}" if keys else "")


def _number(name: str) -> str:
    """Infinities and NaN are in no correlation."""
    number = f"CAST({quote_name(name)} AS DOUBLE)"
    return f"CASE WHEN isfinite({number}) THEN {number} END"


def _json(key: str) -> str:
    """A segment of NULLs is told from none by JSON's null."""
    return f"coalesce(to_json({key}), 'null'::JSON)"


def _with_kendall(found: pa.Table) -> pa.Table:
    """The pairs of each segment replaced by their coefficient."""
    from scipy.stats import kendalltau

    values = []
    for pairs in found["correlation"].to_pylist():
        x, y = ([pair[side] for pair in pairs or ()] for side in "xy")
        values.append(float(kendalltau(x, y, variant="b").statistic) if len(x) > 1 else None)
    place = found.schema.get_field_index("correlation")
    return found.set_column(place, "correlation", pa.array(values, pa.float64()))


def _typed(found: pa.Table) -> pa.Table:
    """NaN, a coefficient that is not defined, as NULL; the values of dimensions as JSON."""
    place = found.schema.get_field_index("correlation")
    coefficient = found["correlation"].cast(pa.float64())
    defined = pc.if_else(pc.is_nan(coefficient), pa.scalar(None, pa.float64()), coefficient)
    segment = found["segment"].combine_chunks()
    names, values = segment.values.flatten()
    json = pa.ExtensionArray.from_storage(pa.json_(pa.string()), values)
    parts = pa.StructArray.from_arrays([names, json], ["dimension_col", "dimension_value"])
    typed = pa.ListArray.from_arrays(segment.offsets, parts)
    return found.set_column(place, "correlation", defined).set_column(0, "segment", typed)
