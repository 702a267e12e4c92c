"""`hagane train`: a spec, or a table and its label → a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import pairs
from hagane.fronts.cli.taking import taking
from hagane.fronts.cli.told_events import told_events
from hagane.fronts.cli.train_arguments import TrainArguments
from hagane.fronts.cli.write_report import write_report

if TYPE_CHECKING:
    from hagane.progress import Progress
    from hagane.workflow.train import TrainResult
    from hagane.workspace.workspace import Workspace


@taking(TrainArguments)
def train(asked: TrainArguments) -> None:
    """Train a model, and report how good it is on rows it has not seen.

    Options on the command line go before those of the spec.

    [dim]Examples:[/dim]
      hagane train spec.yaml
      hagane train spec.yaml --model dnn_classifier --option dropout=0.2
      hagane train flights.csv --label late --split time:departure
    """
    from hagane.progress.events import Finished
    from hagane.workspace.workspace import Workspace

    output, place = Output(json=asked.json), Workspace(asked.workspace)
    with told_events(output, asked.events) as progress:
        result = _trained(asked, place, progress)
        _show(result, asked, place, output, progress)
        progress.tell(
            Finished(
                model=result.version.reference,
                bundle=str(result.bundle),
                duration_seconds=result.duration_seconds,
            )
        )


def _trained(asked: TrainArguments, place: Workspace, progress: Progress) -> TrainResult:
    """Everything that the command line alone can have wrong is told before the work."""
    from hagane.errors import HaganeError
    from hagane.fronts.cli.asked_spec import asked_spec, spec_path
    from hagane.fronts.cli.override_spec import option_value
    from hagane.spec.read_yaml import locate_faults
    from hagane.workflow.check_output import check_report_outputs
    from hagane.workflow.train import train as work

    path = spec_path(asked.source)
    spec = asked_spec(asked)
    check_report_outputs(asked.html, asked.plots, data=spec.data, tables=spec.tables)
    hparams = {name: option_value(text) for name, text in pairs(asked.hparam, "--hparam").items()}
    try:
        return work(spec, workspace=place, hparams=hparams, progress=progress)
    except HaganeError as error:
        raise (locate_faults(error, path) if path else error) from None


def _show(result: TrainResult, asked: TrainArguments, place: Workspace, output: Output, progress: Progress) -> None:
    from hagane.fronts.cli.render_training import render_training

    model = result.version.reference
    output.show(render_training(result))
    written = write_report(result.evaluation, model, asked.html, asked.plots, workspace=place, output=output)
    for note in result.notes:
        progress.note(note)
    output.result(training_document(result) | {"html": asked.html, "plots": written})
    output.hint(f"next: hagane predict {model} DATA -o predictions.parquet")


def training_document(result: TrainResult) -> dict[str, Any]:
    """What `hagane train --json` prints."""
    return {
        "model": result.version.as_json(),
        "bundle": result.bundle,
        "spec": result.spec,
        "split_counts": result.split_counts,
        "evaluation": result.evaluation,
        "anomalies": result.anomalies,
        "outliers": result.outliers,
        "leaks": result.leaks,
        "notes": result.notes,
        "duration_seconds": result.duration_seconds,
    }
