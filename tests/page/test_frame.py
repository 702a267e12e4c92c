"""Axes: what is written at their ticks tells the values apart, and lies where there is room."""

import itertools
import re
from datetime import UTC, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from hagane.page.frame import WIDTH, Axis, Frame
from hagane.page.number_text import MINUS
from hagane.page.short_name import short_name, short_names, text_width
from hagane.page.time_ticks import EPOCH, MAX_TICKS, time_ticks

CHARACTER = 6.2
"""As wide as a digit of 11 pixels is, in the picture's units."""
NUMBERS = st.floats(-1e12, 1e12)
RELATIVE = st.floats(1e-6, 10)


@given(NUMBERS, RELATIVE)
@example(999.0, 0.001953125)
def test_ticks_have_different_texts_that_are_their_values(low, relative):
    marks = Axis("x", low, low + max(abs(low), 1e-3) * relative).marks
    assert len({text for _, text in marks}) == len(marks)
    step = min((b[0] - a[0] for a, b in itertools.pairwise(marks)), default=0.0)
    units = {"k": 1e3, "M": 1e6, "G": 1e9}
    for value, text in marks:
        number = text.replace(MINUS, "-")
        read = float(number.rstrip("kMG")) * units.get(number[-1], 1.0)
        assert abs(read - value) <= max(0.51 * step, 1e-3 * abs(value))


@given(NUMBERS, RELATIVE, NUMBERS, RELATIVE)
def test_texts_of_a_frame_do_not_touch(x_low, x_width, y_low, y_width):
    x = Axis("a name", x_low, x_low + max(abs(x_low), 1e-3) * x_width)
    y = Axis("another", y_low, y_low + max(abs(y_low), 1e-3) * y_width)
    drawn = Frame(x, y).draw("t", "d", [])
    upright = re.findall(r'<text x="([\d.]+)" y="[\d.]+" class="tick end">([^<]*)', drawn)
    name = 11 + 6  # the middle of the name that stands on its side, and half of its height
    assert all(float(end) - CHARACTER * len(text) > name for end, text in upright)
    flat = re.findall(r'<text x="([\d.]+)" y="[\d.]+" class="tick middle">([^<]*)', drawn)
    ends = [(float(at) - CHARACTER * len(text) / 2, float(at) + CHARACTER * len(text) / 2) for at, text in flat]
    assert all(left[1] < right[0] for left, right in itertools.pairwise(ends))
    assert all(float(at) <= WIDTH for at, _ in flat)


@given(st.floats(-6e10, 2.4e11), st.floats(0.5, 11))
def test_moments_are_round_within_the_range_and_few(low, magnitude):
    high = low + 10**magnitude
    ticks = time_ticks(low, high)
    assert len(ticks) <= MAX_TICKS + 1
    assert len({text for _, text in ticks}) == len(ticks)
    for at, text in ticks:
        assert low - 1e-6 <= at <= high
        moment = EPOCH + timedelta(seconds=at)
        form = {4: "%Y", 7: "%Y-%m", 10: "%Y-%m-%d", 11: "%m-%d %H:%M", 8: "%H:%M:%S"}
        lossless = {4: "%Y", 7: "%Y-%m", 10: "%Y-%m-%d"}
        if (moment.year >= 1000) and len(text) in lossless:
            assert datetime.strptime(text, lossless[len(text)]).replace(tzinfo=UTC) == moment
        elif moment.year >= 1000:
            assert moment.strftime(form[len(text)]) == text


def test_a_column_of_dates_is_labelled_by_dates():
    days = Axis("day", 15_706.0, 16_071.0, seconds=86_400.0)
    assert [text for _, text in days.marks] == ["2013-01", "2013-07", "2014-01"]
    assert "2013-07" in Frame(days, Axis("y")).draw("t", "d", [])


@given(st.text(max_size=60), st.integers(3, 30))
def test_a_short_name_fits_and_keeps_both_ends(name, width):
    short = short_name(name, width)
    assert text_width(short) <= width
    if short != name:
        first, last = short.split("…", 1) if "…" not in name else (short[:0], short[:0])
        assert name.startswith(first)
        assert name.endswith(last)


@given(st.lists(st.text("ab_é京", min_size=1, max_size=40), min_size=1, max_size=8, unique=True), st.integers(6, 20))
def test_short_names_fit_and_are_told_apart_where_the_next_characters_differ(names, width):
    shown = short_names(names, width)
    assert all(text_width(text) <= width for text in shown)
    family = short_names([f"a_rather_long_beginning_{name}_in_the_north_wing" for name in "xyz"], width)
    assert len(set(family)) == 3
