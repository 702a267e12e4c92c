"""`SqlCompleter`: what may stand where one types: keywords, tables, columns, models, functions, options."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from hagane.errors import HaganeError
from hagane.session.functions import TABLE_FUNCTIONS
from hagane.sql.table_function_names import ROW_FUNCTION_NAMES
from hagane.workspace.stored_table import StoredTable

if TYPE_CHECKING:
    from hagane.session.session import Session

KEYWORDS = (
    "ALTER", "AND", "AS", "ASC", "BETWEEN", "BY", "CASE", "CAST", "COUNT", "CREATE", "CROSS JOIN", "DECLARE", "DEFAULT",
    "DELETE FROM", "DESC", "DISTINCT", "DROP", "ELSE", "END", "EXCEPT", "EXISTS", "EXPORT", "FALSE", "FROM",
    "GROUP BY", "HAVING", "IF NOT EXISTS", "IN", "INNER JOIN", "INSERT INTO", "INTERSECT", "IS NULL", "JOIN",
    "LEFT JOIN", "LIKE", "LIMIT", "MATCHED", "MERGE", "MODEL", "NOT", "NULL", "OFFSET", "ON", "OPTIONS", "OR",
    "OR REPLACE", "ORDER BY", "OVER", "PARTITION BY", "QUALIFY", "REPLACE", "SAFE_CAST", "SCHEMA", "SELECT", "SET",
    "STRUCT", "TABLE", "TEMP", "THEN", "TRANSFORM", "TRUE", "TRUNCATE TABLE", "UNION ALL", "UNNEST", "UPDATE", "USING",
    "VALUES", "VIEW", "WHEN", "WHERE", "WINDOW", "WITH",
)  # fmt: skip
_WORD = re.compile(r"[\w.@]*$")
_BEFORE = re.compile(r"(\w+)\s*$")
_OPTIONS = re.compile(r"\bCREATE\b[^;]*\bOPTIONS\s*\([^;]*$", re.IGNORECASE)
_NAMES = re.compile(r"[`\w.]+")
AFTER_TABLE = ("FROM", "JOIN", "INTO", "TABLE", "UPDATE", "USING", "VIEW")


class SqlCompleter(Completer):
    """Completes what stands before the cursor by what the session's workspace holds now."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        """Candidates that begin with the word before the cursor, ignoring case."""
        before = document.text_before_cursor
        word = _WORD.search(before)
        typed = word[0] if word else ""
        try:
            candidates = list(self.candidates(before[: len(before) - len(typed)], document.text, typed))
        except (HaganeError, OSError):
            return
        for text, meta in dict(candidates).items():
            if text.lower().startswith(typed.lower()):
                yield Completion(text, start_position=-len(typed), display_meta=meta)

    def candidates(self, before: str, text: str, typed: str) -> Iterator[tuple[str, str]]:
        """What may stand behind `before` in a script `text`, each with what it is."""
        last = _BEFORE.search(before)
        word = last[1].upper() if last else ""
        if word == "MODEL":
            yield from self._models()
        elif word in AFTER_TABLE:
            yield from self._tables()
            yield from ((f"{name}(", "function") for name in TABLE_FUNCTIONS)
        elif _OPTIONS.search(before) and word != "AS":
            yield from _options()
        else:
            yield from self._columns(text, typed)
            yield from ((keyword, "") for keyword in KEYWORDS)
            yield from ((f"{name}(", "function") for name in sorted(ROW_FUNCTION_NAMES) if name.startswith("ML."))

    def _models(self) -> Iterator[tuple[str, str]]:
        for version in self._session.state.workspace.list():
            yield version.name, version.model_type

    def _tables(self) -> Iterator[tuple[str, str]]:
        state = self._session.state
        for name in (*state.temporary_tables, *state.temporary_views):
            yield name, "temporary"
        for dataset in state.workspace.tables.datasets():
            for table in state.workspace.tables.names(dataset):
                found = state.workspace.tables.find(table)
                yield str(table), "table" if isinstance(found, StoredTable) else "view"

    def _columns(self, text: str, typed: str) -> Iterator[tuple[str, str]]:
        """The columns of every table that the script names; behind `alias.` with it."""
        prefix = typed[: typed.rfind(".") + 1]
        named = {name.replace("`", "").lower() for name in _NAMES.findall(text)}
        for table in self._stored(named):
            for column in table.manifest.columns:
                yield prefix + column.name, f"{table.name}"

    def _stored(self, named: Iterable[str]) -> Iterator[StoredTable]:
        tables = self._session.state.workspace.tables
        for dataset in tables.datasets():
            for name in tables.names(dataset):
                found = tables.find(name) if {str(name).lower(), ".".join(name).lower()} & set(named) else None
                if isinstance(found, StoredTable):
                    yield found


def _options() -> Iterator[tuple[str, str]]:
    from hagane.workflow.model_options.known_options import KNOWN_OPTIONS

    for name in KNOWN_OPTIONS:
        yield name.upper(), "option"
