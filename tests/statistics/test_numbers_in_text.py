"""Text that is numbers with something around them is told from codes, dates and words."""

from __future__ import annotations

import pyarrow as pa
import pytest

from hagane.data.open_table import open_table
from hagane.statistics.measure import measure_statistics
from hagane.statistics.numbers_in_text import number_in_text


def found(values: list[str]) -> str:
    return number_in_text(measure_statistics(open_table(pa.table({"x": values})))["x"])


@pytest.mark.parametrize(
    "values",
    [
        [f"${i:,}" for i in range(900, 1400)],
        [f"{i % 90} m2" for i in range(500)],
        [f"{i}.{i:03},5{i % 10}" for i in range(100, 400)],
        [f"{i} %" for i in range(60)],
        ["EUR 12", "EUR 7.50", "EUR 1'200"],
        [str(i * i) for i in range(50)],
        ["-3", "+4.5", "12kg"],
    ],
)
def test_numbers(values):
    assert found(values) in values


@pytest.mark.parametrize(
    "values",
    [
        ["10115", "20095", "80331"],
        ["007", "12", "345"],
        ["2013-01-01", "2013-12-31"],
        ["12:30", "08:15"],
        ["A320-232", "737-824"],
        ["555-1234", "555-9876"],
        ["3 rooms", "4 rooms"],
        ["1.2.3", "2.0.1"],
        ["10th", "Bachelors", "11th"],
        ["", "x"],
        ["1"],
    ],
)
def test_codes_dates_and_words(values):
    assert found(values) == ""
