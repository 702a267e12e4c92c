"""Tuning in Python: `hagane.tune(…)` gives a `TunedStudy`, `hagane.studies()` those of before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hagane.errors import Fault, HaganeError, NotFoundError
from hagane.fronts.call_spec import call_spec
from hagane.progress import SILENT, Progress
from hagane.spec.spec import Spec, Split
from hagane.workspace.workspace import Workspace

if TYPE_CHECKING:
    from hagane.fronts.python import TrainedModel
    from hagane.tuning.study_record import StudyRecord
    from hagane.tuning.trial import Trial

FRAME_HEIGHT = 760


@dataclass(frozen=True)
class TunedStudy:
    """A study: what was tried, and what it came to. A notebook shows its page."""

    record: StudyRecord
    """All that is kept of it."""
    workspace: Workspace
    storage: str | None = None
    """The URL of the database in which it is kept; None: a file in the workspace."""

    @property
    def name(self) -> str:
        """What it is called."""
        return self.record.name

    @property
    def trials(self) -> dict[str, list[Any]]:
        """Every trial as columns: `pandas.DataFrame(study.trials)`."""
        from hagane.tuning.trial_columns import trial_columns

        return trial_columns(self.record)

    @property
    def best(self) -> Trial:
        """The best trial; of several objectives that of the Pareto front which is best in the first.

        Raises NotFoundError where none has a value.
        """
        from hagane.workflow.trial_spec import find_trial

        return find_trial(self.record)

    @property
    def best_trials(self) -> tuple[Trial, ...]:
        """The Pareto front of several objectives; of one the best trial."""
        return self.record.best_trials

    @property
    def spec(self) -> Spec:
        """The settled spec of the best trial: `hagane.train_spec(study.spec)` makes its model."""
        return self.trial_spec()

    @property
    def model(self) -> TrainedModel:
        """The model of the best trial. Raises NotFoundError where it has not been trained yet (`train`)."""
        from hagane.fronts.python import load

        if self.record.winner is None:
            raise NotFoundError(Fault(what=f"the study {self.name} has no model yet", next_step="study.train()"))
        return load(self.record.winner.model, workspace=self.workspace.root)

    @property
    def importance(self) -> dict[str, float]:
        """What share of the variance goes back to each hyperparameter, the largest first; empty of few trials."""
        from hagane.tuning.importance import importance

        return {each.name: each.share for each in importance(self.record)}

    def trial_spec(self, trial: int | None = None) -> Spec:
        """The settled spec of the trial of this number, of the best without one."""
        from hagane.workflow.trial_spec import trial_spec

        return trial_spec(self.record, trial)

    def train(
        self, trial: int | None = None, *, data: object | None = None, progress: Progress | None = None
    ) -> TrainedModel:
        """Train and register the model of any trial; `data` is the frame, where the study was made of one."""
        from hagane.bundle.bundle import Bundle
        from hagane.fronts.python import TrainedModel
        from hagane.workflow.train_trial import train_trial

        trained = train_trial(self.name, trial, workspace=self.workspace, storage=self.storage, frame=data,
                              progress=progress or SILENT)  # fmt: skip
        return TrainedModel(Bundle.load(trained.bundle), self.workspace)

    def report(self, path: str | Path) -> Path:
        """Write the study as one HTML page; where it lies."""
        from hagane.workflow.write_study_page import write_study_page

        write_study_page(self.record, Path(path))
        return Path(path)

    def __repr__(self) -> str:
        from hagane.number_text import figure_text
        from hagane.tuning.states_text import states_text

        best = self.record.best_trial
        worth = f", {self.record.objective.metric} {figure_text(self.record.value(best))}" if best else ""
        return f"<study {self.name}: {states_text(self.record.trials)}{worth}>"

    def _repr_html_(self) -> str:
        from hagane.page.markup import element
        from hagane.workflow.write_study_page import study_page

        style = f"width:100%;height:{FRAME_HEIGHT}px;border:0"
        return element("iframe", srcdoc=study_page(self.record), sandbox="allow-scripts",
                       title=f"Study {self.name}", style=style)  # fmt: skip


def tune(
    data: object,
    label: str | Sequence[str] | None = None,
    *,
    label_form: str | None = None,
    model: str = "auto",
    options: Mapping[str, Any] | None = None,
    transform: Mapping[str, str] | None = None,
    split: Split | Mapping[str, Any] | None = None,
    name: str | None = None,
    tables: Mapping[str, str] | None = None,
    dialect: str = "duckdb",
    exclude: Sequence[str] = (),
    defaults: str = "hagane",
    hparams: Mapping[str, Any] | None = None,
    num_trials: int | None = None,
    max_parallel_trials: int | None = None,
    algorithm: str | None = None,
    objectives: str | Sequence[str] | None = None,
    budget: str | None = None,
    retrain: bool | None = None,
    study: str | None = None,
    storage: str | None = None,
    tuning: Mapping[str, Any] | None = None,
    workspace: str | Path | None = None,
    progress: Progress | None = None,
    **sections: Any,
) -> TunedStudy:
    """Search what is open, and train the best that was found.

    `hagane.hparam_range(8, 64)` and `hagane.hparam_candidates([…])` say what is searched, wherever a literal may stand;
    without any, the family's own ranges are. `tuning` is the spec's section; `num_trials`, `budget` and what stands
    beside them go before it. `hparams` decides hyperparameters that are then not searched. All else is as in
    `hagane.train`. The same call goes on where it was interrupted. Raises HaganeError with every fault at once.
    """
    said = {
        "num_trials": num_trials,
        "max_parallel_trials": max_parallel_trials,
        "algorithm": algorithm,
        "objectives": (objectives,) if isinstance(objectives, str) else objectives,
        "budget": budget,
        "retrain": retrain,
        "study": study,
        "storage": storage,
    }
    declared, frame = call_spec(
        data,
        label,
        label_form=label_form,
        model=model,
        options=options,
        transform=transform,
        split=split,
        name=name,
        tables=tables,
        dialect=dialect,
        exclude=exclude,
        defaults=defaults,
        sections=sections,
        tuning={**(tuning or {}), **{key: value for key, value in said.items() if value is not None}},
    )
    return tune_spec(declared, frame=frame, hparams=hparams, workspace=workspace, progress=progress)


def tune_spec(
    spec: Spec | str | Path,
    *,
    frame: object | None = None,
    hparams: Mapping[str, Any] | None = None,
    workspace: str | Path | None = None,
    progress: Progress | None = None,
) -> TunedStudy:
    """Search what a `Spec`, or the YAML file at a path, leaves open; `hparams` decides some of it beforehand."""
    from hagane.spec.decode_python import decode_python
    from hagane.spec.read_yaml import locate_faults, read_spec
    from hagane.workflow.fix_hyperparameters import fix_hyperparameters
    from hagane.workflow.tune import tune as run

    place = _workspace(workspace)
    declared = decode_python(spec, Spec) if isinstance(spec, Spec) else read_spec(spec)
    try:
        fixed = fix_hyperparameters(declared, hparams or {})
        result = run(fixed, workspace=place, frame=frame, progress=progress or SILENT)
    except HaganeError as error:
        raise error if isinstance(spec, Spec) else locate_faults(error, spec) from None
    return TunedStudy(result.record, place, fixed.tuning.storage if fixed.tuning else None)


def studies(workspace: str | Path | None = None) -> tuple[TunedStudy, ...]:
    """The studies of the workspace, by name. Raises HaganeError where one cannot be read."""
    from hagane.workflow.read_study import list_studies

    place = _workspace(workspace)
    records, errors = list_studies(place)
    if errors:
        raise errors[0]
    return tuple(TunedStudy(record, place) for record in records)


def load_study(name: str, *, storage: str | None = None, workspace: str | Path | None = None) -> TunedStudy:
    """The study of this name, in the workspace or in the database at the URL `storage`. Raises NotFoundError."""
    from hagane.workflow.read_study import read_study

    place = _workspace(workspace)
    return TunedStudy(read_study(name, workspace=place, storage=storage), place, storage)


def _workspace(root: str | Path | None) -> Workspace:
    return Workspace() if root is None else Workspace(Path(root))
