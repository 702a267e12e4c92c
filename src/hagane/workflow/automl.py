"""`automl`: from a table and its label to the best model that a given time allows."""

from __future__ import annotations

from msgspec.structs import replace

from hagane.progress import SILENT, Progress
from hagane.spec.spec import Spec
from hagane.tuning.time_plan import TimePlan
from hagane.workflow.asked_automl import asked_automl, automl_key
from hagane.workflow.automl_clock import AutoMlClock
from hagane.workflow.automl_leaderboard import automl_leaderboard
from hagane.workflow.automl_result import AutoMlResult
from hagane.workflow.automl_run import AutoMlRun
from hagane.workflow.automl_training import AutoMlTraining
from hagane.workflow.measure_bundle import measure_bundle
from hagane.workflow.prepare import prepare
from hagane.workflow.shared_rows import SharedRows
from hagane.workflow.train import run_about
from hagane.workflow.trial_runner import TrialRunner
from hagane.workspace.run_folder import remove_run, run_folder
from hagane.workspace.workspace import Workspace


def automl(
    spec: Spec, *, workspace: Workspace, frame: object | None = None, progress: Progress = SILENT
) -> AutoMlResult:
    """Try what is worth a try, decide, and train and register the result, within the budget of `spec.model.options`.

    `spec.model.type` is `automl_classifier`, `automl_regressor`, or `auto` (the label decides); its options are
    `AutoMlOptions`. A killed run that is started again with the same spec does not try again what it tried. Raises
    HaganeError: SpecError, DataError, and TrainingError where no model could be trained.
    """
    clock = AutoMlClock()
    options, base = asked_automl(spec)
    workspace.check_writable()
    shared = SharedRows(frame, workspace.root)
    prepared = prepare(base, None, progress, folder=workspace.root, shared=shared)
    dropped = tuple(leak.column for leak in prepared.leaks) if options.drop_leaks else ()
    leaks = prepared.leaks
    if dropped:
        base = replace(base, exclude=tuple(dict.fromkeys((*base.exclude, *dropped))))
        prepared = prepare(base, None, progress, folder=workspace.root, shared=shared)
    clock.done("read the rows")
    plan = TimePlan(options.seconds, clock.seconds)
    with run_folder(workspace.runs_folder, automl_key(prepared, options), run_about(prepared)) as folder:
        run = AutoMlRun(base, prepared, options, folder, clock, plan)
        runner = TrialRunner(base, workspace=workspace, shared=shared)
        found = run.search(runner, progress)
        clock.done("try models", plan.search_end - plan.prepared)
        settled = run.settle(found)
        clock.done("compare them and decide")
        training = AutoMlTraining(workspace, shared, progress, clock, plan.total - plan.finish)
        made = training.train(settled.spec, settled.shares, found.eligible, rows=found.trials.rows, base=base,
                              is_number=not prepared.label.num_classes)  # fmt: skip
        leaderboard = automl_leaderboard(found.trials, found.judge, made.shares)
        remove_run(folder)
    clock.done("train the result", plan.training(settled.at))
    cost = measure_bundle(made.trained.bundle, prepared)
    clock.done("measure the bundle")
    return AutoMlResult(
        trained=made.trained,
        spec=made.spec,
        objective=found.trials.objective,
        leaderboard=leaderboard,
        because=(*settled.because, *made.because),
        steps=tuple(clock.steps),
        leaks=leaks,
        dropped=dropped,
        budget_seconds=options.seconds,
        duration_seconds=clock.seconds,
        row_milliseconds=cost.row_milliseconds,
        bundle_bytes=cost.num_bytes,
    )
