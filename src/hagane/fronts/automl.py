"""AutoML from Python: `hg.automl(data, label=…, budget="10m")`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hagane.fronts.call_spec import call_spec
from hagane.fronts.python import TrainedModel
from hagane.progress import SILENT, Progress
from hagane.spec.spec import Split

if TYPE_CHECKING:
    from hagane.spec.spec import Spec
    from hagane.tuning.leaderboard import LeaderboardRow
    from hagane.workflow.automl_result import AutoMlResult


@dataclass(frozen=True)
class AutoMlModel:
    """The model that an AutoML run made, and what it tried."""

    result: AutoMlResult
    model: TrainedModel
    """Ready to be used."""

    @property
    def spec(self) -> Spec:
        """As a person would have written it: `hagane.train_spec` of it makes the same model."""
        return self.result.spec

    @property
    def leaderboard(self) -> tuple[LeaderboardRow, ...]:
        """What was tried, the best first: `pandas.DataFrame(automl.leaderboard_columns())`."""
        return self.result.leaderboard

    @property
    def because(self) -> tuple[str, ...]:
        """Why it is this model."""
        return self.result.because

    def leaderboard_columns(self) -> dict[str, list[Any]]:
        """The leaderboard as columns."""
        from msgspec import to_builtins

        rows = [to_builtins(row) for row in self.leaderboard]
        return {name: [row[name] for row in rows] for name in (rows[0] if rows else {})}

    def predict(self, data: object) -> Any:
        """As `TrainedModel.predict`."""
        return self.model.predict(data)

    def report(self, path: str | Path) -> None:
        """Write what was tried, and the report of the result, as one HTML page. Raises StorageError."""
        from hagane.workflow.write_automl_report import write_automl_html

        write_automl_html(self.result, Path(path), workspace=self.model.workspace)


def automl(
    data: object,
    label: str,
    *,
    budget: str = "1h",
    objective: str | None = None,
    families: Sequence[str] | None = None,
    ensemble: bool = True,
    drop_leaks: bool = False,
    transform: Mapping[str, str] | None = None,
    split: Split | Mapping[str, Any] | None = None,
    name: str | None = None,
    tables: Mapping[str, str] | None = None,
    exclude: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
    workspace: str | Path | None = None,
    progress: Progress | None = None,
    **sections: Any,
) -> AutoMlModel:
    """The best model for `label` that can be found within `budget` ("10m", "1h30m"), registered and ready to be used.

    `objective` is a metric (`roc_auc`, `log_loss`, `root_mean_squared_error`, …); `families` of what is tried;
    `options` are further ones of `hagane.tuning.automl_options`. The rest is as in `hagane.train`. Raises HaganeError.
    """
    from hagane.bundle.bundle import Bundle
    from hagane.fronts.python import _workspace
    from hagane.workflow.automl import automl as run

    place = _workspace(workspace)
    given = {"budget": budget, "optimization_objective": objective, "ensemble": ensemble, "drop_leaks": drop_leaks}
    asked = {**given, **({} if families is None else {"families": list(families)}), **(options or {})}
    spec, frame = call_spec(data, label, options=asked, transform=transform, split=split, name=name, tables=tables,
                            exclude=exclude, sections=sections)  # fmt: skip
    result = run(spec, workspace=place, frame=frame, progress=progress or SILENT)
    return AutoMlModel(result, TrainedModel(Bundle.load(result.trained.bundle), place))
