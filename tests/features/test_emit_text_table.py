"""Strings against Python's own functions, tables against numpy."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import numpy as np
import pytest

from hagane.features import emit_table, emit_text
from hagane.features.emit import Emitter
from hagane.features.emit_table import MOST_COMPARISONS
from hagane.runtime.session import Session
from hagane.sql.functions import WHITE_SPACE
from hagane.sql.patterns import pattern_fault

TEXTS = ["", " ", "a", "  a b ", "\ta\n", "\u2003é\u3000", "a\0b", "\0", "😀x", "e\u0301", "\u200ba", "\ufeff",
         "x" * 2500, "日本" * 700, "ß" * 33, "a\nb", *WHITE_SPACE]  # fmt: skip


def strings(rows: list[list[str]]) -> np.ndarray:
    return np.array(rows, object)


def run(emit: Callable[[Emitter, str], str], x: np.ndarray, dtype: type) -> np.ndarray:
    e = Emitter()
    tensor = e.input("x", str if x.dtype == object else x.dtype, ("n", x.shape[1]))
    e.output("y", emit(e, tensor), dtype, ("n", x.shape[1]))
    return Session(e.model().SerializeToString()).run({"x": x}, ["y"])["y"]


@pytest.mark.parametrize("width", [1, 2])
def test_length_counts_code_points(width: int) -> None:
    x = strings([[text] * width for text in [*TEXTS, "x" * 31, "é" * 32, "x" * 33, "y" * 1033]])
    assert run(emit_text.length, x, np.int64).tolist() == [[len(text) for text in row] for row in x]


@pytest.mark.parametrize("width", [1, 2])
@pytest.mark.parametrize(
    ("sides", "stripped"),
    [
        ("both", lambda text: text.strip(WHITE_SPACE)),
        ("left", lambda text: text.lstrip(WHITE_SPACE)),
        ("right", lambda text: text.rstrip(WHITE_SPACE)),
    ],
)
def test_trim(sides: str, stripped: Callable[[str], str], width: int) -> None:
    x = strings([[text] * width for text in TEXTS])
    got = run(lambda e, text: emit_text.trim(e, text, WHITE_SPACE, sides), x, str)
    assert got.tolist() == [[stripped(text) for text in row] for row in x]


@pytest.mark.timeout(20)
def test_long_texts_beyond_ascii_are_counted_in_linear_time() -> None:
    """Large repetitions in RE2 once took minutes for this."""
    assert run(emit_text.length, strings([["é" * 50_000]]), np.int64).tolist() == [[50_000]]


def test_white_space_alone_is_trimmed_to_nothing() -> None:
    assert run(
        lambda e, text: emit_text.trim(e, text, WHITE_SPACE, "both"), strings([[" "], ["\t"]]), str
    ).tolist() == [[""], [""]]


@pytest.mark.skipif(emit_text.find_locale() == "C", reason="this machine has no locale that knows letters beyond ASCII")
def test_case_changes_code_point_by_code_point() -> None:
    """Against Unicode's mapping where that is of one code point; a table of a newer Unicode may know more letters."""
    letters = [chr(code) for code in range(1, 0x500) if unicodedata.category(chr(code)).startswith("L")]
    for action, change in (("UPPER", str.upper), ("LOWER", str.lower)):
        got = run(
            lambda e, text, action=action: emit_text.change_case(e, text, action, emit_text.find_locale()),
            strings([[letter] for letter in letters]),
            str,
        )[:, 0]
        simple = [letter for letter in letters if len(change(letter)) == 1]
        found = dict(zip(letters, got, strict=True))
        assert {letter: found[letter] for letter in simple} == {letter: change(letter) for letter in simple}
        assert all(len(value) == 1 for value in got)


def test_quoted_text_matches_itself_only() -> None:
    for text in ["a.b", "(", "\\", "[x]*", "\0", "\n", "é😀", "a-b_c", "%^$|{}"]:
        x = strings([[text], [text + "x"], ["x" + text], [""]])
        got = run(lambda e, t, text=text: emit_text.matches(e, t, emit_text.quoted(text)), x, np.bool_)
        assert got[:, 0].tolist() == [True, False, False, False], text


def test_patterns_are_judged_by_re2() -> None:
    good = ["a", "^a$", "(?i)x|y", "[[:alpha:]]", r"\d{1,3}", ""]
    bad = ["a(b", "a)(b", "[", "(?=x)", r"\1", "*", "a{1001}"]
    assert [not pattern_fault(pattern) for pattern in good + bad] == [True] * len(good) + [False] * len(bad)


def test_position_in_vocabularies_of_each_lane() -> None:
    x = strings([["a", "a"], ["b", "b"], ["1:a", "0:a"], ["", "zz"]])
    for vocabularies in ([["a", "b"], ["b"]], [["a", "b"]] * 2, [["a"], []], [[], []]):
        got = run(lambda e, t, v=vocabularies: emit_text.position(e, t, v), x, np.int64)
        expected = [[v.index(t) + 1 if t in v else 0 for t, v in zip(row, vocabularies, strict=True)] for row in x]
        assert got.tolist() == expected


def test_int_position() -> None:
    x = np.array([[2**53 + 1, -(2**63)], [2**53, 7], [0, 0]])
    for vocabularies in ([[2**53 + 1, 0], [-(2**63)]], [[7, 0]] * 2, [[], [7]]):
        got = run(lambda e, t, v=vocabularies: emit_table.int_position(e, t, v), x, np.int64)
        expected = [
            [v.index(t) + 1 if t in v else 0 for t, v in zip(row, vocabularies, strict=True)] for row in x.tolist()
        ]
        assert got.tolist() == expected


@pytest.mark.parametrize("count", [0, 1, 5, MOST_COMPARISONS, MOST_COMPARISONS + 1, 100, 1000])
@pytest.mark.parametrize("width", [1, 3])
def test_count_points_is_searchsorted(count: int, width: int) -> None:
    random = np.random.default_rng(count)
    points = [np.unique(random.normal(size=count)).tolist() for _ in range(width)]
    points[-1] = points[-1][: max(0, count - 3)]
    ties = random.choice([*points[0], 0.0], (500, width))
    x = np.concatenate(
        [random.normal(size=(500, width)), ties, np.full((1, width), np.inf), np.full((1, width), -np.inf)]
    )
    got = run(lambda e, t: emit_table.count_points(e, t, points), x, np.int64)
    assert (
        got.tolist()
        == np.stack([np.searchsorted(p, c, "right") for p, c in zip(points, x.T, strict=True)], axis=1).tolist()
    )


def test_infinite_points_tie_too() -> None:
    points = [[-np.inf, 0.0, np.inf], [-np.inf, *range(20), np.inf]]
    got = run(
        lambda e, t: emit_table.count_points(e, t, points),
        np.array([[-np.inf] * 2, [np.inf] * 2, [-0.0] * 2]),
        np.int64,
    )
    assert got.tolist() == [[1, 1], [3, 22], [2, 2]]


def test_reading_outside_a_table_gives_its_first_value() -> None:
    tables = [np.array(["u", "v"], object), np.array(["p", "q", "r"], object)]
    got = run(lambda e, t: emit_table.read(e, t, tables, None), np.array([[1, 2], [-1, 3], [2**63 - 1, -(2**63)]]), str)
    assert got.tolist() == [["v", "r"], ["u", "p"], ["u", "p"]]
