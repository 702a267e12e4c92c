"""`StatementSource`: the words of one statement, read from first to last; what is wrong is noted on the way."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token, TokenType

from hagane.errors import Fault, nearest
from hagane.sql.bigquery_ml import BigQueryMl, SqlSyntaxError, path_end
from hagane.sql.source import CLOSING, OPENING

MAX_NESTING = 100
KEYWORDS = (
    *("SELECT", "FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "WITH", "UNION", "DISTINCT", "INTERSECT"),
    *("EXCEPT", "REPLACE", "JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "USING", "QUALIFY", "WINDOW", "OVER"),
    *("PARTITION", "BETWEEN", "UNNEST", "OFFSET", "PIVOT", "UNPIVOT", "TABLESAMPLE", "STRUCT", "WHEN", "THEN", "ELSE"),
    *(
        "MODEL",
        "TRANSFORM",
        "OPTIONS",
        "TABLE",
        "INPUT",
        "OUTPUT",
        "REMOTE",
        "CONNECTION",
        "EXISTS",
        "DEFAULT",
        "VALUES",
    ),
)
"""Words that are looked at when a word is one too many."""
_BRACKETS = {TokenType.L_PAREN: ")", TokenType.L_BRACKET: "]"}


class StatementSource:
    """Tokens of one statement, whose places count in the whole script.

    >>> source = StatementSource("DROP MODEL m", BigQueryMl().tokenize("DROP MODEL m"))
    >>> source.words("DROP", "MODEL"), source.path(), source.is_at_end
    (True, 'm', True)
    """

    def __init__(self, sql: str, tokens: Sequence[Token]) -> None:
        self.sql = sql
        self.tokens = list(tokens)
        self.at = 0
        self.faults: list[Fault] = []

    @property
    def is_at_end(self) -> bool:
        """Whether nothing is left to read."""
        return self.at >= len(self.tokens)

    def fault(self, what: str, begin: int, end: int | None = None, **parts: str) -> None:
        """Note a fault at the tokens [begin, end): one where `end` is None; behind the last where there is none."""
        last = self.tokens[-1]
        if begin >= len(self.tokens):
            start, stop = last.start, last.end + 1
        else:
            start, stop = self.tokens[begin].start, self.tokens[min(end or begin + 1, len(self.tokens)) - 1].end + 1
        self.faults.append(Fault(what=what, sql=self.sql, start=start, end=stop, **parts))

    def peek(self, ahead: int = 0) -> str:
        """The word there, in capitals; empty behind the end, and for a string."""
        at = self.at + ahead
        if at >= len(self.tokens) or self.tokens[at].token_type in (TokenType.STRING, TokenType.IDENTIFIER):
            return ""
        return str(self.tokens[at].text).upper()

    def words(self, *words: str) -> bool:
        """Whether those words come next: they are read then."""
        if any(self.peek(ahead) != word for ahead, word in enumerate(words)):
            return False
        self.at += len(words)
        return True

    def expect(self, word: str, **parts: str) -> bool:
        """Read `word`, or note that it is missing."""
        if self.words(word):
            return True
        self.unexpected(word, **parts)
        return False

    def unexpected(self, expected: str, **parts: str) -> None:
        """Note that something else stands where `expected` should."""
        received = self.tokens[self.at].text if not self.is_at_end else "the end of the statement"
        near = nearest(received, KEYWORDS)
        near = near if near != received.upper() else ""
        self.fault(f"{expected} is expected here", self.at, None, received=received, nearest=near, **parts)

    def path(self, what: str = "the name of a model") -> str:
        """The name that comes next, without backquotes; empty, and a fault, where there is none."""
        end = path_end(self.tokens, self.at)
        if end == self.at:
            self.unexpected(what)
            return ""
        start, self.at = self.tokens[self.at].start, end
        return self.text(start, self.tokens[end - 1].end + 1).replace("`", "")

    def text(self, start: int, end: int) -> str:
        """The characters [start, end) of the script."""
        return self.sql[start:end]

    def bracketed(self, clause: str) -> tuple[int, int] | None:
        """The tokens [begin, end) between the parentheses that come next; None, and a fault, where there are none.

        Where the closing one is missing, all the rest is read.
        """
        if self.peek() != "(":
            self.unexpected(f"an opening parenthesis behind {clause}")
            return None
        begin = self.at
        end = closing(self.tokens, begin)
        if end is None:
            self.fault(f"the parenthesis behind {clause} is not closed", begin, next_step="close it")
            self.at = len(self.tokens)
            return None
        self.at = end + 1
        return begin + 1, end

    def items(self, begin: int, end: int) -> list[tuple[int, int]]:
        """The tokens [begin, end) parted at their commas; one at the end is allowed."""
        found, depth, first = [], 0, begin
        for index in range(begin, end):
            kind = self.tokens[index].token_type
            depth += (kind in OPENING) - (kind in CLOSING)
            if kind is TokenType.COMMA and depth == 0:
                found.append((first, index))
                first = index + 1
        if first < end:
            found.append((first, end))
        for start, stop in found:
            if start == stop:
                self.fault("something is missing before this comma", stop)
        return [(start, stop) for start, stop in found if start < stop]

    def query(self, begin: int, end: int) -> exp.Expression | None:
        """The query that the tokens [begin, end) are; None after noting its fault."""
        return self._parsed(begin, end, BigQueryMl.Parser._parse_statement, "a query")

    def expression(self, begin: int, end: int) -> exp.Expression | None:
        """The expression that the tokens [begin, end) are, with its alias; None after noting its fault."""
        return self._parsed(begin, end, BigQueryMl.Parser._parse_expression, "an expression")

    def _parsed(
        self, begin: int, end: int, method: Callable[[Any], exp.Expression | None], thing: str
    ) -> exp.Expression | None:
        tokens = self.tokens[begin:end]
        if not tokens:
            self.fault(f"{thing} is missing", max(0, begin - 1))
            return None
        if not self._is_balanced(begin, end):
            return None
        try:
            trees = BigQueryMl().parser()._parse(method, tokens, self.sql)
        except SqlSyntaxError as error:
            self._syntax_fault(error, begin, end)
        except RecursionError:
            self._too_deep(begin, end)
        except (SqlglotError, AttributeError, TypeError, ValueError, LookupError):
            # sqlglot trips over some calls with the wrong number of arguments
            self.fault(f"this is not {thing} of the BigQuery dialect", begin, end)
        else:
            if len(trees) == 1 and trees[0] is not None:
                return trees[0]
            self.fault(f"this is not {thing} of the BigQuery dialect", begin, end)
        return None

    def _is_balanced(self, begin: int, end: int) -> bool:
        """Whether every bracket is closed, and none too deep; else a fault is noted."""
        opened: list[int] = []
        for index in range(begin, end):
            kind = self.tokens[index].token_type
            if kind in OPENING and kind is not TokenType.CASE:
                opened.append(index)
            elif kind in CLOSING and kind is not TokenType.END and not self._closes(opened, index):
                self.fault(f"nothing opens this '{self.tokens[index].text}'", index, next_step="remove it")
                return False
            if len(opened) > MAX_NESTING:
                self._too_deep(begin, end)
                return False
        if opened:
            self.fault("this bracket is not closed", opened[-1], next_step="close it")
        return not opened

    def _closes(self, opened: list[int], index: int) -> bool:
        """Whether the bracket at `index` closes the last that is open, which then is no more."""
        return bool(opened) and _BRACKETS.get(self.tokens[opened.pop()].token_type) == self.tokens[index].text

    def _too_deep(self, begin: int, end: int) -> None:
        step = "name the inner queries: WITH first AS (…), second AS (…) SELECT …"
        self.fault(
            "this is nested too deeply", begin, begin + 1, expected=f"at most {MAX_NESTING} brackets", next_step=step
        )

    def _syntax_fault(self, error: SqlSyntaxError, begin: int, end: int) -> None:
        if error.nearest or error.what.startswith("there is no function"):
            self.faults.append(
                Fault(what=error.what, sql=self.sql, start=error.start, end=error.end, nearest=error.nearest)
            )
            return
        words = self.tokens[begin:end]
        index = next((i for i, token in enumerate(words) if token.start >= error.start), len(words))
        near = ""
        for at in (index, index - 1):  # a misspelt keyword is mostly taken for an alias, and the next word is at fault
            word = words[at] if 0 <= at < len(words) else None
            if word is not None and word.token_type is TokenType.VAR and not near:
                near = nearest(word.text, KEYWORDS)
                error.start, error.end = (word.start, word.end + 1) if near else (error.start, error.end)
        what = "this cannot be read as SQL of the BigQuery dialect"
        received = self.text(error.start, error.end)
        fault = Fault(what=what, sql=self.sql, start=error.start, end=error.end, expected=_expected(error),
                      received=received, nearest=near)  # fmt: skip
        self.faults.append(fault)


def closing(tokens: Sequence[Token], index: int) -> int | None:
    """The token that closes the bracket at `index`; None where none does."""
    depth = 0
    for at in range(index, len(tokens)):
        kind = tokens[at].token_type
        if kind is not TokenType.CASE and kind is not TokenType.END:
            depth += (kind in OPENING) - (kind in CLOSING)
        if depth == 0:
            return at
    return None


def _expected(error: SqlSyntaxError) -> str:
    """What sqlglot says should stand there; empty where it only says that something is wrong."""
    found = re.match(r"[Ee]xpect(?:ing|ed):? (?!table)([^<]+?)(?: but got.*)?$", error.what)
    return found[1].strip() if found else ""
