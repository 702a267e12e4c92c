"""Numbers read from text, held against Python's int() and float()."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.features import emit_read_number
from hagane.features.emit import Emitter
from hagane.runtime.session import Session

SMALLEST = 5e-324


def reader(read: Callable[[Emitter, str], tuple[str, str]], dtype: Any) -> Callable[[list[str]], list[Any]]:
    """A function from texts to values, None where there is none."""
    e = Emitter()
    data, failed = read(e, e.input("text", str, ("n", 1)))
    e.output("data", data, dtype, ("n", 1))
    e.output("failed", failed, np.bool_, ("n", 1))
    session = Session(e.model().SerializeToString())

    def values(texts: list[str]) -> list[Any]:
        found = session.run({"text": np.array(texts, object)[:, None]}, ["data", "failed"])
        return [None if f else d for d, f in zip(found["data"][:, 0].tolist(), found["failed"][:, 0], strict=True)]

    return values


to_int64 = reader(emit_read_number.to_int64, np.int64)
to_float64 = reader(emit_read_number.to_float64, np.float64)

WHOLE = st.one_of(
    st.integers(-(2**63) - 3, 2**63 + 3), st.integers(-(10**25), 10**25), st.sampled_from([2**63 - 1, -(2**63), 2**63])
)
SPACE = st.text("\t\n\v\f\r ", max_size=2)


@settings(max_examples=150, deadline=None)
@given(numbers=st.lists(st.tuples(WHOLE, SPACE, SPACE, st.integers(0, 30)), min_size=1, max_size=40))
def test_whole_numbers(numbers: list[tuple[int, str, str, int]]) -> None:
    texts = [f"{a}{'-' * (n < 0)}{'0' * zeros}{abs(n)}{b}" for n, a, b, zeros in numbers]
    assert to_int64(texts) == [n if -(2**63) <= n < 2**63 else None for n, *_ in numbers]


@settings(max_examples=150, deadline=None)
@given(numbers=st.lists(st.tuples(WHOLE, st.integers(0, 20), st.sampled_from(["x", "X"])), min_size=1, max_size=40))
def test_numbers_to_base_16(numbers: list[tuple[int, int, str]]) -> None:
    texts = [f"{'-' * (n < 0)}0{x}{'0' * zeros}{abs(n):x}" for n, zeros, x in numbers]
    assert to_int64(texts) == [n if -(2**63) <= n < 2**63 else None for n, *_ in numbers]


BITS = st.integers(0, 2**64 - 1).map(lambda bits: struct.unpack("<d", struct.pack("<Q", bits))[0])
FLOATS = st.one_of(BITS, st.floats(), st.floats(-1e-300, 1e-300), st.floats(1e300))


@settings(max_examples=150, deadline=None)
@given(numbers=st.lists(FLOATS, min_size=1, max_size=60))
def test_every_float_comes_back_from_its_shortest_text(numbers: list[float]) -> None:
    for number, found in zip(numbers, to_float64([repr(number) for number in numbers]), strict=True):
        assert math.isnan(found) if math.isnan(number) else is_nearest(number, found), (number, found)


DIGITS = st.text("0123456789", min_size=1, max_size=40)
EXPONENTS = st.one_of(st.integers(0, 20), st.integers(250, 400), st.integers(0, 10**12))
TEXTS = st.builds(
    lambda sign, whole, point, fraction, exponent: f"{sign}{whole}{point}{fraction if point else ''}{exponent}",
    st.sampled_from(["", "-", "+"]), DIGITS, st.sampled_from(["", "."]), st.one_of(st.just(""), DIGITS),
    st.one_of(st.just(""), st.builds(lambda e, sign, number: f"{e}{sign}{number}", st.sampled_from("eE"),
                                     st.sampled_from(["", "+", "-"]), EXPONENTS)),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=60))
def test_any_decimal_text_is_read_as_python_reads_it(texts: list[str]) -> None:
    for text, found in zip(texts, to_float64(texts), strict=True):
        assert is_nearest(float(text), found), (text, float(text), found)


def is_nearest(true: float, found: float | None) -> bool:
    """To the last bit; subnormal numbers within one step."""
    assert found is not None
    return found == true or (abs(true) < 2.3e-308 and abs(found - true) <= SMALLEST)


@settings(max_examples=150, deadline=None)
@given(texts=st.lists(st.one_of(st.text("0123456789+-.eExXaAnNiIfF _", max_size=12), st.text(max_size=5)), min_size=1,
                      max_size=60))  # fmt: skip
def test_no_text_fails_the_batch(texts: list[str]) -> None:
    for text, whole, real in zip(texts, to_int64(texts), to_float64(texts), strict=True):
        if whole is not None:
            assert whole == int(text, 16 if "x" in text.lower() else 10)
        assert (real is None) == (not _is_float(text)), text


def _is_float(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.isascii() and "_" not in text and text.strip("\t\n\v\f\r ") == text.strip()


@pytest.mark.parametrize("text", ["1" * 309, "0." + "0" * 300 + "1", "0" * 400 + "." + "0" * 320 + "5e300"])
def test_digits_beyond_the_range_of_doubles_are_not_read(text: str) -> None:
    assert to_float64([text]) == [None]


def test_the_edges_of_the_range() -> None:
    assert to_float64(["1.7976931348623157e308", "1.7976931348623159e308", "2.2250738585072014e-308"]) == [
        1.7976931348623157e308, math.inf, 2.2250738585072014e-308,
    ]  # fmt: skip
    assert to_float64(["1" * 308, "0." + "0" * 299 + "25", "0" * 500 + "7." + "0" * 500]) == [
        float("1" * 308), 2.5e-300, 7.0,
    ]  # fmt: skip
