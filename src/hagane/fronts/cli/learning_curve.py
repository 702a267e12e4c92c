"""`hagane learning-curve`: would more data help?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hagane.fronts.cli.console import Output
from hagane.fronts.cli.learning_curve_arguments import LearningCurveArguments
from hagane.fronts.cli.options import pairs
from hagane.fronts.cli.taking import taking

if TYPE_CHECKING:
    from hagane.evaluation.learning_curve import LearningCurve
    from hagane.progress import Progress

OF_THE_CURVE = ("metric", "more")


@taking(LearningCurveArguments)
def learning_curve(asked: LearningCurveArguments) -> None:
    """Would more data help? Train on growing parts of the rows, and say what ten times as many would be worth.

    Costs about as much as four trainings. No model is kept.

    [dim]Examples:[/dim]
      hagane learning-curve spec.yaml
      hagane learning-curve flights.csv --label late --metric roc_auc --html curve.html
    """
    from hagane.evaluation.report.learning_curve_html import learning_curve_html
    from hagane.fronts.cli.render_learning_curve import render_learning_curve
    from hagane.workflow.write_text import write_text

    output = Output(json=asked.json)
    curve = _trained(asked, output.progress)
    output.show(render_learning_curve(curve))
    for note in curve.notes:
        output.progress.note(note)
    if asked.html is not None:
        write_text(asked.html, learning_curve_html(curve, str(curve.spec.name)))
        output.show(f"wrote {asked.html}")
    output.result({"learning_curve": curve, "told": curve.describe(), "html": asked.html})


def _trained(asked: LearningCurveArguments, progress: Progress) -> LearningCurve:
    """Everything that the command line alone can have wrong is told before the work."""
    from hagane.errors import HaganeError
    from hagane.fronts.cli.asked_spec import asked_spec, spec_path
    from hagane.fronts.cli.override_spec import option_value
    from hagane.fronts.cli.train_arguments import TrainArguments
    from hagane.spec.read_yaml import locate_faults
    from hagane.workflow.check_output import check_report_outputs
    from hagane.workflow.learning_curve import learning_curve as work
    from hagane.workspace.workspace import Workspace

    of_training = {name: value for name, value in vars(asked).items() if name not in OF_THE_CURVE}
    path, spec = spec_path(asked.source), asked_spec(TrainArguments(**of_training))
    check_report_outputs(asked.html, None, data=spec.data, tables=spec.tables)
    hparams = {name: option_value(text) for name, text in pairs(asked.hparam, "--hparam").items()}
    try:
        return work(spec, workspace=Workspace(asked.workspace), hparams=hparams, metric=asked.metric, more=asked.more,
                    progress=progress)  # fmt: skip
    except HaganeError as error:
        raise (locate_faults(error, path) if path else error) from None
