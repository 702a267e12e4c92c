"""One test for each defect of ONNX Runtime that `features/emit*.py` works around.

Each asserts the defect: a failure here is good news, says which workaround may go, and needs no hurry. Crashes are
provoked in a process of their own.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest

from hagane.features.emit import Emitter

MIN, MAX = -(2**63), 2**63 - 1
Emit = Callable[..., str]


def model(emit: Emit, dtype: Any, **inputs: np.ndarray) -> bytes:
    e = Emitter()
    names = [e.input(name, str if x.dtype == object else x.dtype, ("n", *x.shape[1:])) for name, x in inputs.items()]
    e.output("y", emit(e, *names), dtype, ("n", 1))
    return e.model().SerializeToString()


def run(emit: Emit, dtype: Any, **inputs: np.ndarray) -> np.ndarray:
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    return ort.InferenceSession(model(emit, dtype, **inputs), options).run(["y"], inputs)[0]


def whole(*values: int) -> np.ndarray:
    return np.array(values, np.int64)[:, None]


def _divide(operator: str, attributes: dict[str, int]) -> None:
    run(lambda e, a, b: e.node(operator, a, b, **attributes), np.int64, a=whole(MIN), b=whole(-1))


@pytest.mark.parametrize(("operator", "attributes"), [("Div", {}), ("Mod", {"fmod": 0})])
def test_smallest_integer_by_minus_one_ends_the_process(operator: str, attributes: dict[str, int]) -> None:
    """emit_integer.divide and .remainder replace the operands."""
    process = multiprocessing.get_context("spawn").Process(target=_divide, args=(operator, attributes))
    process.start()
    process.join(60)
    assert process.exitcode not in (0, 1, None), f"{operator} survives: the guard may go"


EXTREMES = (
    np.random.default_rng(0).choice([0, -1, MAX, MIN, 2**62, 5, -5, 2**31, -(2**31), 2**32], (1000, 2)).astype(np.int64)
)


@pytest.mark.parametrize(("operator", "expected"), [("Min", np.minimum), ("Max", np.maximum)])
def test_int64_min_and_max_are_wrong(operator: str, expected: np.ufunc) -> None:
    """LEAST and GREATEST use Where(Less …)."""
    a, b = EXTREMES[:, :1], EXTREMES[:, 1:]
    assert (run(lambda e, p, q: e.node(operator, p, q), np.int64, p=a, q=b) != expected(a, b)).any()


def test_int64_clip_and_sign_are_wrong() -> None:
    """emit_integer.sign uses Where; nothing clips int64."""
    a = EXTREMES[:, :1]
    limits = (np.int64(-5), np.int64(5))
    clipped = run(lambda e, p: e.node("Clip", p, *(e.constant(limit) for limit in limits)), np.int64, p=a)
    assert (clipped != np.clip(a, *limits)).any()
    assert (run(lambda e, p: e.node("Sign", p), np.int64, p=a) != np.sign(a)).any()


def test_factors_near_one_are_dropped() -> None:
    """Session disables NoopElimination, which compares constants as float32."""

    def nearly_same(e: Emitter, x: str) -> str:
        return e.node("Neg", e.node("Mul", e.node("Neg", x), e.constant([[1 + 1e-12]])))

    assert run(nearly_same, np.float64, x=np.array([[3.0]])).tolist() == [[3.0]]


def test_division_of_one_is_fused_wrongly() -> None:
    """emit_integer.divide has no constant dividend; emit_float.divide uses Reciprocal; Session disables the fusion."""
    got = run(lambda e, x: e.node("Mul", e.node("Div", e.constant([[1]], np.int64), x), x), np.int64, x=whole(2, 3))
    assert got.tolist() == [[1], [1]]


def test_mod_with_fmod_loses_digits() -> None:
    """emit_integer.remainder uses fmod=0 and mends the sign."""
    got = run(lambda e, a, b: e.node("Mod", a, b, fmod=1), np.int64, a=whole(2**53 + 1), b=whole(2))
    assert got.tolist() != [[1]]


def test_division_by_zero_fails_the_batch() -> None:
    """emit_integer.divide and .remainder replace the divisor."""
    process = multiprocessing.get_context("spawn").Process(target=_divide_by_zero)
    process.start()
    process.join(60)
    assert process.exitcode != 0, "one zero divisor no longer fails its batch"


def _divide_by_zero() -> None:
    run(lambda e, a, b: e.node("Div", a, b), np.int64, a=whole(1, 2), b=whole(1, 0))


@pytest.mark.parametrize("operator", ["Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh", "Atanh"])
def test_float64_has_no_such_function(operator: str) -> None:
    """emit_arc and emit_hyperbolic make them of others."""
    with pytest.raises(Exception, match="NOT_IMPLEMENTED"):
        run(lambda e, x: e.node(operator, x), np.float64, x=np.array([[1.0]]))


def test_sine_looks_at_its_neighbours() -> None:
    """emit_trigonometry has sums and products alone."""
    x = np.random.default_rng(0).normal(scale=100, size=(1000, 1))
    beside = np.where(np.arange(1000)[:, None] % 4 == 0, 1e18, x)
    alone, together = (run(lambda e, a: e.node("Sin", a), np.float64, a=batch) for batch in (x, beside))
    assert not np.array_equal(alone[1::4], together[1::4])


def test_signed_numbers_are_not_shifted() -> None:
    """emit_bits.shift goes through uint64."""
    with pytest.raises(Exception, match=r"NOT_IMPLEMENTED|INVALID|type"):
        run(lambda e, a, b: e.node("BitShift", a, b, direction="LEFT"), np.int64, a=whole(1), b=whole(1))


def test_where_has_no_bool() -> None:
    """emit_logic.choose is made of And and Or."""
    x = np.array([[True]])
    with pytest.raises(Exception, match="NOT_IMPLEMENTED"):
        run(lambda e, a: e.node("Where", a, a, a), np.bool_, x=x)


def test_where_forgets_the_sign_of_zero() -> None:
    """Why TRUNC, ROUND, CASE and COALESCE promise nothing about it."""
    got = run(
        lambda e, x: e.node("Where", e.node("Equal", x, x), x, e.constant([[1.0]])), np.float64, x=-np.zeros((1, 1))
    )
    assert not np.signbit(got).any()


def test_round_takes_halves_to_even() -> None:
    """By the standard: emit_float.round_half_away."""
    got = run(lambda e, x: e.node("Round", x), np.float64, x=np.array([[0.5], [2.5]]))
    assert got.tolist() == [[0.0], [2.0]]


def test_string_normalizer_refuses_no_rows() -> None:
    """Session pads an empty batch."""
    with pytest.raises(Exception, match=r"StringNormalizer|shape|dimension"):
        run(
            lambda e, x: e.node("StringNormalizer", x, case_change_action="UPPER", is_case_sensitive=1, locale="C"),
            str,
            x=np.empty((0,), object),
        )


def test_string_normalizer_needs_its_locale_while_loading() -> None:
    """emit_text.find_locale probes."""
    with pytest.raises(Exception, match="locale"):
        run(
            lambda e, x: e.node("StringNormalizer", x, case_change_action="UPPER", is_case_sensitive=1, locale="xx_YY"),
            str,
            x=np.array(["a"], object),
        )


def test_tokenizer_takes_the_longest_match() -> None:
    """hagane.sql.regex proves of a pattern that its first match is its longest, or writes it in another way."""
    expression = {"domain": "com.microsoft", "mark": 0, "mincharnum": 1, "pad_value": "", "tokenexp": "a|ab"}
    got = run(lambda e, x: e.node("Tokenizer", x, **expression), str, x=np.array([["ab"]], object))
    assert got.ravel().tolist() == ["ab"], "RE2's first match is 'a': REGEXP_EXTRACT could take any pattern"


def test_tokenizer_parts_every_character_at_an_empty_separator() -> None:
    """emit_extract puts an x in front of the match, so that what stands before the group is never empty."""
    expression = {"domain": "com.microsoft", "mark": 0, "mincharnum": 1, "pad_value": "", "separators": [r"\Aa*"]}
    got = run(lambda e, x: e.node("Tokenizer", x, **expression), str, x=np.array([["b"]], object))
    assert got.ravel().tolist() != ["b"]


def test_string_split_finds_no_piece_in_an_empty_text() -> None:
    """emit_pieces.split counts one."""
    got = run(
        lambda e, x: e.nodes("StringSplit", x, num_outputs=2, delimiter=",")[1], np.int64, x=np.array([[""]], object)
    )
    assert got.ravel().tolist() == [0]


def test_bool_to_string_is_a_digit() -> None:
    """CAST(b AS STRING) chooses between two constants."""
    got = run(lambda e, x: e.node("Cast", x, to=8), str, x=np.array([[True], [False]]))
    assert got.tolist() != [["true"], ["false"]]


def test_float64_to_string_loses_digits() -> None:
    """CAST of FLOAT64 to STRING is refused."""
    got = run(lambda e, x: e.node("Cast", x, to=8), str, x=np.array([[1 / 3]]))
    assert float(got[0, 0]) != 1 / 3


def test_string_to_number_fails_the_batch() -> None:
    """emit_read_number replaces what its patterns refuse."""
    with pytest.raises(Exception, match=r"Cast|cast|conver|stoll|stod|invalid"):
        run(lambda e, x: e.node("Cast", x, to=11), np.float64, x=np.array([["1"], ["one"]], object))


@pytest.mark.parametrize("text", ["5e-324", "1e400"])
def test_a_number_out_of_range_fails_the_batch(text: str) -> None:
    """emit_read_number reads it with another exponent."""
    with pytest.raises(Exception, match="stod"):
        run(lambda e, x: e.node("Cast", x, to=11), np.float64, x=np.array([[text]], object))


@pytest.mark.parametrize(("text", "to", "dtype"), [("1_000", 7, np.int64), ("1,5", 11, np.float64)])
def test_what_follows_a_number_is_ignored(text: str, to: int, dtype: Any) -> None:
    """emit_read_number has patterns of whole texts."""
    assert run(lambda e, x: e.node("Cast", x, to=to), dtype, x=np.array([[text]], object)).tolist() == [[1]]


def test_gather_outside_fails_the_batch() -> None:
    """emit_table.read replaces the index."""
    with pytest.raises(Exception, match="out of"):
        run(lambda e, i: e.node("Gather", e.constant([1.0, 2.0]), i, axis=0), np.float64, i=whole(0, 2))


def test_matmul_scale_fusion_rounds_float64_to_float32() -> None:
    """runtime.session disables the optimizer."""
    scale, x = 1.0 / 3.0, np.array([[1.0], [3.0]])

    def scaled_product(e: Emitter, x: str) -> str:
        scaled = e.node("Mul", x, e.constant(np.array(scale), np.float64))
        return e.node("MatMul", scaled, e.constant(np.array([[1.0]]), np.float64))

    error = np.abs(run(scaled_product, np.float64, x=x) - x * scale).max()
    assert error > 1e-9, "MatMulScaleFusion keeps float64: it need not be disabled"
