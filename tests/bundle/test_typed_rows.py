"""The shortest way from JSON to the graph's inputs, held to the long one: the same tensors bit by bit, or none."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hagane.bundle.instances import InstanceDecoder
from hagane.bundle.signature import Input, Signature
from hagane.bundle.typed_rows import TypedRows
from hagane.types import SqlType

SCALARS = [SqlType.FLOAT64, SqlType.INT64, SqlType.STRING, SqlType.BOOL, SqlType.TIMESTAMP, SqlType.DATE]
NAMES = ["a", "b c", "ä", "x.y", "$", "b64", "c0"]


def signature_of(*types: SqlType) -> Signature:
    inputs = tuple(
        Input(name=NAMES[place] if place < 7 else f"n{place}", type=each) for place, each in enumerate(types)
    )
    return Signature(inputs=inputs, task="regression", label="y", label_type=SqlType.FLOAT64, model_type="linear_reg")


NUMBERS = st.one_of(
    st.integers(-(2**65), 2**65),
    st.floats(),
    st.sampled_from([0, -0.0, 3.0, 2**53 + 1, 2**63 - 1, -(2**63), 2**63, 1e308]),
)
TEXTS = st.text(max_size=6) | st.sampled_from(
    ["NaN", "Infinity", "2013-01-01", "2013-01-01T05:00:00Z", "9.5", "\ud800"]
)
VALUES = {
    SqlType.FLOAT64: NUMBERS,
    SqlType.INT64: st.integers(-(2**63), 2**63 - 1) | NUMBERS,
    SqlType.STRING: TEXTS,
    SqlType.BOOL: st.booleans(),
    SqlType.TIMESTAMP: st.sampled_from(
        ["2013-01-01", "2013-01-01T05:00:00Z", "1969-12-31 23:59:59.5+01", "2013-13-01"]
    ),
    SqlType.DATE: st.sampled_from(["2013-01-01", "1969-12-31", "2013-02-30", "0001-01-01"]),
}
ANYTHING = st.none() | st.booleans() | NUMBERS | TEXTS | st.just([1]) | st.just({"b64": "YQ=="})


@st.composite
def bodies(draw: st.DrawFn) -> tuple[Signature, list[dict[str, Any]]]:
    """Mostly rows that fit."""
    signature = signature_of(*draw(st.lists(st.sampled_from(SCALARS), min_size=1, max_size=6)))
    odd = draw(st.integers(0, 3)) == 0
    rows = []
    for _ in range(draw(st.integers(1, 5))):
        row: dict[str, Any] = {}
        for column in signature.inputs:
            kind = draw(st.integers(0, 9))
            if kind:
                value = ANYTHING if odd and kind == 1 else VALUES[column.type]
                row[column.name] = None if kind == 2 else draw(value)
        if odd and draw(st.booleans()):
            row[draw(st.sampled_from([*NAMES, "x", "A"]))] = draw(ANYTHING)
        rows.append(row)
    return signature, rows


def read(signature: Signature, text: str) -> dict[str, Any] | None:
    typed = TypedRows(signature)
    try:
        rows = msgspec.json.decode(text.encode("utf-8", "surrogatepass"), type=list[typed.row])
    except (msgspec.MsgspecError, ValueError):
        return None
    instances = typed.instances(rows)
    return None if instances is None else typed.feed(instances.values)


def assert_same_feed(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert ours.keys() == theirs.keys()
    for name, tensor in ours.items():
        assert (tensor.dtype, tensor.shape) == (theirs[name].dtype, theirs[name].shape)
        assert tensor.flags.c_contiguous
        if tensor.dtype == object:
            assert tensor.tolist() == theirs[name].tolist()
        elif tensor.dtype == np.float64:  # every NaN is NULL
            bits = [np.where(np.isnan(each), np.nan, each).tobytes() for each in (tensor, theirs[name])]
            assert bits[0] == bits[1]
        else:
            assert tensor.tobytes() == theirs[name].tobytes()


@settings(deadline=None, max_examples=300)
@given(bodies(), st.booleans())
@example((signature_of(SqlType.FLOAT64), [{"a": -0.0}, {"a": 2**64 + 1}, {"a": None}, {}]), False)
def test_what_it_reads_the_long_way_reads_alike(body: tuple[Signature, list[dict[str, Any]]], escaped: bool) -> None:
    signature, rows = body
    text = json.dumps(rows, ensure_ascii=escaped)
    ours = read(signature, text)
    if ours is not None:  # then the long way must not refuse it
        instances = msgspec.json.decode(text.encode())
        assert_same_feed(ours, signature.layout.feed(InstanceDecoder(signature).decode(instances)))


@pytest.mark.parametrize("types", [SCALARS, [SqlType.STRING] * 20, [SqlType.FLOAT64], [SqlType.BOOL], [SqlType.DATE]])
def test_plain_rows_are_read(types: list[SqlType]) -> None:
    """Otherwise the test above would hold for a decoder that reads nothing."""
    signature = signature_of(*types)
    plain: dict[SqlType, Any] = dict(
        zip(SCALARS, [1.5, 2**63 - 1, "鋼", True, "2013-01-01T05:00:00Z", "2013-01-01"], strict=True)
    )
    full = {column.name: plain[column.type] for column in signature.inputs}
    rows = [full, {}, dict.fromkeys(full), *(dict([each]) for each in full.items())]
    ours = read(signature, json.dumps(rows))
    assert ours is not None
    assert_same_feed(ours, signature.layout.feed(InstanceDecoder(signature).decode(rows)))


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (SqlType.INT64, 2**63),
        (SqlType.INT64, -(2**63) - 1),
        (SqlType.INT64, 3.5),
        (SqlType.INT64, True),
        (SqlType.FLOAT64, "9.5"),
        (SqlType.FLOAT64, False),
        (SqlType.STRING, 1),
        (SqlType.BOOL, 1),
        (SqlType.DATE, "2013-02-30"),
        (SqlType.TIMESTAMP, 5),
    ],
)
def test_what_does_not_fit_is_left_to_the_long_way(type_: SqlType, value: object) -> None:
    assert read(signature_of(type_), json.dumps([{"a": value}])) is None


def test_arrays_and_odd_names_have_no_short_way() -> None:
    assert not TypedRows.can_hold(signature_of(SqlType.ARRAY_STRING))
    for name in ('a"b', "a\\b", "a\nb"):
        signature = signature_of(SqlType.INT64)
        odd = msgspec.structs.replace(signature, inputs=(Input(name=name, type=SqlType.INT64),))
        assert not TypedRows.can_hold(odd)
