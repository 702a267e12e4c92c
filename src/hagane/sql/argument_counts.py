"""Arguments that sqlglot drops, or takes for an option of another dialect: the third of ROUND(x, 0, 'EVEN')."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot.tokens import Token, TokenType

_OPENING = (TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE)
_CLOSING = (TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE)
MOST_ARGUMENTS = {
    **dict.fromkeys(("LENGTH", "LOG10", "TIMESTAMP_SECONDS", "TIMESTAMP_MILLIS", "TIMESTAMP_MICROS"), 1),
    **dict.fromkeys(("ROUND", "TRUNC", "DIV", "MOD", "IFNULL", "NVL"), 2),
    **dict.fromkeys(("LEFT", "RIGHT", "TRIM", "LTRIM", "RTRIM", "SPLIT", "CONTAINS_SUBSTR"), 2),
    **dict.fromkeys(("DATE_ADD", "DATE_SUB", "TIMESTAMP_ADD", "TIMESTAMP_SUB", "TIMESTAMP"), 2),
    **dict.fromkeys(("FORMAT_DATE", "PARSE_DATE"), 2),
    **dict.fromkeys(("SUBSTR", "SUBSTRING", "LPAD", "RPAD", "DATE_DIFF", "TIMESTAMP_TRUNC"), 3),
    **dict.fromkeys(("FORMAT_TIMESTAMP", "PARSE_TIMESTAMP"), 3),
}
"""Functions of which a surplus argument would be lost → how many they take."""


def surplus_arguments(tokens: Sequence[Token]) -> Iterator[tuple[str, Token]]:
    """The functions that are given too much, each with the first token of what it does not take.

    >>> from sqlglot.dialects.bigquery import BigQuery
    >>> [(name, token.text) for name, token in surplus_arguments(BigQuery().tokenize("1 + ROUND(x, 0, 'EVEN')"))]
    [('ROUND', 'EVEN')]
    """
    for index, token in enumerate(tokens[:-1]):
        most = MOST_ARGUMENTS.get(token.text.upper())
        is_call = token.token_type is not TokenType.STRING and tokens[index + 1].token_type is TokenType.L_PAREN
        if most is not None and is_call and (extra := _argument(tokens[index + 2 :], most)) is not None:
            yield token.text.upper(), extra


def _argument(tokens: Sequence[Token], number: int) -> Token | None:
    """The first token of an argument, counted from 0, of the brackets in which `tokens` begin."""
    depth = commas = 0
    for index, token in enumerate(tokens):
        depth += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
        if depth < 0:
            return None
        commas += depth == 0 and token.token_type is TokenType.COMMA
        if commas == number:
            return tokens[index + 1] if index + 1 < len(tokens) else None
    return None
