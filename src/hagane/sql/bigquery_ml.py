"""BigQuery's dialect with what sqlglot lacks of BigQuery ML: every function over models and data, in any FROM."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.bigquery import BigQuery
from sqlglot.errors import ParseError
from sqlglot.tokens import Token, TokenType

from hagane.errors import nearest
from hagane.sql.table_function_call import ModelArgument, NamedArgument, TableArgument, TableFunctionCall
from hagane.sql.table_function_names import ROW_FUNCTION_NAMES, TABLE_FUNCTION_NAMES

NAMESPACES = ("ML", "AI")
IN_A_PATH = {TokenType.DOT, TokenType.DASH, TokenType.NUMBER}
_QUERY_BEGINS = {TokenType.SELECT, TokenType.WITH, TokenType.FROM, TokenType.L_PAREN}
_OWN_ARGUMENTS = ("ARRAY", "CAST", "EXTRACT", "SAFE_CAST", "STRING_AGG")
"""Functions whose arguments are not a list of expressions."""


class SqlSyntaxError(ParseError):  # type: ignore[misc]
    """What the parser cannot read, and the characters [start, end) where it stands."""

    def __init__(self, what: str, start: int, end: int, near: str = "") -> None:
        super().__init__(what, errors=[{"description": what}])
        self.what = what
        self.start = start
        self.end = end
        self.nearest = near


class BigQueryMl(BigQuery):  # type: ignore[misc]
    """BigQuery's dialect; a call of a function over models or data is a `TableFunctionCall`.

    Statements of BigQuery ML are read by `hagane.sql.parse_script`, which hands the queries in them to this.
    """

    class Tokenizer(BigQuery.Tokenizer):  # type: ignore[misc]
        """No word hides what follows it: BEGIN and EXECUTE are seen, and refused, by who reads the script."""

        COMMANDS: ClassVar[set[Any]] = set()

    class Parser(BigQuery.Parser):  # type: ignore[misc]
        """Of queries and of expressions; its faults say where they are."""

        FUNCTIONS: ClassVar[dict[str, Any]] = {"STRUCT": exp.Struct.from_arg_list}
        """All others stay what they are called, since sqlglot's nodes forget names and arguments."""
        FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            name: BigQuery.Parser.FUNCTION_PARSERS[name] for name in _OWN_ARGUMENTS
        }

        def raise_error(self, message: str, token: Token | None = None) -> None:
            """Say where."""
            at = token or self._curr or self._prev
            raise SqlSyntaxError(message, at.start if at else 0, at.end + 1 if at else len(self.sql))

        def _warn_unsupported(self) -> None:
            """Who wrote the text is told by a fault."""

        def _parse_function_call(self, *args: Any, **kwargs: Any) -> exp.Expression | None:
            name = self._namespaced()
            if not name:
                return super()._parse_function_call(*args, **kwargs)
            if name in TABLE_FUNCTION_NAMES:
                return self._table_function(name)
            if name not in ROW_FUNCTION_NAMES:
                near = nearest(name, sorted(TABLE_FUNCTION_NAMES | ROW_FUNCTION_NAMES))
                raise SqlSyntaxError(f"there is no function {name}", self._begin().start, self._curr.end + 1, near)
            return super()._parse_function_call(*args, **{**kwargs, "anonymous": True})

        def _namespaced(self) -> str:
            """`ML.X` where a call of it is about to be read, else nothing."""
            if self._prev.token_type is not TokenType.DOT or self._next.token_type is not TokenType.L_PAREN:
                return ""
            namespace = self._begin().text.upper()
            if namespace not in NAMESPACES or (self._index > 2 and self._tokens[self._index - 3].text == "."):
                return ""
            return f"{namespace}.{self._curr.text.upper()}"

        def _begin(self) -> Token:
            """The namespace's token."""
            return self._tokens[self._index - 2]

        def _table_function(self, name: str) -> TableFunctionCall:
            begin = self._begin()
            self._advance(2)
            arguments = [] if self._curr.token_type is TokenType.R_PAREN else self._parse_csv(self._argument)
            if self._curr.token_type is not TokenType.R_PAREN:
                self.raise_error("expected a comma or a closing parenthesis")
            self._advance()
            call = TableFunctionCall(this=name, expressions=arguments)
            self._placed(call, begin)
            return call

        def _argument(self) -> exp.Expression:
            begin = self._curr
            if self._next.token_type is TokenType.FARROW:
                return self._named_argument(begin)
            argument = self._plain_argument()
            if argument is None:
                self.raise_error("expected MODEL name, TABLE name, (query), STRUCT(…) or a value")
            return self._placed(argument, begin)

        def _named_argument(self, begin: Token) -> exp.Expression:
            self._advance(2)
            value = self._argument()
            return self._placed(NamedArgument(this=begin.text.lower(), expression=value), begin)

        def _plain_argument(self) -> exp.Expression | None:
            if self._is_word("MODEL"):
                self._advance()
                return ModelArgument(this=self._path())
            if self._is_word("TABLE"):
                self._advance()
                return TableArgument(this=self._parse_table_parts())
            if self._curr.token_type is TokenType.L_PAREN and self._next.token_type in _QUERY_BEGINS:
                return self._parse_select(table=True, parse_subquery_alias=False)
            return self._parse_lambda()

        def _is_word(self, word: str) -> bool:
            """Whether `word` stands here before a name: MODEL and TABLE name columns, too."""
            ends = (TokenType.COMMA, TokenType.R_PAREN, TokenType.DOT)
            return self._curr.text.upper() == word and self._next.token_type not in ends

        def _path(self) -> str:
            """`project-1.dataset.model`, quoted or not."""
            first = self._curr
            name = path_end(self._tokens, self._index)
            if name == self._index:
                self.raise_error("expected the name of a model")
            self._advance(name - self._index)
            return str(self._find_sql(first, self._prev)).replace("`", "")

        def _placed(self, node: Any, begin: Token) -> Any:
            """The node, with its place from `begin` to the token read last."""
            node.meta["start"], node.meta["end"] = begin.start, self._prev.end
            return node

        def _parse_table_parts(self, *args: Any, **kwargs: Any) -> exp.Expression | None:
            table = super()._parse_table_parts(*args, **kwargs)
            if isinstance(table, exp.Table) and isinstance(table.this, TableFunctionCall):
                table.set("db", None)  # the namespace, which the call's name has
            return table

    class Generator(BigQuery.Generator):  # type: ignore[misc]
        """Writes calls as they are read."""

        TRANSFORMS: ClassVar[dict[Any, Callable[..., str]]] = {
            **BigQuery.Generator.TRANSFORMS,
            TableFunctionCall: lambda self, node: f"{node.name}({self.expressions(node, flat=True)})",
            ModelArgument: lambda self, node: f"MODEL `{node.name}`",
            TableArgument: lambda self, node: f"TABLE {self.sql(node, 'this')}",
            NamedArgument: lambda self, node: f"{node.name} => {self.sql(node, 'expression')}",
        }


def path_end(tokens: list[Token], index: int) -> int:
    """One past the last token of the name that begins at token `index`: words, dots and dashes without space between.

    `index` itself where no name begins there.
    """
    end = index
    while end < len(tokens) and _goes_on(tokens, index, end):
        end += 1
    return end


def _goes_on(tokens: list[Token], index: int, end: int) -> bool:
    token = tokens[end]
    if token.token_type is TokenType.STRING or not (token.token_type in IN_A_PATH or _is_name(token)):
        return False
    if end == index:
        return token.token_type not in IN_A_PATH
    before = tokens[end - 1]
    joined = before.end + 1 == token.start or TokenType.DOT in (before.token_type, token.token_type)
    return joined and (token.token_type in IN_A_PATH or before.token_type in IN_A_PATH)


def _is_name(token: Token) -> bool:
    return token.token_type is TokenType.IDENTIFIER or bool(token.text[:1].isalpha() or token.text[:1] == "_")
