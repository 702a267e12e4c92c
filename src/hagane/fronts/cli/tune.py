"""`hagane tune`: a spec that leaves something open, or a table and its label → the best model that was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import pairs
from hagane.fronts.cli.taking import taking
from hagane.fronts.cli.told_events import told_events
from hagane.fronts.cli.tune_arguments import TuneArguments

if TYPE_CHECKING:
    from hagane.fronts.cli.study_progress import StudyProgress
    from hagane.progress import Progress
    from hagane.tuning.study_record import StudyRecord
    from hagane.workflow.train import TrainResult
    from hagane.workflow.tune import TuneResult
    from hagane.workspace.workspace import Workspace


@taking(TuneArguments)
def tune(asked: TuneArguments) -> None:
    """Search what a spec leaves open, and train the best that was found.

    HPARAM_RANGE(8, 64) and HPARAM_CANDIDATES([…]) may stand wherever a literal may; without any, the family's own
    ranges are searched. The same command goes on where it was interrupted.

    [dim]Examples:[/dim]
      hagane tune spec.yaml --num-trials 50
      hagane tune flights.csv --label late --budget 10m --html late.html
      hagane tune --show late --html late.html
      hagane tune --best late > best.yaml
    """
    from hagane.workspace.workspace import Workspace

    output, place = Output(json=asked.json), Workspace(asked.workspace)
    if _asks_for_kept(asked):
        _show_kept(asked, place, output)
    else:
        _search(asked, place, output)


def _asks_for_kept(asked: TuneArguments) -> bool:
    """Whether the command is about a study that is there. Raises typer.BadParameter for what does not go together."""
    given = {"--list": asked.list_, "--show": asked.show, "--best": asked.best, "--train": asked.train}
    named = [name for name, value in given.items() if value]
    if len(named) > 1:
        raise typer.BadParameter(f"{' and '.join(named)} do not go together")
    if named and asked.source:
        raise typer.BadParameter(f"{named[0]} is about a study that is kept: leave out {asked.source[0]}")
    if not named and not asked.source:
        raise typer.BadParameter("name a spec, or data and --label; or ask for what is kept: --list, --show STUDY")
    if asked.trial is not None and not (asked.show or asked.best or asked.train):
        raise typer.BadParameter("--trial goes with --show, --best or --train")
    return bool(named)


def _show_kept(asked: TuneArguments, place: Workspace, output: Output) -> None:
    if asked.list_:
        _list(place, output)
    elif asked.train:
        _train(asked, asked.train, place, output)
    elif asked.best:
        _print_spec(asked, asked.best, place, output)
    elif asked.show:
        _show(asked, asked.show, place, output)


def _list(place: Workspace, output: Output) -> None:
    from datetime import UTC, datetime

    from hagane.fronts.cli.render_studies import render_studies
    from hagane.workflow.read_study import list_studies

    records, errors = list_studies(place)
    output.show(render_studies(records, datetime.now(UTC)))
    for error in errors:
        output.progress.note(error.render())
    output.result({"studies": [_summary(record) for record in records], "faults": [each.as_json() for each in errors]})
    if records:
        output.hint(f"next: hagane tune --show {records[0].name}")


def _summary(record: StudyRecord) -> dict[str, Any]:
    best = record.best_trial
    return {
        "study": record.name,
        "objectives": record.objectives,
        "num_trials": len(record.trials),
        "best_trial": best.id if best else None,
        "best_metrics": best.final_measurement.metrics if best and best.final_measurement else {},
        "model": record.winner.model if record.winner else None,
        "created": record.created,
        "path": record.path,
    }


def _show(asked: TuneArguments, name: str, place: Workspace, output: Output) -> None:
    from hagane.fronts.cli.render_study import render_study
    from hagane.fronts.cli.render_trial import render_trial
    from hagane.workflow.check_output import check_report_outputs
    from hagane.workflow.read_study import read_study
    from hagane.workflow.trial_spec import find_trial

    check_report_outputs(asked.html, None, data=())
    record = read_study(name, workspace=place, storage=asked.storage)
    if asked.trial is None:
        output.show(render_study(record))
        output.result(study_document(record))
    else:
        trial = find_trial(record, asked.trial)
        output.show(render_trial(record, trial))
        output.result(trial)
    _write_page(asked, record, output)


def _print_spec(asked: TuneArguments, name: str, place: Workspace, output: Output) -> None:
    from hagane.spec.write_brief_yaml import write_brief_yaml
    from hagane.workflow.read_study import read_study
    from hagane.workflow.trial_spec import find_trial, trial_spec

    record = read_study(name, workspace=place, storage=asked.storage)
    trial, spec = find_trial(record, asked.trial), trial_spec(record, asked.trial)
    output.text(write_brief_yaml(spec))
    output.result({"study": record.name, "trial": trial, "spec": spec})


def _train(asked: TuneArguments, name: str, place: Workspace, output: Output) -> None:
    from hagane.fronts.cli.render_training import render_training
    from hagane.fronts.cli.train import training_document
    from hagane.workflow.train_trial import train_trial

    with told_events(output, asked.events) as progress:
        trained = train_trial(name, asked.trial, workspace=place, storage=asked.storage, progress=progress)
        output.show(render_training(trained))
        _tell_end(trained, progress)
    output.result(training_document(trained))


def _search(asked: TuneArguments, place: Workspace, output: Output) -> None:
    from hagane.fronts.cli.study_progress import StudyProgress

    with StudyProgress(output.notes) as screen:
        output.progress = screen
        with told_events(output, asked.events) as progress:
            result = _tuned(asked, place, progress, screen)
            _show_result(asked, result, output, progress)
            _tell_end(result.trained, progress)


def _tuned(asked: TuneArguments, place: Workspace, progress: Progress, screen: StudyProgress) -> TuneResult:
    """Everything that the command line alone can have wrong is told before the work."""
    from hagane.errors import HaganeError
    from hagane.fronts.cli.asked_spec import asked_spec, spec_path
    from hagane.fronts.cli.override_spec import option_value
    from hagane.fronts.cli.override_tuning import override_tuning
    from hagane.spec.read_yaml import locate_faults
    from hagane.workflow.check_output import check_report_outputs
    from hagane.workflow.fix_hyperparameters import fix_hyperparameters
    from hagane.workflow.tune import tune as work

    path = spec_path(asked.source)
    spec = override_tuning(
        asked_spec(asked),
        num_trials=asked.num_trials,
        max_parallel_trials=asked.max_parallel_trials,
        algorithm=asked.algorithm,
        objectives=tuple(asked.objective or ()),
        stopping=asked.stopping,
        budget=asked.budget,
        folds=asked.folds,
        retrain=asked.retrain,
        select=asked.select_features,
        nested_folds=asked.nested_folds,
        study=asked.study,
        storage=asked.storage,
    )
    check_report_outputs(asked.html, None, data=spec.data, tables=spec.tables)
    values = {name: option_value(text) for name, text in pairs(asked.hparam, "--hparam").items()}
    try:
        return work(fix_hyperparameters(spec, values), workspace=place, progress=progress)
    except HaganeError as error:
        raise (locate_faults(error, path) if path else error) from None
    except KeyboardInterrupt:
        screen.stop()
        if screen.view is not None:
            progress.note(f"the same command goes on with the study {screen.view.started.study}")
        raise


def _show_result(asked: TuneArguments, result: TuneResult, output: Output, progress: Progress) -> None:
    from hagane.fronts.cli.render_study import render_study
    from hagane.fronts.cli.render_training import render_training
    from hagane.fronts.cli.train import training_document

    output.show(render_study(result.record, is_fresh=True), "")
    output.show(render_training(result.trained))
    for note in result.notes:
        progress.note(note)
    _write_page(asked, result.record, output)
    output.result(study_document(result.record) | training_document(result.trained) | {"html": asked.html})
    output.hint(
        f"next: hagane tune --show {result.study} --html {result.study}.html, or hagane tune --best {result.study}"
    )


def study_document(record: StudyRecord) -> dict[str, Any]:
    """What `hagane tune --json` prints of a study."""
    best = record.best_trial
    return {"study": record, "best_trial": best.id if best else None,
            "best_trials": [trial.id for trial in record.best_trials]}  # fmt: skip


def _write_page(asked: TuneArguments, record: StudyRecord, output: Output) -> None:
    from hagane.workflow.write_study_page import write_study_page

    if asked.html is not None:
        write_study_page(record, asked.html)
        output.show(f"wrote {asked.html}")


def _tell_end(trained: TrainResult, progress: Progress) -> None:
    from hagane.progress.events import Finished

    progress.tell(
        Finished(
            model=trained.version.reference,
            bundle=str(trained.bundle),
            duration_seconds=trained.duration_seconds,
        )
    )
