"""`render_training`: what a training made, and what its user should know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from hagane.fronts.cli.render_anomalies import render_anomalies
from hagane.fronts.cli.render_evaluation import render_evaluation
from hagane.fronts.cli.render_leaks import render_leaks
from hagane.fronts.cli.render_outliers import render_outliers
from hagane.fronts.cli.stage_text import seconds_text

if TYPE_CHECKING:
    from hagane.workflow.train import TrainResult


def render_training(result: TrainResult) -> RenderableType:
    """The model's name, the rows it saw, suspected leaks, and the evaluation of the rows held out."""
    return Group(*_parts(result))


def _parts(result: TrainResult) -> Iterator[RenderableType]:
    version = result.version
    yield Text.assemble(
        (version.reference, "bold"), f"  {version.model_type}, trained in {seconds_text(result.duration_seconds)}"
    )
    yield Text(f"bundle: {result.bundle}", "dim", no_wrap=True, overflow="ignore")
    yield Text("rows: " + ", ".join(f"{count:,} {part}" for part, count in result.split_counts.items()), "dim")
    if result.anomalies is not None and result.anomalies.findings:
        yield Text("")
        yield Text("the data depart from their schema", "bold yellow")
        yield render_anomalies(result.anomalies)
    if result.outliers is not None:
        yield Text("")
        yield render_outliers(result.outliers, title="set aside before training")
    if result.leaks:
        yield Text("")
        yield render_leaks(result.leaks)
    yield Text("")
    yield render_evaluation(result.evaluation)
