"""`hagane automl`: a file and a column name → the best model that a given time allows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from msgspec.structs import replace

from hagane.fronts.cli.asked_spec import spec_path
from hagane.fronts.cli.automl_arguments import AutoMlArguments
from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import one_or_many, pairs
from hagane.fronts.cli.taking import taking
from hagane.fronts.cli.told_events import told_events

if TYPE_CHECKING:
    from hagane.progress import Progress
    from hagane.spec.spec import Spec
    from hagane.workflow.automl_result import AutoMlResult
    from hagane.workspace.workspace import Workspace


@taking(AutoMlArguments)
def automl(asked: AutoMlArguments) -> None:
    """Find a good model in a given time: features, families, options, an ensemble.

    What was tried and why is shown; the result is an ordinary spec.

    [dim]Examples:[/dim]
      hagane automl flights.csv --label late --budget 10m
      hagane automl flights.csv --label late --split time:departure --html tried.html
      hagane automl flights.csv --label late --single --save-spec spec.yaml
    """
    from hagane.progress.events import Finished
    from hagane.workspace.workspace import Workspace

    output, place = Output(json=asked.json), Workspace(asked.workspace)
    with told_events(output, asked.events) as progress:
        result = _found(asked, place, progress)
        _show(result, asked, place, output, progress)
        progress.tell(
            Finished(
                model=result.trained.version.reference,
                bundle=str(result.trained.bundle),
                duration_seconds=result.duration_seconds,
            )
        )


def _found(asked: AutoMlArguments, place: Workspace, progress: Progress) -> AutoMlResult:
    from hagane.errors import HaganeError
    from hagane.spec.read_yaml import locate_faults
    from hagane.workflow.automl import automl as work
    from hagane.workflow.check_output import check_report_outputs

    path, spec = spec_path(asked.source), asked_automl(asked)
    check_report_outputs(asked.html, None, data=spec.data, tables=spec.tables)
    try:
        return work(spec, workspace=place, progress=progress)
    except HaganeError as error:
        raise (locate_faults(error, path) if path else error) from None


def asked_automl(asked: AutoMlArguments) -> Spec:
    """The spec of the file, or one for data and label, with every option put in the place of its own.

    >>> asked_automl(AutoMlArguments(source=["f.csv"], label="y", budget="10m", family=["dnn"])).model.options
    {'budget': '10m', 'families': ['dnn']}
    """
    from hagane.fronts.cli.override_spec import override_spec
    from hagane.spec.read_yaml import read_spec
    from hagane.spec.spec import Spec

    path, tables = spec_path(asked.source), pairs(asked.table, "--table")
    if path is None and not asked.label:
        raise typer.BadParameter("--label is needed with DATA: which column is to be predicted?")
    spec = read_spec(path) if path else Spec(data=one_or_many(asked.source), label=str(asked.label))
    spec = override_spec(
        replace(spec, tables=spec.tables | tables),
        label=(asked.label,) if asked.label else (),
        name=asked.name,
        split=asked.split,
        exclude=tuple(asked.exclude or ()),
        memory_limit=asked.memory_limit,
    )
    options = dict(spec.model.options) | _options(asked)
    if asked.budget is not None:
        options.pop("budget_hours", None)
    return replace(spec, model=replace(spec.model, options=options))


def _options(asked: AutoMlArguments) -> dict[str, Any]:
    """Those of AutoML that the command line gives."""
    given: dict[str, Any] = {}
    if asked.budget is not None:
        given["budget"] = asked.budget
    if asked.objective is not None:
        given["optimization_objective"] = asked.objective
    if asked.family:
        given["families"] = list(asked.family)
    if asked.single:
        given["ensemble"] = False
    if asked.drop_leaks:
        given["drop_leaks"] = True
    return given


def _show(result: AutoMlResult, asked: AutoMlArguments, place: Workspace, output: Output, progress: Progress) -> None:
    from hagane.fronts.cli.render_automl import render_automl
    from hagane.fronts.cli.train import training_document

    output.show(render_automl(result))
    if asked.html is not None:
        from hagane.workflow.write_automl_report import write_automl_html

        write_automl_html(result, asked.html, workspace=place)
        output.show(f"wrote {asked.html}")
    if asked.save_spec is not None:
        _write_spec(result, asked.save_spec)
        output.show(f"wrote {asked.save_spec}")
    for note in result.trained.notes:
        progress.note(note)
    document = training_document(result.trained) | result.as_json()
    output.result(document | {"html": asked.html, "saved_spec": asked.save_spec})
    output.hint(f"next: hagane predict {result.trained.version.reference} DATA -o predictions.parquet")


def _write_spec(result: AutoMlResult, path: Path) -> None:
    from hagane.spec.write_brief_yaml import write_brief_yaml
    from hagane.workflow.write_text import write_text

    write_text(path, write_brief_yaml(result.spec))
