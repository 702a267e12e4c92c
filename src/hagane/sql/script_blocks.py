"""`block_end`: where a block of BigQuery's procedural language ends; and why what belongs to it is refused."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot.tokens import Token, TokenType

_BLOCKS = ("BEGIN", "IF", "LOOP", "WHILE", "REPEAT", "FOR", "CASE")
_BEFORE_STATEMENTS = ("THEN", "ELSE", "DO", "LOOP", "REPEAT", "BEGIN")
_STEP = "write the statements one after another; DECLARE, SET and @parameters hold what varies"
_ATOMIC = "leave it out: each statement here is done whole, or not at all"

BLOCK_REASONS = {
    "BEGIN": ("blocks of statements (BEGIN … END) do not run here", _STEP),
    "IF": ("conditions on statements (IF … THEN) do not run here", _STEP + "; in a query: IF(condition, a, b)"),
    "CASE": ("conditions on statements (CASE … END CASE) do not run here", _STEP),
    **{word: (f"loops ({word}) do not run here", _STEP) for word in ("LOOP", "WHILE", "REPEAT", "FOR")},
}
"""First word of a block → why it is refused, and what to do."""

STATEMENT_REASONS = {
    "EXECUTE": ("EXECUTE IMMEDIATE does not run here", "write the statement itself; @parameters hold what varies"),
    "CALL": ("procedures do not run here", "write the procedure's statements"),
    "ASSERT": ("ASSERT does not run here", "select what should hold, and look at the result"),
    "LOAD": ("LOAD DATA does not run here", "CREATE TABLE name AS SELECT * FROM 'file.parquet' reads a file"),
    "GRANT": ("there are no users to grant anything here", "leave it out"),
    "REVOKE": ("there are no users to revoke anything from here", "leave it out"),
    "COMMIT": ("transactions over several statements do not run here", _ATOMIC),
    "ROLLBACK": ("transactions over several statements do not run here", _ATOMIC),
    **{word: (f"{word} belongs into a block or loop, and none runs here", _STEP)
       for word in ("RAISE", "RETURN", "BREAK", "LEAVE", "CONTINUE", "ITERATE", "END", "ELSE", "ELSEIF")},
}  # fmt: skip
"""First word of a statement → why it is refused, and what to do."""
TRANSACTION = ("transactions over several statements do not run here", _ATOMIC)


def is_block(tokens: Sequence[Token]) -> bool:
    """Whether a statement begins a block: BEGIN by itself begins a transaction."""
    word = _word(tokens[0])
    return word in BLOCK_REASONS and (word != "BEGIN" or len(tokens) > 1)


def block_end(statements: Sequence[Sequence[Token]], index: int) -> int:
    """Which of the `statements`, parted at their semicolons, ends the block that number `index` begins.

    >>> from hagane.sql.bigquery_ml import BigQueryMl
    >>> parts = [BigQueryMl().tokenize(text) for text in ("BEGIN SELECT 1", "IF TRUE THEN SELECT 2", "END IF", "END")]
    >>> block_end(parts, 0)
    3
    """
    opened: list[str] = []
    for at in range(index, len(statements)):
        _follow(opened, statements[at])
        if not opened:
            return at
    return len(statements) - 1


def _follow(opened: list[str], tokens: Sequence[Token]) -> None:
    """The blocks that are open behind a statement."""
    before = ""
    for number, token in enumerate(tokens):
        word = _word(token)
        begins = number == 0 or before in _BEFORE_STATEMENTS
        behind = _word(tokens[number + 1]) if number + 1 < len(tokens) else ""
        if word == "END":
            if opened and (behind not in _BLOCKS or behind == opened[-1]):
                opened.pop()
        elif before != "END" and (word == "CASE" or (begins and word in _BLOCKS and opened[-1:] != ["CASE"])):
            opened.append(word)
        before = word


def _word(token: Token) -> str:
    return "" if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER) else token.text.upper()
