"""The short way from rows to tensors agrees with the long one, bit for bit, or steps aside."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hagane.bundle.instances import PACKED_ROWS, InstanceDecoder
from hagane.bundle.signature import Input, Signature
from hagane.errors import RequestError
from hagane.runtime.layout import MOST_STRING_INPUTS
from hagane.types import SCALAR_TYPES, SqlType

NAMES = {f"{kind.value.lower()}{index}": kind for index in range(2) for kind in SCALAR_TYPES}
MANY_TEXTS = {**NAMES, **{f"string{index}": SqlType.STRING for index in range(2, MOST_STRING_INPUTS + 1)}}
RIGHT = {
    SqlType.BOOL: st.booleans(),
    SqlType.INT64: st.integers(-(2**63), 2**63 - 1) | st.integers(-5, 5).map(float),
    SqlType.FLOAT64: st.floats() | st.integers(-(2**70), 2**70) | st.sampled_from(["NaN", "Infinity", "-Infinity"]),
    SqlType.STRING: st.text(),
    SqlType.TIMESTAMP: st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    SqlType.DATE: st.dates().map(str),
}
RIGHT_ROW = st.fixed_dictionaries({}, optional={name: st.none() | RIGHT[kind] for name, kind in NAMES.items()})
WRONG = st.sampled_from([True, 3, 2**63, 10**400, 3.5, float("nan"), "x", "3", "\ud800", [], {}, "2013-01-01"])
ANY_ROW = st.one_of(
    RIGHT_ROW,
    st.fixed_dictionaries({}, optional=dict.fromkeys([*NAMES, "other"], WRONG)),
    st.lists(WRONG, min_size=len(NAMES), max_size=len(NAMES)),
    WRONG,
)


def signature(names: tuple[str, ...]) -> Signature:
    inputs = tuple(Input(name=name, type=MANY_TEXTS[name]) for name in names)
    return Signature(inputs=inputs, task="regression", label="y", label_type=SqlType.FLOAT64, model_type="linear_reg")


SUBSETS = st.lists(st.sampled_from(list(NAMES)), min_size=1, unique=True).map(tuple)


def long_way(decoder: InstanceDecoder, described: Signature, rows: Any) -> Any:
    try:
        return described.layout.feed(decoder.decode(rows))
    except RequestError:
        return None


def assert_same(short: dict[str, Any], long: dict[str, Any]) -> None:
    assert list(short) == list(long)
    for name, tensor in short.items():
        assert (tensor.dtype, tensor.shape) == (long[name].dtype, long[name].shape)
        if tensor.dtype == object:
            assert tensor.tolist() == long[name].tolist()
        else:
            assert bits(tensor) == bits(long[name])


def bits(tensor: Any) -> bytes:
    """Of numbers; NaN is one value, whatever its payload: it is read as NULL."""
    return bytes(np.where(np.isnan(tensor), np.nan, tensor).tobytes() if tensor.dtype.kind == "f" else tensor.tobytes())


@given(st.data(), SUBSETS)
def test_rows_that_fit_take_the_short_way(data: st.DataObject, names: tuple[str, ...]) -> None:
    described = signature(names)
    decoder = InstanceDecoder(described)
    row = RIGHT_ROW.map(lambda row: {name: value for name, value in row.items() if name in names})
    rows = data.draw(st.lists(row, min_size=1, max_size=4))
    short = decoder.pack(rows)
    assert short is not None
    assert_same(short, long_way(decoder, described, rows))


@given(st.lists(ANY_ROW, min_size=1, max_size=3), st.sampled_from(["refuse", "ignore"]), st.booleans())
def test_any_rows_agree_or_step_aside(
    rows: list[Any], extra: Literal["refuse", "ignore"], numeric_strings: bool
) -> None:
    described = signature(tuple(NAMES))
    decoder = InstanceDecoder(described, extra=extra, numeric_strings=numeric_strings)
    short, long = decoder.pack(rows), long_way(decoder, described, rows)
    if short is not None:
        assert long is not None
        assert_same(short, long)
    elif long is not None:
        assert not all(isinstance(row, dict) for row in rows)  # lists are what the short way leaves to the long one


@pytest.mark.parametrize("instances", [[], [{}] * (PACKED_ROWS + 1), ({},), {}, None])
def test_what_is_left_to_the_long_way(instances: object) -> None:
    assert InstanceDecoder(signature(("int640",))).pack(instances) is None


def test_the_tensors_of_one_row() -> None:
    feed = InstanceDecoder(signature(tuple(NAMES))).pack([{"int640": 3, "bool1": True, "string0": "鋼", "float640": 2}])
    assert feed is not None
    assert feed["packed.int64"].tolist() == [[0, 3, 0, 0, 1, 0, 0, 0]]
    assert feed["packed.validity"].tolist() == [[False, True, True, False, False, True, False, False, False, False]]
    np.testing.assert_array_equal(feed["packed.float64"], [[2, np.nan]])
    assert (feed["string.string0"].tolist(), feed["string.string1"].tolist()) == ([["鋼"]], [[""]])


def test_many_texts_share_one_tensor() -> None:
    described = signature(tuple(MANY_TEXTS))
    decoder = InstanceDecoder(described)
    rows = [{"string0": "鋼", "string9": "b", "int640": 3}, {"string16": ""}]
    short = decoder.pack(rows)
    assert short is not None
    assert "packed.string" in short
    assert_same(short, long_way(decoder, described, rows))
    assert decoder.pack([{"string16": "\ud800"}]) is decoder.pack([{"string16": 3}]) is None
