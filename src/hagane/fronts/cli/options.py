"""Arguments and options that several commands share, with their shell completion."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

PANEL_OUTPUT = "Output"
FLAG = ""
"""The metavar of an option without a value; else its help would say <bool>, as if it took one."""


def complete_model(incomplete: str) -> Iterator[tuple[str, str]]:
    """Names and references of the workspace's models that begin with what was typed; nothing where there are none."""
    from hagane.errors import HaganeError
    from hagane.workspace.workspace import Workspace

    try:
        versions = Workspace().list()
    except (HaganeError, OSError):
        return
    names = dict.fromkeys(version.name for version in versions)
    found = [(name, "newest version") for name in names]
    found += [(version.reference, f"{version.model_type}, {version.created}") for version in versions]
    yield from (item for item in found if item[0].lower().startswith(incomplete.lower()))


def complete_family(incomplete: str) -> Iterator[str]:
    """Model families that begin with what was typed."""
    from hagane.models import FAMILIES

    yield from (name for name in FAMILIES if name.startswith(incomplete.lower()))


def complete_endpoint(incomplete: str) -> Iterator[tuple[str, str]]:
    """Names of the workspace's endpoints that begin with what was typed; nothing where there are none."""
    from hagane.errors import HaganeError
    from hagane.workspace.workspace import Workspace

    try:
        states = Workspace().endpoints.list()
    except (HaganeError, OSError):
        return
    found = [(state.name, ", ".join(each.reference for each in state.models)) for state in states]
    yield from (item for item in found if item[0].lower().startswith(incomplete.lower()))


def complete_log(incomplete: str) -> Iterator[str]:
    """Endpoints whose requests were logged, by what was typed."""
    from hagane.serving.request_log.log_folder import endpoints
    from hagane.workspace.workspace import Workspace

    yield from (name for name in endpoints(Workspace().logs_folder) if name.lower().startswith(incomplete.lower()))


JsonOption = Annotated[
    bool,
    typer.Option(
        "--json", metavar=FLAG, help="Print one JSON document on stdout instead of text.", rich_help_panel=PANEL_OUTPUT
    ),
]
WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        metavar="FOLDER",
        envvar="HAGANE_HOME",
        show_default=".hagane",
        help="Where models are kept.",
        rich_help_panel=PANEL_OUTPUT,
    ),
]
ModelArgument = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="A model's name (late), name and version (late@3), or the folder of a bundle.",
        autocompletion=complete_model,
        show_default=False,
    ),
]
EndpointArgument = Annotated[
    str,
    typer.Argument(
        metavar="ENDPOINT", help="An endpoint's name.", autocompletion=complete_endpoint, show_default=False
    ),
]
LogArgument = Annotated[
    str,
    typer.Argument(
        metavar="ENDPOINT",
        help="Whose requests: an endpoint's name, or the model's where it was served without one.",
        autocompletion=complete_log,
        show_default=False,
    ),
]
DataArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="DATA",
        help="Files (Parquet, CSV, JSON lines; globs and folders too), or one SQL query over files.",
        show_default=False,
    ),
]
MemoryOption = Annotated[
    str | None,
    typer.Option(
        "--memory-limit",
        metavar="SIZE",
        help="How much memory the rows in work may take (2GiB, 800MB, 30%); without it, half of the machine's.",
        show_default=False,
    ),
]
DefaultsOption = Annotated[
    str | None,
    typer.Option(
        "--defaults",
        metavar="hagane|bigquery",
        help="Whose defaults fill what is left open.",
        show_default=False,
    ),
]
TableOption = Annotated[
    list[str] | None,
    typer.Option("--table", metavar="NAME=PATH", help="A file that the query may name as a table.", show_default=False),
]


def one_or_many(data: list[str]) -> str | tuple[str, ...]:
    """A lone argument as itself (it may be SQL), several as paths.

    >>> one_or_many(["SELECT 1"]), one_or_many(["a.csv", "b.csv"])
    ('SELECT 1', ('a.csv', 'b.csv'))
    """
    return data[0] if len(data) == 1 else tuple(data)


def pairs(texts: list[str] | None, option: str) -> dict[str, str]:
    """`name=value` texts as a mapping. Raises typer.BadParameter naming the option for any other text.

    >>> pairs(["flights=f.csv"], "--table")
    {'flights': 'f.csv'}
    """
    found: dict[str, str] = {}
    for text in texts or []:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise typer.BadParameter(f"{option} {text}: expected NAME=VALUE")
        if name in found:
            raise typer.BadParameter(f"{option} {name} is given twice")
        found[name] = value
    return found


SourceArgument = Annotated[
    list[str],
    typer.Argument(metavar="SPEC|DATA", help="A spec (.yaml), or files or SQL with --label.", show_default=False),
]
FamilyOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        metavar="TYPE",
        help="The model family; without it, boosted trees.",
        autocompletion=complete_family,
        show_default=False,
    ),
]
NameOption = Annotated[
    str | None,
    typer.Option("--name", "-n", help="What to call the model; without it, the label.", show_default=False),
]
OptionOption = Annotated[
    list[str] | None,
    typer.Option("--option", metavar="KEY=VALUE", help="An option of the family.", show_default=False),
]
SplitOption = Annotated[
    str | None,
    typer.Option(
        "--split",
        metavar="METHOD[:COLUMN]",
        help="How rows are divided: random, key:COLUMN, time:COLUMN, column:COLUMN, none.",
        show_default=False,
    ),
]
ExcludeOption = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="COLUMN", help="A column to leave out.", show_default=False),
]
HparamOption = Annotated[
    list[str] | None,
    typer.Option("--hparam", metavar="NAME=VALUE", help="A value for a hyperparameter.", show_default=False),
]
EventsOption = Annotated[
    str | None,
    typer.Option(
        "--events",
        metavar="FILE|-",
        help="Append what happens to a file, or write it to stdout (-): a JSON line each.",
        rich_help_panel=PANEL_OUTPUT,
        show_default=False,
    ),
]
OneLabelOption = Annotated[
    str | None,
    typer.Option("--label", "-l", metavar="COLUMN", help="The column to predict.", show_default=False),
]
