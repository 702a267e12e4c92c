"""`%%hagane`: SQL in notebooks. `%load_ext hagane` makes it known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hagane.errors import HaganeError

if TYPE_CHECKING:
    from hagane.session.result import Result
    from hagane.session.session import Session


class SqlMagic:
    """One session for a notebook; its temporary tables and variables last as long."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._session: Session | None = None
        self._root: str | None = None

    def run(self, line: str, cell: str | None = None) -> Result | None:
        r"""`%%hagane [NAME] [--params NAME] [--workspace FOLDER]`, the script below; or `%hagane SCRIPT`.

        The rows of the last statement are shown, or put as a pandas frame into the variable NAME; `--params` names a
        variable with the values of parameters. What is wrong is told with the SQL underlined, without a traceback.
        """
        try:
            if cell is None:
                return self._shown(self._in_session(None).sql(line), None)
            arguments = _arguments(line)
            parameters = self._shell.user_ns[arguments.params] if arguments.params else None
            return self._shown(self._in_session(arguments.workspace).sql(cell, parameters), arguments.name)
        except HaganeError as error:
            print_error(error)
        except KeyError as error:
            print_error(HaganeError(f"there is no variable {error.args[0]}"))
        return None

    def _in_session(self, root: str | None) -> Session:
        from hagane.session.session import Session

        if self._session is None or (root is not None and root != self._root):
            self._session, self._root = Session(root), root
        return self._session

    def _shown(self, result: Result, name: str | None) -> Result | None:
        for text in (*result.notices, result.message):
            if text:
                print(text)  # noqa: T201  # a cell's output
        if name is not None:
            self._shell.user_ns[name] = result.pandas()
            return None
        return result if result.is_table else None


def _arguments(line: str) -> Any:
    import argparse
    import shlex

    parser = argparse.ArgumentParser(prog="%%hagane", exit_on_error=False, add_help=False)
    parser.add_argument("name", nargs="?")
    parser.add_argument("--params")
    parser.add_argument("--workspace")
    try:
        found, unknown = parser.parse_known_args(shlex.split(line))
    except (argparse.ArgumentError, ValueError) as error:
        raise HaganeError(f"%%hagane: {error}") from None
    if unknown:
        raise HaganeError(f"%%hagane [NAME] [--params NAME] [--workspace FOLDER] takes no {' '.join(unknown)}")
    return found


def print_error(error: HaganeError) -> None:
    """Tell it where a cell's errors go."""
    import sys

    sys.stderr.write(f"error: {error.render()}\n")


def load_ipython_extension(shell: Any) -> None:
    """Called by `%load_ext hagane`."""
    shell.register_magic_function(SqlMagic(shell).run, "line_cell", "hagane")
