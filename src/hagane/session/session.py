"""`Session`: BigQuery's statements, run here over the tables, views and models of a workspace."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from hagane.data.engine import Engine
from hagane.errors import DataError, Fault, HaganeError
from hagane.memory_budget import MemoryBudget
from hagane.progress import SILENT, Progress
from hagane.session.parameters import Parameters, parameters_of
from hagane.session.result import Result
from hagane.session.session_state import SessionState
from hagane.session.statement_run import StatementRun
from hagane.session.statement_trees import statement_trees
from hagane.session.statements import run_statement
from hagane.session.substitute import count_placeholders
from hagane.session.variable import Variable
from hagane.sql.parse_script import parse_script
from hagane.sql.statement import QueryStatement, Statement
from hagane.workspace.table_name import DEFAULT_DATASET
from hagane.workspace.workspace import Workspace


class Session:
    """Tables, views and models of one workspace; temporary tables, views, models and variables of its own.

    >>> import tempfile
    >>> session = Session(tempfile.mkdtemp())
    >>> session.sql("CREATE TABLE trips AS SELECT 3 AS km UNION ALL SELECT 5").message
    'created table trips: 2 rows'
    >>> session.sql("SELECT SUM(km) AS km FROM trips").rows()
    [{'km': 8}]
    """

    def __init__(
        self,
        workspace: Workspace | Path | str | None = None,
        *,
        project: str = "hagane",
        dataset: str = DEFAULT_DATASET,
        memory_limit: str | int | None = None,
        progress: Progress = SILENT,
    ) -> None:
        place = workspace if isinstance(workspace, Workspace) else Workspace(workspace)
        engine = Engine(memory=MemoryBudget.of(memory_limit))
        engine.run("SET GLOBAL python_enable_replacements = false")
        self.state = SessionState(workspace=place, engine=engine, project=project, dataset=dataset, progress=progress)

    def close(self) -> None:
        """End what is temporary. A session that is no longer used ends so, too."""
        self.state.ending.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def sql(self, text: str, parameters: Parameters = None) -> Result:
        """Run a script; what its last statement answers, whose rows are made as they are read.

        `parameters` are the values of `@names` (a mapping) or of `?` (a list). Raises HaganeError, which tells at which
        statement the script ended; what those before it did is done.
        """
        last: Result | None = None
        for result in self.script(text, parameters):
            last = result
        if last is None:
            raise DataError(Fault(what="the text holds no statement", expected="one or several statements"))
        return last

    def script(self, text: str, parameters: Parameters = None) -> Iterator[Result]:
        """Run a script statement by statement, each when the one before it was taken; its rows are kept but the last's.

        Raises SqlError with all that cannot be read before anything is run.
        """
        statements = parse_script(text)
        given = parameters_of(parameters)
        first = 1
        for number, statement in enumerate(statements, 1):
            is_last = number == len(statements)
            try:
                result = self._run(statement, given, first)
                if not is_last and result.is_table:
                    result.arrow()
            except HaganeError as error:
                if len(statements) > 1:
                    _tell_where(error, statement, number, len(statements))
                raise
            first += sum(map(count_placeholders, statement_trees(statement)))
            yield result

    def interrupt(self) -> None:
        """End the statement that runs on another thread: there it is as if by Ctrl-C."""
        self.state.engine.interrupt()

    def _run(self, statement: Statement, parameters: dict[str, Variable], first: int) -> Result:
        began = time.monotonic()
        run = StatementRun(statement, self.state, parameters, first)
        try:
            result = run_statement(run)
        except BaseException:
            run.sources.close()
            raise
        if not isinstance(statement, QueryStatement):
            run.sources.close()
        result.notices = (*dict.fromkeys((*result.notices, *run.notices)),)
        result.seconds = time.monotonic() - began
        result.sql = statement.sql[statement.start : statement.end]
        return result


def _tell_where(error: HaganeError, statement: Statement, number: int, count: int) -> None:
    """Say of each fault in which statement of the script it is."""
    line = statement.sql.count("\n", 0, statement.start) + 1
    where = f"statement {number} of {count}, line {line}"
    error.faults = tuple(
        msgspec.structs.replace(fault, where=f"{where} ({fault.where})" if fault.where else where)
        for fault in error.faults
    )
    error.args = (error.render(),)
