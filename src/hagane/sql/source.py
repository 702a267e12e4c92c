"""The text of one expression, parsed: which characters each part came from, and the faults found so far."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.tokens import Token, TokenType

from hagane.errors import Fault
from hagane.sql.argument_counts import surplus_arguments
from hagane.sql.dialects import ExpressionDialect
from hagane.sql.expression import Span

MAX_CHARACTERS = 100_000
MAX_DEPTH = 100
MAX_NESTING = 50
WAY_OUT = "move it into the data query: compute it there as a column, and use that column here"

DOT = "\ue000"
"""Stands for a dot within backquotes, which sqlglot would take for a path; of the same length, so that spans hold."""

_QUOTED = re.compile(r"`[^`\n]*`")
_FLAT = (exp.And, exp.Or, exp.DPipe)
OPENING = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.CASE}
CLOSING = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.END}
_NAMED = (exp.Cast, exp.Extract, exp.If, exp.Trim)


class Source:
    """The SQL text of one expression; collects its faults.

    >>> source = Source("1 + LN(x)", "transform.y")
    >>> tree = source.parse()
    >>> source.span(tree.expression)
    Span(start=4, end=9)
    """

    def __init__(self, sql: str, where: str) -> None:
        self.sql = sql
        self.where = where
        self.faults: list[Fault] = []
        self._tokens: list[Token] = []
        self._spans: dict[int, Span | None] = {}

    def fault(self, what: str, at: exp.Expression | Span | None = None, **parts: str) -> None:
        """Note a fault once, underlining `at` (the whole text where None)."""
        span = at if isinstance(at, Span) else self.span(at) if at is not None else None
        span = span or Span(0, len(self.sql))
        fault = Fault(what=what, where=self.where, sql=self.sql, start=span.start, end=span.end, **parts)
        if fault not in self.faults:
            self.faults.append(fault)

    def parse(self) -> exp.Expression | None:
        """The tree of sqlglot, or None after noting why there is none."""
        if not self.sql.strip():
            self.fault("the expression is empty", next_step="write an expression, or remove the feature")
            return None
        if len(self.sql) > MAX_CHARACTERS:
            text = self.sql[:60] + "…"
            self.faults.append(Fault(what=f"the expression is longer than {MAX_CHARACTERS:,} characters",
                                     where=self.where, sql=text, end=len(text), next_step=WAY_OUT))  # fmt: skip
            return None
        try:
            return self._parse()
        except RecursionError:
            self._too_deep()
        except ParseError as error:
            self._parse_fault(error)
        except SqlglotError:
            self._token_fault()
        except (AttributeError, TypeError):  # sqlglot trips over some calls, TRANSLATE(s, 'a', 'b') for one
            self.fault("this is not an expression of the feature language", next_step=WAY_OUT)
        return None

    def _parse(self) -> exp.Expression | None:
        masked = _QUOTED.sub(lambda found: found[0].replace(".", DOT), self.sql)
        dialect = ExpressionDialect()
        self._tokens = dialect.tokenize(masked)
        if _nesting(self._tokens) > MAX_NESTING:
            self._too_deep()
            return None
        trees = [tree for tree in dialect.parser().parse(self._tokens, masked) if tree is not None]
        if not trees:
            self.fault("the expression is empty", next_step="write an expression, or remove the feature")
            return None
        if len(trees) != 1 or isinstance(trees[0], exp.Block):
            self.fault("one expression is expected, not several", next_step="write each feature on its own")
            return None
        if _depth(trees[0]) > MAX_DEPTH:
            self._too_deep()
            return None
        self._spans = self._all_spans(trees[0])
        for name, token in surplus_arguments(self._tokens):
            self.fault(f"{name} takes no further argument here", Span(token.start, token.end + 1), next_step=WAY_OUT)
        return trees[0]

    def span(self, node: exp.Expression) -> Span | None:
        """The characters that `node` came from, as near as they are known."""
        return self._spans.get(id(node))

    def called(self, node: exp.Expression) -> str:
        """The name by which the text calls the function `node`, in capitals ("this" where it is no function)."""
        span = self.span(node)
        found = re.match(r"[\w.]+(?=\s*\()", self.sql[span.start : span.end]) if span else None
        return found[0].upper() if found else "this"

    def first_argument(self, node: exp.Expression) -> Span | None:
        """The text of the first argument of the function `node`, of which sqlglot may keep no position."""
        span = self.span(node)
        first = next((i + 2 for i, token in enumerate(self._tokens) if span and token.start == span.start), None)
        depth = 0
        for index, token in enumerate(self._tokens[first:] if first is not None else [], first or 0):
            depth += (token.token_type in OPENING) - (token.token_type in CLOSING)
            if depth < 0 or (depth == 0 and token.token_type is TokenType.COMMA):
                return Span(self._tokens[first or 0].start, self._tokens[index - 1].end + 1)
        return None

    def _all_spans(self, tree: exp.Expression) -> dict[int, Span | None]:
        spans: dict[int, Span | None] = {}
        by_start = {token.start: index for index, token in enumerate(self._tokens)}
        for node in reversed(list(tree.walk())):
            parts = [span for child in _children(node) if (span := spans.get(id(child)))]
            meta = node._meta or {}
            if "start" in meta:
                parts.append(self._named(by_start, meta["start"], meta["end"] + 1, isinstance(node, exp.Func)))
            found = Span(min(p.start for p in parts), max(p.end for p in parts)) if parts else None
            spans[id(node)] = self._with_keyword(found) if found and isinstance(node, _NAMED) else found
        return spans

    def _named(self, by_start: dict[int, int], start: int, end: int, is_function: bool) -> Span:
        """The span of a token, with the parenthesised arguments behind it for a function's name."""
        index = by_start.get(start)
        if is_function and index is not None and index + 1 < len(self._tokens):
            return Span(start, max(end, self._closing(index + 1)))
        return Span(start, end)

    def _with_keyword(self, span: Span) -> Span:
        """`CAST(x AS …)` from `x`: sqlglot keeps no position of these keywords."""
        for index, token in enumerate(self._tokens):
            if token.start == span.start and index >= 2 and self._tokens[index - 1].token_type is TokenType.L_PAREN:
                return Span(self._tokens[index - 2].start, max(span.end, self._closing(index - 1)))
        return span

    def _closing(self, index: int) -> int:
        """One past the bracket that closes the one at token `index` (0 where that opens nothing)."""
        depth = 0
        for token in self._tokens[index:]:
            depth += (token.token_type in OPENING) - (token.token_type in CLOSING)
            if depth <= 0:
                return int(token.end) + 1 if token.token_type in CLOSING else 0
        return 0

    def _too_deep(self) -> None:
        limit = f"at most {MAX_DEPTH} levels, and {MAX_NESTING} brackets"
        start = Span(0, min(len(self.sql), 60))
        self.fault("the expression is nested too deeply", start, expected=limit, next_step=WAY_OUT)

    def _parse_fault(self, error: ParseError) -> None:
        first = error.errors[0] if error.errors else {}
        at = None
        if first.get("line"):
            lines = self.sql.split("\n")
            column = sum(len(line) + 1 for line in lines[: first["line"] - 1]) + (first.get("col") or 1)
            highlight = first.get("highlight") or " "
            end = min(len(self.sql), column)
            at = Span(max(0, end - len(highlight)), max(end, 1))
        reason = str(first.get("description") or "cannot be read").split("<class")[0].strip().rstrip(".:")
        if reason.startswith("Required keyword"):
            reason = "something is missing"
        self.fault("this is not an expression of the BigQuery dialect", at, received=reason)

    def _token_fault(self) -> None:
        self.fault("a quote, comment or bracket is not closed", next_step="close it")


def _children(node: exp.Expression) -> Iterator[exp.Expression]:
    return (child for child in node.iter_expressions())


def _nesting(tokens: list[Token]) -> int:
    depth = deepest = 0
    for token in tokens:
        depth += (token.token_type in OPENING) - (token.token_type in CLOSING)
        deepest = max(deepest, depth)
    return deepest


def _depth(tree: exp.Expression) -> int:
    """Levels of the tree, a chain of AND, OR or || counting once."""
    deepest, pending = 0, [(tree, 1)]
    while pending:
        node, depth = pending.pop()
        deepest = max(deepest, depth)
        for child in _children(node):
            flat = isinstance(node, _FLAT) and type(child) is type(node)
            pending.append((child, depth if flat else depth + 1))
    return deepest
