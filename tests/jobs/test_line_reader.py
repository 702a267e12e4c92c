"""Bytes become lines: in any portions, of any content, in bounded memory."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hagane.jobs.line_reader import LONGEST_LINE_BYTES, LineReader, readable, without_colours

PIECES = st.lists(st.sampled_from([b"a", b"bc", b"\r", b"\n", b"\r\n", "é".encode(), b"\xff", b"\x1b[1m", b"\x1b[2K"]))


def lines_of(data: bytes) -> list[str]:
    """The oracle: of each line what a terminal that draws whole lines over would end with."""
    *whole, rest = data.split(b"\n")
    states = [next((piece for piece in reversed(line.split(b"\r")) if piece), b"") for line in whole]
    last = next((piece for piece in reversed(rest.split(b"\r")) if piece), b"")
    return [readable(state) for state in [*states, *([last] if last else [])]]


@given(pieces=PIECES, cuts=st.lists(st.integers(0, 40)))
def test_lines_do_not_depend_on_how_the_bytes_come(pieces, cuts):
    data = b"".join(pieces)
    reader, found, start = LineReader(), [], 0
    for end in [*sorted(min(cut, len(data)) for cut in cuts), len(data)]:
        found += reader.feed(data[start:end])
        start = end
    assert found + reader.close() == lines_of(data)


def test_ten_megabytes_without_a_newline_take_little_memory():
    reader = LineReader()
    tracemalloc.start()
    for _ in range(160):
        assert reader.feed(b"x" * 65536) == []
    (line,) = reader.feed(b"\n")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert line == "x" * LONGEST_LINE_BYTES + " … (10,420,224 more bytes of this line are in the log)"
    assert peak < 1_000_000
    assert reader.feed(b"next\n") == ["next"]


def test_a_long_line_is_not_cut_within_a_character():
    reader = LineReader()
    (line,) = reader.feed("é".encode().rjust(LONGEST_LINE_BYTES + 1, b"x") + b"\n")
    assert "\N{REPLACEMENT CHARACTER}" not in line


def test_a_progress_bar_shows_once_a_second():
    reader = LineReader()
    shown = []
    for tenth in range(50):
        reader.feed(f"\r{tenth}%".encode())
        shown.append(reader.progress(now=100 + tenth / 10))
    assert len([state for state in shown if state]) == 5
    assert reader.feed(b"\r100%\n") == ["100%"]
    assert reader.progress(now=999) is None
    assert reader.close() == []


def test_the_last_state_of_a_bar_is_not_shown_twice():
    reader = LineReader()
    reader.feed(b"99%\r")
    assert (reader.progress(now=5.0), reader.close()) == ("99%", [])


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (b"caf\xc3\xa9", "café"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"a\tb\x08\x07\x00", "a\tb\ufffd\ufffd\ufffd"),
        (b"\x1b]0;title\x07text", "text"),
        (b"\x1b[2J\x1b[1;1Hgone\x1b[?25l", "gone"),
        (b"\x1b[31mred", "\x1b[31mred\x1b[0m"),
        (b"\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"),
        (b"\x9b2J".decode("latin-1").encode(), "\ufffd2J"),
        (b"lone \x1b", "lone \ufffd"),
    ],
)
def test_nothing_that_a_replica_writes_harms_the_terminal(written, shown):
    assert readable(written) == shown


@given(st.binary())
def test_no_control_characters_are_left(data):
    text = without_colours(readable(data.replace(b"\n", b"")))
    assert all(character == "\t" or character.isprintable() or ord(character) > 0x9F for character in text)
