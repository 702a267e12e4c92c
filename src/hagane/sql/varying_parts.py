"""`varying_parts`: what in a query makes it give other rows each time it runs, on the very same data."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token, TokenType

from hagane.sql.dialects import QueryDialect
from hagane.sql.row_order import UNORDERED_SCANS, order_losing

RANDOM = frozenset(
    {"RANDOM", "RAND", "RANDOMBLOB", "UUID", "UUIDV4", "UUIDV7", "GEN_RANDOM_UUID", "GENERATE_UUID", "NEXTVAL"}
)
CLOCK = frozenset(
    {"NOW", "TODAY", "GET_CURRENT_TIMESTAMP", "GET_CURRENT_TIME", "TRANSACTION_TIMESTAMP", "STATEMENT_TIMESTAMP",
     "CLOCK_TIMESTAMP", "TIMEOFDAY", "CURRENT_LOCALTIME", "CURRENT_LOCALTIMESTAMP"}
)  # fmt: skip
CLOCK_WORDS = frozenset({"CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "CURRENT_DATETIME", "LOCALTIMESTAMP"})
"""These need no parentheses."""


def varying_parts(query: str, *, dialect: str = "duckdb") -> tuple[str, ...]:
    """Why the rows of `query` may differ from run to run, a phrase each; empty where nothing says so.

    Calls of random numbers and of the clock, samples without a seed, LIMIT where nothing orders the rows. ORDER BY with
    ties before a LIMIT cannot be seen from here. `dialect` is sqlglot's name; what cannot be parsed is passed over.

    >>> varying_parts("SELECT *, random() AS r FROM trips USING SAMPLE 10%")
    ('random()', 'a sample without a seed')
    >>> varying_parts("SELECT * FROM 'trips.parquet' LIMIT 1000")
    ()
    >>> varying_parts("SELECT * FROM trips JOIN zones USING (zone) LIMIT 1000")
    ('LIMIT without ORDER BY',)
    """
    try:
        tokens = sqlglot.tokenize(query, read=dialect)
        calls = list(dict.fromkeys(_calls(tokens)))
        tree = sqlglot.parse_one(query, read=QueryDialect if dialect == "duckdb" else dialect)
    except (SqlglotError, RecursionError):
        return ()
    samples = ["a sample without a seed"] if any(_is_unseeded(each) for each in tree.find_all(exp.TableSample)) else []
    limits = (each.parent for each in tree.find_all(exp.Limit, exp.Fetch))
    is_cut = any(_is_unordered(each, dialect) for each in limits if isinstance(each, exp.Query))
    return (*calls, *samples, *(["LIMIT without ORDER BY"] if is_cut else []))


def _calls(tokens: list[Token]) -> Iterator[str]:
    """The functions called that answer otherwise each time, as they are written."""
    for token, following in pairwise([*tokens, Token(TokenType.SEMICOLON, ";")]):
        name = token.text.upper()
        is_call = following.token_type is TokenType.L_PAREN
        if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER):
            continue
        if name in CLOCK_WORDS or (is_call and name in RANDOM | CLOCK):
            yield f"{token.text}()" if is_call else token.text


def _is_unseeded(sample: exp.Expression) -> bool:
    seed = sample.args.get("seed")  # of `10% (bernoulli)` sqlglot takes the method for it
    return not (isinstance(seed, exp.Literal) and seed.is_number)


def _is_unordered(query: exp.Expression, dialect: str) -> bool:
    """Whether nothing says which of the query's rows come first."""
    if query.args.get("order") is not None:
        return False
    if dialect in UNORDERED_SCANS:
        return True
    losing = (each for each in order_losing(query) if not isinstance(each, exp.AggFunc))  # gives one row by itself
    return any(not _is_below_order(found, query) for found in losing)


def _is_below_order(found: exp.Expression, query: exp.Expression) -> bool:
    """Whether a subquery of `query` around `found` puts its rows in order."""
    above = found if isinstance(found, exp.Query) else found.parent
    while above is not None and above is not query:
        if isinstance(above, exp.Query) and above.args.get("order") is not None:
            return True
        above = above.parent
    return False
