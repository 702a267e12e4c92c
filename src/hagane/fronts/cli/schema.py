"""`hagane schema`: what data are expected to be, inferred, and new data checked against it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hagane.fronts.cli.check_place import check_place
from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import FLAG, DataArgument, JsonOption, TableOption, one_or_many, pairs

schema = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Infer a schema from data, and check new data against it.\n\n"
    "[dim]Example:[/dim]  hagane schema check new.parquet schema.yaml",
)


@schema.command()
def infer(
    data: DataArgument,
    *,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="Where to write the schema; - for stdout.")
    ] = Path("schema.yaml"),
    table: TableOption = None,
    force: Annotated[bool, typer.Option("--force", "-f", metavar=FLAG, help="Overwrite the file.")] = False,
    json: JsonOption = False,
) -> None:
    """Write down what a table holds as a schema to edit: types, presence, domains, ranges.

    [dim]Example:[/dim]  hagane schema infer flights.csv -o schema.yaml
    """
    from hagane.workflow.check_not_input import check_not_input
    from hagane.workflow.schema import infer_schema
    from hagane.workflow.write_text import write_text

    output = Output(json=json)
    to_stdout = str(out) == "-"
    if not to_stdout:
        check_place(out, force)
        check_not_input(one_or_many(data), out, option="-o", tables=pairs(table, "--table"))
    found = infer_schema(one_or_many(data), tables=pairs(table, "--table"), progress=output.progress)
    if to_stdout:
        output.text(found.yaml)
    else:
        write_text(out, found.yaml)
        output.show(f"wrote {out}")
        output.hint(f"next: read and edit it, then: hagane schema check NEW_DATA {out}")
    output.result({"path": None if to_stdout else out, "yaml": found.yaml, "schema": found.schema})


@schema.command()
def check(
    data: DataArgument,
    schema: Annotated[Path, typer.Argument(metavar="SCHEMA", help="The schema, a YAML file.", show_default=False)],
    *,
    table: TableOption = None,
    json: JsonOption = False,
) -> None:
    """Check every row of a table against a schema; exits with 1 where something breaks it.

    [dim]Example:[/dim]  hagane schema check new.parquet schema.yaml
    """
    from hagane.fronts.cli.render_anomalies import render_anomalies
    from hagane.workflow.schema import check_schema

    output = Output(json=json)
    report = check_schema(one_or_many(data), schema, tables=pairs(table, "--table"), progress=output.progress)
    output.show(render_anomalies(report))
    output.result({"is_clean": report.is_clean, "num_rows": report.num_rows, "findings": report.findings})
    if not report.is_clean:
        raise typer.Exit(1)
