"""What sqlglot reads here says nothing on the side: no log, no warning, no output."""

from __future__ import annotations

import contextlib
import logging
import warnings

import pytest
from sqlglot.dialects.bigquery import BigQuery
from sqlglot.dialects.duckdb import DuckDB

from hagane.errors import ExpressionError
from hagane.sql.bind import bind
from hagane.sql.origins import column_origins
from hagane.sql.row_order import has_row_order
from hagane.types import Column, Schema, SqlType

SCHEMA = Schema((Column("s", SqlType.STRING),))
WORDS = sorted({word.split()[0] for word in BigQuery.Tokenizer.KEYWORDS if word[0].isalpha()})
STATEMENTS = sorted({word.split()[0] for word in DuckDB.Tokenizer.KEYWORDS if word[0].isalpha()})


@pytest.fixture(autouse=True)
def _silence(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> object:
    with caplog.at_level(logging.DEBUG), warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    assert not caplog.records
    assert capfd.readouterr() == ("", "")


def test_words_that_begin_statements() -> None:
    """As a call, before a name, and alone: an expression, or a fault."""
    assert {"REPEAT", "SET", "DROP"} <= {*WORDS, "REPEAT"}
    for word in WORDS:
        for text in (f"{word}(s)", f"{word} s", f"{word}", f"{word}(s, 3)", f"LENGTH({word}(s, 3))", f"IF {word} s"):
            with contextlib.suppress(ExpressionError):
                bind(text, SCHEMA)


def test_queries_that_are_none() -> None:
    for word in STATEMENTS:
        for text in (f"{word} s", f"{word}(s)", word, f"SELECT 1; {word} s"):
            column_origins(text)
            has_row_order(text)


@pytest.mark.parametrize(
    "pattern",
    [
        "[[:alpha:]]",
        "a(b",
        "(?=a)",
        r"\Q(",
        "a{99999999999999999999}",
        "(" * 2_000 + ")" * 2_000,
        "[a&&b]",
        r"\pL{200}{5}",
    ],
)
@pytest.mark.parametrize("function", ["REGEXP_EXTRACT", "REGEXP_EXTRACT_ALL", "REGEXP_SUBSTR", "REGEXP_CONTAINS"])
def test_patterns(function: str, pattern: str) -> None:
    with contextlib.suppress(ExpressionError):
        bind(f"{function}(s, r'{pattern}')", SCHEMA)
