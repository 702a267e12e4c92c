"""`winner_of_training`: what is kept with a study of the model that was made of its best trial."""

from __future__ import annotations

from collections.abc import Sequence

from hagane.spec.spec import Spec
from hagane.spec.write_yaml import write_yaml
from hagane.tuning.study_winner import StudyWinner
from hagane.workflow.train import TrainResult


def winner_of_training(
    trial: int, spec: Spec, trained: TrainResult, *, notes: Sequence[str] | None = None, retrained: bool = False
) -> StudyWinner:
    """Of the trial of this number, its settled `spec`, and what was `trained` of it; `notes`: all there are."""
    evaluation = trained.evaluation
    return StudyWinner(
        trial=trial,
        model=trained.version.reference,
        spec=write_yaml(spec),
        metrics=evaluation.metrics,
        part=evaluation.part or "test",
        intervals={name: (each.low, each.high) for name, each in evaluation.confidence.items()},
        retrained=retrained,
        notes=trained.notes if notes is None else tuple(notes),
    )
