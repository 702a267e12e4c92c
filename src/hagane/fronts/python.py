"""Hagane in three lines of Python.

import hagane as hg
model = hg.train("SELECT * FROM 'flights.parquet'", label="late")
model.predict(frame)
"""

from __future__ import annotations

import html
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

import msgspec

from hagane.errors import Fault, HaganeError, SpecError, nearest
from hagane.progress import SILENT, Progress
from hagane.spec.spec import Model as ModelSpec
from hagane.spec.spec import Spec, Split
from hagane.workspace.workspace import Workspace

if TYPE_CHECKING:
    from hagane.anomalies.anomaly_report import AnomalyReport
    from hagane.anomalies.outlier_report import OutlierReport
    from hagane.bundle.bundle import Bundle
    from hagane.bundle.predictions import Predictions
    from hagane.description.description import Description
    from hagane.evaluation.evaluation import Evaluation
    from hagane.features.column_cache import ColumnCache
    from hagane.serving import ServerThread
    from hagane.spec.data_schema import DataSchema


@dataclass(frozen=True)
class TrainedModel:
    """A bundle, ready to be used."""

    bundle: Bundle
    workspace: Workspace

    @property
    def path(self) -> Path:
        """The bundle's folder: what one copies, versions and serves."""
        return self.bundle.folder

    def evaluate(self, data: object | None = None, *, slices: Sequence[str] = ()) -> Evaluation:
        """The report of the held-out rows; with `data` (paths, SQL, frames) one over those."""
        from hagane.workflow.evaluate import evaluate_model

        return evaluate_model(self.path, data=data, workspace=self.workspace, slices=slices)

    def predict(self, data: object) -> Any:
        """The predicted columns before those of `data`: pandas for pandas, Polars for Polars, else an Arrow table.

        Rows that depart from the model's schema (where it was trained with one) are warned of, or raise DataError where
        the spec says `anomalies: {on_prediction: refuse}`.
        """
        import pyarrow as pa

        from hagane.data.open_table import open_table
        from hagane.workflow.check_prediction import check_prediction, wanted_in_prediction
        from hagane.workflow.evaluate import check_columns
        from hagane.workflow.predict import predict_batches

        source = open_table(data, wanted=wanted_in_prediction(self.bundle))
        check_columns(source, self.bundle.signature.names)
        anomalies = check_prediction(self.bundle, source)
        if anomalies is not None and not anomalies.is_clean:
            what = "; ".join(finding.what for finding in anomalies.errors)
            warnings.warn(f"the rows depart from the model's schema: {what}", stacklevel=2)
        table = pa.Table.from_batches([batch for batch, _ in predict_batches(self.bundle, source)])
        return _like(data, table)

    def predict_rows(self, instances: list[dict[str, Any]]) -> Predictions:
        """Raw JSON-like rows, exactly as the server takes them."""
        return self.bundle.predict(instances)

    def serve(self, *, host: str = "127.0.0.1", port: int = 0) -> ServerThread:
        """A server on a thread of this process: `with model.serve() as server: server.url`."""
        from hagane.serving import ServerThread

        version = self.workspace.version_at(self.path)
        return ServerThread(self.bundle, host=host, port=port, version=str(version.version) if version else "1")

    def __repr__(self) -> str:
        signature = self.bundle.signature
        return f"<{signature.model_type} of {signature.label}: {len(signature.inputs)} columns, {self.path}>"

    def _repr_html_(self) -> str:
        signature = self.bundle.signature
        cells = "".join(
            f"<tr><td>{html.escape(name)}</td><td>{value if value is None else format(value, '.4g')}</td></tr>"
            for name, value in self.evaluate().metrics.items()
        )
        return (
            f"<b>{html.escape(signature.model_type)}</b> of <b>{html.escape(signature.label)}</b>"
            f"<br><code>{html.escape(str(self.path))}</code><table>{cells}</table>"
        )


def train(
    data: object,
    label: str,
    *,
    model: str = "auto",
    options: Mapping[str, Any] | None = None,
    transform: Mapping[str, str] | None = None,
    split: Split | Mapping[str, Any] | None = None,
    name: str | None = None,
    tables: Mapping[str, str] | None = None,
    exclude: Sequence[str] = (),
    hparams: Mapping[str, Any] | None = None,
    workspace: str | Path | None = None,
    progress: Progress | None = None,
    **sections: Any,
) -> TrainedModel:
    """Train on `data` (a SQL query, paths, URLs, Arrow, pandas, Polars, an iterable of rows) to predict `label`.

    Everything else has a default: automatic preprocessing writes `transform`, the label's type chooses the family.
    `hparams` are values for the hyperparameters in `options` and `transform` (`hagane.hparam_range`). `sections` are
    the spec's others (`training`, `schema`, `anomalies`, `outliers`, …); they and `split` may be mappings.
    Raises HaganeError with every fault at once.
    """
    if data is None:
        raise SpecError(Fault(what="there are no data", where="data", expected="SQL, paths, Arrow, pandas or Polars"))
    source = _source(data)
    spec = Spec(
        data=source if source is not None else "(a frame in memory)",
        label=label,
        name=name,
        tables=dict(tables or {}),
        transform=None if transform is None else dict(transform),
        exclude=tuple(exclude),
        model=ModelSpec(type=model, options=dict(options or {})),
        **_sections({"split": split or Split(), **sections}),
    )
    return train_spec(spec, frame=None if source is not None else data, hparams=hparams, workspace=workspace,
                      progress=progress)  # fmt: skip


def train_spec(
    spec: Spec | str | Path,
    *,
    frame: object | None = None,
    hparams: Mapping[str, Any] | None = None,
    workspace: str | Path | None = None,
    progress: Progress | None = None,
) -> TrainedModel:
    """Train what a `Spec`, or the YAML file at a path, declares; `hparams` are values for its hyperparameters."""
    from hagane.bundle.bundle import Bundle
    from hagane.spec.read_yaml import locate_faults, read_spec
    from hagane.workflow.train import train as run

    place = _workspace(workspace)
    declared = spec if isinstance(spec, Spec) else read_spec(spec)
    try:
        result = run(declared, workspace=place, frame=frame, hparams=hparams, progress=progress or SILENT)
    except HaganeError as error:
        raise error if isinstance(spec, Spec) else locate_faults(error, spec) from None
    return TrainedModel(Bundle.load(result.bundle), place)


def load(model: str | Path, *, workspace: str | Path | None = None) -> TrainedModel:
    """A bundle by path, or a registered model by `name` or `name@version`."""
    from hagane.bundle.bundle import Bundle

    place = _workspace(workspace)
    return TrainedModel(Bundle.load(place.bundle_path(str(model))), place)


def describe(
    data: object,
    *,
    label: str | None = None,
    tables: Mapping[str, str] | None = None,
    sample: int | None = None,
    memory_limit: str | int | None = None,
    progress: Progress | None = None,
) -> Description:
    """Statistics, correlations and collinear groups of the columns; with `label`, what tells it.

    `sample` is how many rows are looked at where not all are (100,000), `memory_limit` what rows in work may take
    ("2GiB", "30%"; half of the machine's memory). A notebook shows the result as a page.
    """
    from hagane.statistics.draw_sample import SAMPLED_ROWS
    from hagane.workflow.describe import describe as run

    return run(
        data,
        label=label,
        tables=tables,
        sampled_rows=sample or SAMPLED_ROWS,
        memory_limit=memory_limit,
        progress=progress or SILENT,
    )


def infer_schema(data: object) -> DataSchema:
    """What more data like `data` may be expected to be: types, presence, domains, ranges."""
    from hagane.workflow.schema import infer_schema as run

    return run(data).schema


def check_schema(data: object, schema: DataSchema | str | Path) -> AnomalyReport:
    """Every departure of `data` from a schema, or from the one in a YAML file: `.is_clean`, `.findings`, `.check()`."""
    from hagane.workflow.schema import check_schema as run

    return run(data, schema)


def cache(workspace: str | Path | None = None) -> ColumnCache:
    """The encoded columns that trainings share: `entries()`, `verify()`, `clear()`, `set_limit(bytes)`."""
    return _workspace(workspace).cache


def find_outliers(data: object, *, exclude: Sequence[str] = (), **declared: Any) -> OutlierReport:
    """The rows of `data` that are unlike the others, as the spec's section `outliers` declares them.

    `hagane.find_outliers(trips, z_score={"fare": 8}, isolation_score={"contamination": 0.01})`; `exclude` are columns
    that rows are not scored by. Raises HaganeError.
    """
    from hagane.spec.outliers import Outliers
    from hagane.workflow.outliers import outliers_of

    try:
        outliers = msgspec.convert({"max_fraction": 1.0} | declared, Outliers)
    except msgspec.ValidationError as error:
        raise SpecError(Fault(what="this declares no outliers", where="outliers", received=str(error))) from None
    return outliers_of(data, outliers, exclude=exclude)


def _workspace(root: str | Path | None) -> Workspace:
    return Workspace() if root is None else Workspace(Path(root))


def _source(data: object) -> str | tuple[str, ...] | None:
    """What a spec's `data` can say of it: a query or paths; None for a frame."""
    if isinstance(data, str | Path):
        return str(data)
    if isinstance(data, list | tuple) and all(isinstance(path, str | Path) for path in data):
        return tuple(str(path) for path in data)
    return None


SECTIONS = ("split", "training", "schema", "anomalies", "outliers", "evaluation", "serving")


def _sections(given: Mapping[str, Any]) -> dict[str, Any]:
    """Sections of a spec, each as its Struct. Raises SpecError naming every one that is none."""
    types = get_type_hints(Spec)
    sections: dict[str, Any] = {}
    faults = []
    for name, value in given.items():
        if name not in SECTIONS:
            expected = "one of " + ", ".join(SECTIONS)
            faults.append(
                Fault(what=f"a spec has no section '{name}'", expected=expected, nearest=nearest(name, SECTIONS))
            )
            continue
        try:
            sections[name] = msgspec.convert(str(value) if isinstance(value, Path) else value, types[name])
        except msgspec.ValidationError as error:
            faults.append(Fault(what=f"'{name}' is no section of a spec", where=name, received=str(error)))
    if faults:
        raise SpecError(*faults)
    return sections


def _like(data: Any, table: Any) -> Any:
    module = type(data).__module__.split(".")[0]
    if module == "pandas" and "pandas" in sys.modules:
        frame = table.to_pandas()
        return frame.set_axis(data.index) if len(frame) == len(data) else frame
    if module == "polars" and "polars" in sys.modules:
        return sys.modules["polars"].from_arrow(table)
    return table
