"""`evaluated_quality`: what a version's own evaluation said of it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from hagane.bundle.manifest import read_verified
from hagane.errors import HaganeError
from hagane.evaluation.evaluation import Evaluation
from hagane.monitoring.quality.evaluated import Evaluated, EvaluatedRows
from hagane.workspace.workspace import Workspace

NAME = "evaluation.json"


def evaluated_quality(reference: str, workspace: Workspace) -> Evaluated | None:
    """Of `late@3`; None where the version is gone or holds no evaluation."""
    try:
        content = read_verified(workspace.get(reference).path, keep=(NAME,))[1].get(NAME)
        evaluation = None if content is None else Evaluation.from_json(content)
    except (HaganeError, msgspec.MsgspecError):
        return None
    return None if evaluation is None else evaluated(evaluation)


def evaluated(evaluation: Evaluation, label: str = "") -> Evaluated:
    """As monitoring looks at it. One label may be called anything: `label` is ''."""
    several = [(one.name, one.evaluation) for one in evaluation.labels] or [(label, evaluation)]
    return Evaluated(part=evaluation.part, each=tuple(rows for name, one in several for rows in _rows(name, one)))


def _rows(label: str, evaluation: Evaluation) -> Iterator[EvaluatedRows]:
    yield EvaluatedRows(label=label, num_rows=evaluation.num_rows, metrics=_defined(evaluation.metrics))
    for column in evaluation.slices:
        for one in column.slices:
            if not one.is_small:
                yield EvaluatedRows(label=label, column=column.column, value=one.value, num_rows=one.num_rows,
                                    metrics=_defined(one.metrics))  # fmt: skip


def _defined(metrics: dict[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if value is not None}
