"""SQL as sqlglot reads it here: expressions of BigQuery's dialect alone, and queries of DuckDB's; it logs nothing."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.bigquery import BigQuery
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import ErrorLevel

_EXTRACT = exp.RegexpExtract.from_arg_list


class ExpressionDialect(BigQuery):  # type: ignore[misc]
    """BigQuery's dialect without statements, which begin like functions: REPEAT, LOOP, SET.

    >>> ExpressionDialect().parse("REPEAT(s, 3)")[0].args["times"].this
    '3'
    """

    class Tokenizer(BigQuery.Tokenizer):  # type: ignore[misc]
        """Words like any others."""

        COMMANDS: ClassVar[set[Any]] = set()

    class Parser(BigQuery.Parser):  # type: ignore[misc]
        """Expressions; patterns are left as they are (sqlglot's own asks Python's `re`, which warns, or trips)."""

        STATEMENT_PARSERS: ClassVar[dict[Any, Any]] = {}
        NO_PAREN_IF_COMMANDS = False
        FUNCTIONS: ClassVar[dict[str, Any]] = {
            **BigQuery.Parser.FUNCTIONS,
            "REGEXP_EXTRACT": _EXTRACT,
            "REGEXP_SUBSTR": _EXTRACT,
            "REGEXP_EXTRACT_ALL": exp.RegexpExtractAll.from_arg_list,
        }

        def _warn_unsupported(self) -> None:
            """Who wrote the text is told by a fault."""


class QueryDialect(DuckDB):  # type: ignore[misc]
    """DuckDB's dialect; what it knows and sqlglot does not is no affair of the user's."""

    class Parser(DuckDB.Parser):  # type: ignore[misc]
        """As DuckDB's."""

        def _warn_unsupported(self) -> None:
            """DuckDB itself says what it cannot run."""


def spelled_out(node: exp.Expression) -> str:
    """What sqlglot read, as BigQuery writes it."""
    return str(node.sql(BigQuery, unsupported_level=ErrorLevel.IGNORE))
