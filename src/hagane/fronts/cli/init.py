"""`hagane init`: a table → a commented spec to edit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hagane.fronts.cli.check_place import check_place
from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import (
    FLAG,
    DataArgument,
    DefaultsOption,
    JsonOption,
    TableOption,
    complete_family,
    one_or_many,
    pairs,
)


def init(
    data: DataArgument,
    *,
    label: Annotated[
        list[str],
        typer.Option(
            "--label", "-l", metavar="COLUMN", help="The column to predict; again for others.", show_default=False
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="Where to write the spec; - for stdout.")
    ] = Path("spec.yaml"),
    model: Annotated[
        str, typer.Option("--model", "-m", metavar="TYPE", help="The model family.", autocompletion=complete_family)
    ] = "auto",
    defaults: DefaultsOption = None,
    table: TableOption = None,
    force: Annotated[bool, typer.Option("--force", "-f", metavar=FLAG, help="Overwrite the file.")] = False,
    json: JsonOption = False,
) -> None:
    """Write a spec to edit, with the automatic preprocessing spelled out as SQL.

    [dim]Example:[/dim]  hagane init flights.csv --label late -o spec.yaml
    """
    from hagane.workflow.check_not_input import check_not_input

    output = Output(json=json)
    to_stdout = str(out) == "-"
    if not to_stdout:
        check_place(out, force)
        check_not_input(one_or_many(data), out, option="-o", tables=pairs(table, "--table"))
    from hagane.fronts.cli.override_spec import parse_defaults
    from hagane.spec.read_yaml import read_yaml
    from hagane.workflow.init import init as work
    from hagane.workflow.write_text import write_text

    text = work(
        one_or_many(data),
        label,
        tables=pairs(table, "--table"),
        model=model,
        defaults=parse_defaults(defaults or "hagane"),
        progress=output.progress,
    )
    if to_stdout:
        output.text(text)
    else:
        write_text(out, text)
        output.show(f"wrote {out}")
        output.hint(f"next: read and edit it, then: hagane train {out}")
    output.result({"path": None if to_stdout else out, "yaml": text, "spec": read_yaml(text)})
