"""Hostile rows: values on which engines disagree, over columns of every type."""

from __future__ import annotations

import datetime
import functools

import numpy as np
import pyarrow as pa

from hagane.runtime.layout import ColumnData, InputLayout
from hagane.types import Column, Schema, SqlType

SCHEMA = Schema(
    tuple(
        Column(f"{letter}{number}", type_)
        for letter, type_, count in (
            ("i", SqlType.INT64, 3),
            ("x", SqlType.FLOAT64, 3),
            ("b", SqlType.BOOL, 2),
            ("s", SqlType.STRING, 3),
            ("t", SqlType.TIMESTAMP, 2),
            ("d", SqlType.DATE, 2),
            ("ai", SqlType.ARRAY_INT64, 2),
            ("ax", SqlType.ARRAY_FLOAT64, 2),
            ("as", SqlType.ARRAY_STRING, 2),
        )
        for number in range(1, count + 1)
    )
)
LAYOUT = InputLayout(SCHEMA.columns)

_DAY = 86_400_000_000
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896  # years 1 and 9999


def _moments() -> list[int]:
    texts = (
        "1970-01-01",
        "2000-02-29",
        "1900-02-28",
        "2012-12-30",
        "2012-12-31",
        "2013-01-01",
        "2017-01-01",
        "2020-12-31",
        "2024-02-29",
        "1969-12-31",
        "1965-01-03",
        "1600-02-29",
        "2100-03-01",
        "9999-12-31",
        "2016-01-03",
    )
    days = [(datetime.date.fromisoformat(text) - datetime.date(1970, 1, 1)).days for text in texts]
    days += [_FIRST_DAY, _FIRST_DAY + 6]
    rests = (0, 1, _DAY - 1, 12 * 3_600_000_000 + 34 * 60_000_000 + 56_789_012, 999_999, 1_000_000)
    return [day * _DAY + rest for day in days for rest in rests]


POOLS: dict[SqlType, list[object]] = {
    SqlType.INT64: [
        0,
        1,
        -1,
        2,
        3,
        5,
        7,
        -7,
        10,
        100,
        1000,
        -3,
        2**31,
        -(2**31),
        2**53 + 1,
        -(2**53) - 1,
        2**62,
        2**63 - 1,
        -(2**63),
        2**63 - 2,
        -(2**63) + 1,
        3_037_000_500,
        -3_037_000_500,
    ],
    SqlType.FLOAT64: [
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        -0.5,
        1.5,
        2.5,
        -2.5,
        0.49999999999999994,
        2.0,
        10.0,
        1000.0,
        1e-3,
        123.456,
        -8.0,
        1 / 3,
        1e15,
        2.0**52,
        2.0**53,
        2.0**53 + 2,
        9.3e18,
        2.0**63,
        -(2.0**63),
        1e300,
        -1e300,
        1.7976931348623157e308,
        5e-324,
        -5e-324,
        2.2e-308,
        float("inf"),
        float("-inf"),
        float("nan"),
        709.5,
        -745.0,
        1.005,
        2.675,
        1e22,
    ],
    SqlType.BOOL: [True, False],
    SqlType.STRING: [
        "",
        "a",
        "A",
        "ab",
        "abc",
        " ",
        "  a b ",
        "\ta\n",
        "straße",
        "İstanbul",
        "ΣΑΣ",
        "ς",
        "日本語",
        "𐐨𝒳x",
        "😀",
        "e\u0301",
        "é",
        "a\0b",
        "\0",
        "a\nb",
        "x_y",
        "50%",
        "true",
        "1",
        "\u2003a\u3000",
        "\u00a0",
        "\ufeffa",
        "\u200ba",
        "None",
        "NaN",
        "TRUE",
        "falſe",
        "-9223372036854775808",
        "9223372036854775808",
        " +007\t",
        "-0x8000000000000000",
        "0xFFFFFFFFFFFFFFFF",
        "1_000",
        "1.5",
        " -.5E1 ",
        "5e-324",
        "1.7976931348623157e308",
        "-1e400",
        "-Infinity",
        "0x10",
        "2020-02-29",
        "2019-2-29",
        "0000-01-01",
        "2020-1-2 3:4:5.1+09:30",
        "2020-01-02T23:59:60Z",
        "1969-12-31 23:59:59.999999 UTC-0130",
        "9999-12-31 23:59:59-01",
        "2020-01-02 24:00:00",
        "2020-01-02 -8",
        "a.b",
        "(",
        "\\",
        "'",
        "\U0010ffff",
        "x" * 300,
        "ß" * 40,
        "ﬁ",
        "2013-01-31",
        "20240229",
        " 1 Feb 1999 ",
        "december, 31. 68",
        "2023-02-29",
        "2013-10-06 01:59:59",
        "2013-3-9T7:05:04.25",
        "20131103063000",
        "13:5:07.9",
        "ǆ",
    ],
    SqlType.TIMESTAMP: [*_moments()],
    SqlType.DATE: [*(moment // _DAY for moment in _moments()[::6]), 0, -1, _LAST_DAY],
}
"""Values by type, as they stand in tensors."""


@functools.lru_cache(maxsize=8)
@functools.cache
def hostile_rows(seed: int, count: int = 256) -> pa.Table:
    """A table of `count` rows over `SCHEMA`; one value in eight is NULL. The first row is NULL throughout."""
    generator = np.random.default_rng(seed)
    return pa.table({column.name: _column(column.type, generator, count) for column in SCHEMA})


def _arrays(type_: SqlType, generator: np.random.Generator, count: int) -> pa.Array:
    """Of 0 to 4 elements, one in eight NULL; an array in eight is NULL."""
    lengths = generator.integers(0, 5, size=count)
    elements = _column(type_.element, generator, int(lengths.sum()) + 1)
    offsets = np.concatenate([np.zeros(1, np.int32), np.cumsum(lengths)]).astype(np.int32)
    gone = generator.random(count) < 0.125
    gone[0] = True
    return pa.ListArray.from_arrays(pa.array(offsets), elements, mask=pa.array(gone))


def _column(type_: SqlType, generator: np.random.Generator, count: int) -> pa.Array:
    if type_.is_array:
        return _arrays(type_, generator, count)
    pool = POOLS[type_]
    chosen = [pool[index] for index in generator.integers(len(pool), size=count)]
    if type_ is SqlType.INT64:
        small = generator.integers(-20, 20, size=count)
        chosen = [int(small[k]) if generator.random() < 0.3 else value for k, value in enumerate(chosen)]
    if type_ is SqlType.FLOAT64:
        plain = generator.normal(scale=10, size=count)
        chosen = [float(plain[k]) if generator.random() < 0.3 else value for k, value in enumerate(chosen)]
    gone = generator.random(count) < 0.125
    gone[0] = True
    return arrow_array([None if gone[k] else value for k, value in enumerate(chosen)], type_)


def arrow_array(values: list[object], type_: SqlType) -> pa.Array:
    """Values as they stand in tensors, as the Arrow type of `type_`."""
    arrow = {
        SqlType.BOOL: pa.bool_(),
        SqlType.INT64: pa.int64(),
        SqlType.FLOAT64: pa.float64(),
        SqlType.STRING: pa.string(),
        SqlType.TIMESTAMP: pa.timestamp("us", "UTC"),
        SqlType.DATE: pa.date32(),
    }[type_]
    whole = {SqlType.TIMESTAMP: pa.int64(), SqlType.DATE: pa.int32()}.get(type_)
    return pa.array(values, whole).cast(arrow) if whole else pa.array(values, arrow)


def feed_of(table: pa.Table) -> dict[str, np.ndarray]:
    """The graph's inputs for the rows of `table`."""
    return LAYOUT.feed({c.name: _column_data(table[c.name].combine_chunks(), c.type) for c in SCHEMA})


def _column_data(array: pa.Array, type_: SqlType) -> ColumnData:
    if type_.is_array:
        lists = array.to_pylist()
        lengths = [0 if items is None else len(items) for items in lists]
        flat = pa.array([item for items in lists for item in items or ()], array.type.value_type)
        values, element_valid, *_ = _column_data(flat, type_.element)
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])
        return ColumnData(values, np.array([items is not None for items in lists]), offsets, element_valid)
    valid = array.is_valid().to_numpy(zero_copy_only=False)
    if type_ is SqlType.FLOAT64:
        return ColumnData(array.fill_null(float("nan")).to_numpy(zero_copy_only=False))
    if type_ is SqlType.STRING:
        values = np.array(["" if value is None else value for value in array.to_pylist()], object)
        return ColumnData(values, valid)
    whole = {SqlType.TIMESTAMP: pa.int64(), SqlType.DATE: pa.int32(), SqlType.BOOL: pa.int64()}.get(type_)
    numbers = array.cast(whole) if whole else array
    return ColumnData(numbers.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64), valid)
