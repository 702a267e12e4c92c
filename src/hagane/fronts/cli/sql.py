"""`hagane sql`: scripts of BigQuery's SQL, and a shell for them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from hagane.fronts.cli.console import Output
from hagane.fronts.cli.sql_arguments import SqlArguments
from hagane.fronts.cli.taking import taking

if TYPE_CHECKING:
    from hagane.session.result import Result
    from hagane.session.session import Session

STDIN = "-"


@taking(SqlArguments)
def sql(asked: SqlArguments) -> None:
    """Run SQL: BigQuery's language and BigQuery ML's statements, over tables, models and files.

    Without a script, an interactive shell.

    [dim]Examples:[/dim]
      hagane sql
      hagane sql "SELECT carrier, COUNT(*) AS n FROM 'flights.parquet' GROUP BY carrier"
      hagane sql train.sql --param n:INT64:5
      hagane sql "SELECT * FROM ML.PREDICT(MODEL late, TABLE flights)" -o predictions.parquet
      hagane sql --serve
    """
    if asked.serve:
        _serve(asked)
        return
    from hagane.fronts.cli.sql_parameters import sql_parameters
    from hagane.fronts.cli.write_rows import row_format
    from hagane.session.session import Session
    from hagane.workflow.check_output import check_output

    output = Output(json=asked.json)
    row_format(asked.format, asked.out)
    if asked.out is not None:
        check_output(asked.out, option="-o")
    parameters = sql_parameters(asked.param or [])
    session = Session(asked.workspace, dataset=asked.dataset, memory_limit=asked.memory_limit, progress=output.progress)
    text = _text(asked.script)
    if text is None:
        from hagane.fronts.cli.sql_shell import SqlShell

        SqlShell(session, output, parameters=parameters, max_rows=asked.max_rows).run()
        return
    _run(text, session, asked, output, parameters)


def _serve(asked: SqlArguments) -> None:
    """BigQuery's REST API until SIGTERM or Ctrl+C. Raises ServeError."""
    from hagane.session.rest.bigquery_server import serve_bigquery

    if asked.script is not None:
        raise typer.BadParameter("--serve runs what its clients send: leave the script out")
    output = Output(json=asked.json)

    def announce(url: str) -> None:
        output.result({"url": url})
        output.show(f"BigQuery's API at {url}")

    serve_bigquery(
        asked.workspace,
        host=asked.host,
        port=asked.port,
        token=asked.token,
        memory_limit=asked.memory_limit,
        announce=announce,
    )


def _text(script: str | None) -> str | None:
    """The statements; None where a person is to type them. Raises HaganeError for a file that cannot be read."""
    from hagane.errors import Fault, NotFoundError

    if script is None and sys.stdin.isatty():
        return None
    if script is None or script == STDIN:
        return sys.stdin.read()
    path = Path(script)
    if script.lower().endswith(".sql") and "\n" not in script:
        if not path.is_file():
            raise NotFoundError(Fault(what=f"no file at {script!r}", next_step="correct the path"))
        return _read(path)
    return script


def _read(path: Path) -> str:
    from hagane.errors import DataError, Fault

    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        fault = Fault(what="the file is no UTF-8 text", where=f"{path}, byte {error.start:,}",
                      next_step=f"iconv -f LATIN1 -t UTF-8 {path}, say")  # fmt: skip
        raise DataError(fault) from None
    except OSError as error:
        raise DataError(Fault(what=f"the file cannot be read: {error.strerror}", where=str(path))) from None


def _run(text: str, session: Session, asked: SqlArguments, output: Output, parameters: Any) -> None:
    """Every statement's answer: to a person as it comes, to a program the rows of the last query."""
    from hagane.fronts.cli.render_result import render_result
    from hagane.fronts.cli.write_rows import row_format

    format_ = row_format(asked.format, asked.out)
    documents: list[dict[str, Any]] = []
    held: Result | None = None
    for result in session.script(text, parameters):
        if output.json:
            documents.append(_document(result))
        elif format_ == "table":
            output.progress.stop()
            output.show(*render_result(result, max_rows=asked.max_rows))
        elif result.is_table:
            held = result
        for notice in result.notices:
            output.progress.note(notice)
        if result.message and format_ != "table":
            output.hint(result.message)
    output.result({"statements": documents})
    if format_ != "table" and not output.json:
        _write(held, format_, asked.out, output)


def _write(result: Result | None, format_: str, path: Path | None, output: Output) -> None:
    from hagane.fronts.cli.write_rows import write_rows

    if result is None:
        raise typer.BadParameter("the script answers no rows that could be written")
    num_rows = write_rows(result, format_, path, output.progress)
    if path is not None:
        output.hint(f"wrote {num_rows:,} rows to {path}")


def _document(result: Result) -> dict[str, Any]:
    """What `--json` says of a statement."""
    from hagane.fronts.cli.plain_rows import plain_rows

    return {
        "kind": result.kind,
        "message": result.message,
        "schema": [{"name": column.name, "type": column.type} for column in result.schema],
        "rows": [row for batch in result.batches() for row in plain_rows(batch)],
        "num_changed_rows": result.num_changed_rows,
        "model": result.model.as_json() if result.model is not None else None,
        "notices": result.notices,
        "seconds": result.seconds,
    }
