"""`with_default_split`: BigQuery ML's AUTO_SPLIT, written out where a spec leaves the split open."""

from __future__ import annotations

import msgspec

from hagane.data.part_sql import HASH_RANGE, hash_bits
from hagane.data.table import Table
from hagane.spec.spec import Spec, Split

LEAST_ROWS, MOST_ROWS, EVAL_ROWS = 500, 50_000, 10_000
"""Fewer rows than the first are all trained on; of more than the second so many are set aside."""


def with_default_split(spec: Spec, table: Table) -> Spec:
    """The spec with AUTO_SPLIT in the place of a split that says nothing, where it wants BigQuery's defaults.

    Without a label it is no split, whatever defaults it wants: nothing is predicted that could be judged on other rows.

    >>> import pyarrow as pa
    >>> from hagane.data.open_table import open_table
    >>> spec = Spec(data="f.csv", label="y", defaults="bigquery")
    >>> with_default_split(spec, open_table(pa.table({"y": range(499)}))).split.method
    'none'
    """
    settled = msgspec.structs.replace(spec.split, seed=Split().seed, stratify=False)
    if settled != Split() or (spec.labels and spec.defaults != "bigquery"):
        return spec
    if not spec.labels:
        return msgspec.structs.replace(spec, split=Split(method="none"))
    return msgspec.structs.replace(spec, split=_auto_split(table, spec.split))


def _auto_split(table: Table, asked: Split) -> Split:
    """With the seed and the stratification that were asked for."""
    if table.num_rows < LEAST_ROWS:
        return Split(method="none")
    fraction = 0.2 if table.num_rows <= MOST_ROWS else _fraction_of(table, EVAL_ROWS, asked)
    return msgspec.structs.replace(asked, eval_fraction=fraction, test_fraction=0.0)


def _fraction_of(table: Table, num_rows: int, asked: Split) -> float:
    """The fraction at which so many rows are set aside, to the row (equal rows stay together; strata are rounded)."""
    if asked.stratify:
        return num_rows / table.num_rows
    bits = hash_bits(list(table.schema.names), asked)
    found = table.query(f"SELECT max(b) AS b FROM (SELECT {bits} AS b FROM data ORDER BY b LIMIT {num_rows})")
    return (int(found["b"][0].as_py()) + 1) / HASH_RANGE
