"""`record_study`: a study that is kept, as everyone sees it who does not search."""

from __future__ import annotations

from collections.abc import Sequence

from hagane.spec.tuning import Tuning
from hagane.tuning.study import Study
from hagane.tuning.study_record import StudyRecord
from hagane.tuning.trial import Trial


def record_study(
    study: Study, trials: Sequence[Trial] | None = None, *, path: str = "", is_running: bool = False
) -> StudyRecord:
    """The study now, with `trials` where they are known already; `path` is where it is kept. Raises StorageError."""
    about = study.about
    return StudyRecord(
        name=about.name,
        objectives=about.objectives,
        dimensions=about.space.dimensions,
        trials=study.trials() if trials is None else tuple(trials),
        tuning=Tuning(algorithm=about.algorithm, stopping=about.stopping, seed=about.seed),  # type: ignore[arg-type]
        spec=about.spec,
        searched_spec=about.searched_spec,
        winner=study.winner(),
        rungs=about.rungs,
        is_running=is_running,
        created=about.created,
        path=path,
    )
