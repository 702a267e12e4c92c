"""`SqlShell`: SQL by hand: history, completion, statements of several lines."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.lexers import PygmentsLexer
from prompt_toolkit.shortcuts import CompleteStyle
from rich.table import Table
from rich.text import Text

from hagane.errors import HaganeError
from hagane.fronts.cli.console import Output
from hagane.fronts.cli.render_result import render_result
from hagane.fronts.cli.sql_completer import SqlCompleter
from hagane.sql.split_script import split_script

if TYPE_CHECKING:
    from hagane.session.parameters import Parameters
    from hagane.session.result import Result
    from hagane.session.session import Session

PROMPT, MORE = "hagane> ", "     -> "
HELP = r"""A statement ends with ';' and may take several lines. Ctrl-C ends what runs; Ctrl-D, or \q, ends the shell.
\d          tables and views          \d NAME     the columns of one
\m          models                    \i FILE     run a file of statements
\q          end                       \h          this help
Tab completes: keywords, tables, columns, models, functions, options."""
TABLES = (
    "SELECT table_schema, table_name, table_type, num_rows, size_bytes FROM INFORMATION_SCHEMA.TABLES ORDER BY 1, 2"
)
MODELS = (
    "SELECT model_schema, model_name, version, model_type, metric, metric_value, creation_time "
    "FROM INFORMATION_SCHEMA.MODELS ORDER BY 1, 2"
)


class SqlShell:
    """A prompt over a session, until its user ends it."""

    def __init__(self, session: Session, output: Output, *, parameters: Parameters, max_rows: int) -> None:
        self._session, self._output = session, output
        self._parameters, self._max_rows = parameters, max_rows
        self._is_over = False

    def run(self) -> None:
        """Ask, run and show."""
        prompt: PromptSession[str] = PromptSession(
            history=_history(self._session.state.workspace.root),
            multiline=True,
            key_bindings=_keys(),
            lexer=_lexer(),
            completer=SqlCompleter(self._session),
            complete_while_typing=False,
            complete_style=CompleteStyle.MULTI_COLUMN,
            prompt_continuation=MORE,
            enable_open_in_editor=True,
        )
        self._output.hint(r"SQL of BigQuery over this workspace. \h is help, Ctrl-D ends.")
        while not self._is_over:
            try:
                text = prompt.prompt(PROMPT)
            except KeyboardInterrupt:
                continue  # what was typed is dropped
            except EOFError:
                return
            self._do(text.strip())

    def _do(self, text: str) -> None:
        """One entry; whatever it ends with, the next one is asked for."""
        try:
            if text.startswith("\\"):
                self._command(text)
            elif text.strip("; \n\t"):
                self._statements(text)
        except HaganeError as error:
            self._output.error(error)
        except OSError as error:
            from hagane.fronts.cli.run import disk_error

            known = disk_error(error)
            if known is None:
                raise
            self._output.error(known)
        except KeyboardInterrupt:
            self._output.interrupted()

    def _statements(self, text: str) -> None:
        for result in self._session.script(text, self._parameters):
            self._output.progress.stop()
            self._output.show(*render_result(result, max_rows=self._max_rows))
            for notice in result.notices:
                self._output.progress.note(notice)

    def _command(self, text: str) -> None:
        name, _, rest = text[1:].rstrip("; ").partition(" ")
        argument = rest.strip()
        if name == "q":
            self._is_over = True
        elif name == "d" and argument:
            self._output.show(_columns(self._session.sql(f"SELECT * FROM {argument} LIMIT 0")))
        elif name == "d":
            self._statements(TABLES)
        elif name == "m":
            self._statements(MODELS)
        elif name == "i" and argument:
            self._statements(Path(argument).expanduser().read_text(encoding="utf-8-sig"))
        else:
            self._output.show(HELP)


def _columns(result: Result) -> Table:
    """Name and type of each column."""
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    table.add_column("column")
    table.add_column("type")
    for column in result.schema:
        table.add_row(Text(column.name), Text(column.type))
    result.close()
    return table


def _keys() -> KeyBindings:
    """Enter ends a statement that is closed with ';' and a command of the shell; else it begins a line."""
    keys = KeyBindings()

    @keys.add("enter")
    def enter(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if is_complete(buffer.text):
            buffer.validate_and_handle()
        else:
            buffer.insert_text("\n")

    return keys


def is_complete(text: str) -> bool:
    """Whether there is nothing to wait for: a command, nothing at all, or statements the last of which is closed.

    >>> is_complete("SELECT 1"), is_complete("SELECT ';"), is_complete("SELECT ';' ; -- so"), is_complete("\\\\d t")
    (False, False, True, True)
    """
    if not text.strip() or text.lstrip().startswith("\\"):
        return True
    pieces, faults = split_script(text)
    if faults:
        return False
    rest = text[pieces[-1].end :] if pieces else text
    return ";" in rest


def _history(root: Path) -> History:
    """What was typed before, kept for this user alone beside the workspace's tables; else of this shell only."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        path = root / "sql_history"
        os.close(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
    except OSError:
        return InMemoryHistory()
    return FileHistory(str(path))


def _lexer() -> PygmentsLexer:
    from pygments.lexers.sql import SqlLexer

    return PygmentsLexer(SqlLexer)
