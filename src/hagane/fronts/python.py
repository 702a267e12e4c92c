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
from typing import TYPE_CHECKING, Any

from hagane.counted import counted
from hagane.errors import Fault, HaganeError, SpecError
from hagane.fronts.call_spec import call_spec
from hagane.progress import SILENT, Progress
from hagane.spec.spec import Spec, Split
from hagane.workspace.workspace import Workspace

if TYPE_CHECKING:
    from hagane.anomalies.anomaly_report import AnomalyReport
    from hagane.anomalies.outlier_report import OutlierReport
    from hagane.bundle.bundle import Bundle
    from hagane.bundle.predictions import Predictions
    from hagane.description.description import Description
    from hagane.evaluation.comparison import Comparison
    from hagane.evaluation.evaluation import Evaluation
    from hagane.explanation.explainer import Explainer
    from hagane.explanation.explanations import Explanations, Space
    from hagane.features.column_cache import ColumnCache
    from hagane.jobs.events import OnEvent
    from hagane.jobs.job_result import JobResult
    from hagane.models.weights import ModelWeights
    from hagane.serving import ServerThread
    from hagane.spec.data_schema import DataSchema
    from hagane.workflow.explain import ExplainSummary
    from hagane.workflow.training_info import TrainingInfo
    from hagane.workspace.interrupted_runs import InterruptedRun


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

        named = _names(slices, "slices")
        if named and data is None:
            what, step = "slices need data: the report of training holds only the slices of its spec", "give the rows"
            raise SpecError(Fault(what=what, where="slices", next_step=step))
        return evaluate_model(self.path, data=data, workspace=self.workspace, slices=named)

    def training_info(self) -> TrainingInfo:
        """How it was trained, iteration by iteration: `pandas.DataFrame(model.training_info().columns())`."""
        from hagane.workflow.training_info import training_info

        return training_info(self.path, workspace=self.workspace)

    def predict(self, data: object) -> Any:
        """The predicted columns before those of `data`: pandas for pandas, Polars for Polars, else an Arrow table.

        Rows that depart from the model's schema (where it was trained with one) are warned of, or raise DataError where
        the spec says `anomalies: {on_prediction: refuse}`.
        """
        import pyarrow as pa

        from hagane.data.open_table import open_table
        from hagane.workflow.check_columns import check_columns
        from hagane.workflow.check_prediction import check_prediction, wanted_in_prediction
        from hagane.workflow.predict import predict_batches

        source = open_table(data, wanted=wanted_in_prediction(self.bundle))
        check_columns(source, self.bundle.signature.names)
        anomalies = check_prediction(self.bundle, source)
        if anomalies is not None and not anomalies.is_clean:
            what = "; ".join(finding.what for finding in anomalies.errors)
            warnings.warn(f"the rows depart from the model's schema: {what}", stacklevel=2)
        table = pa.Table.from_batches([batch for batch, _ in predict_batches(self.bundle, source)])
        return _like(data, table)

    def explain(self, data: object, *, top_k: int = 5, space: Space = "raw", output: object = None) -> Any:
        """ML.EXPLAIN_PREDICT's columns before those of `data`: the `top_k` columns and what each added to the answer.

        `space` is `raw` (log odds) or `output` (probabilities, numbers); `output` the class, or the label, that is
        explained: the predicted one by default. A frame as `predict` gives it.
        """
        import pyarrow as pa

        from hagane.data.open_table import open_table
        from hagane.explanation.explainer import output_place
        from hagane.explanation.wanted import Wanted
        from hagane.workflow.check_prediction import wanted_in_prediction
        from hagane.workflow.explain import explain_batches

        source = open_table(data, wanted=wanted_in_prediction(self.bundle))
        wanted = Wanted(space, None if output is None else (output_place(self.bundle, output),))
        batches = explain_batches(self.explainer, source, wanted, top_k=top_k)
        return _like(data, pa.Table.from_batches([batch for batch, _ in batches]))

    def explain_rows(
        self,
        instances: list[dict[str, Any]],
        *,
        space: Space = "raw",
        output: object = None,
        baseline: Mapping[str, Any] | None = None,
    ) -> Explanations:
        """Raw JSON-like rows, whole: `.attributions` [n, q, m], `.rows(top_k)`; `baseline` changes the baseline row."""
        from hagane.explanation.explainer import output_place
        from hagane.explanation.wanted import Wanted

        wanted = Wanted(space, None if output is None else (output_place(self.bundle, output),))
        return self.explainer.explain(instances, wanted, baseline=baseline)

    def global_explain(
        self, data: object, *, space: Space = "raw", output: object = None, permutation: bool = False
    ) -> ExplainSummary:
        """ML.GLOBAL_EXPLAIN over `data`: `.attributions`, the mean absolute attribution of each column.

        With `permutation` also by how much the loss grows where a column is shuffled, for which the rows need labels.
        """
        from hagane.workflow.explain import explain_file

        return explain_file(self.path, data, workspace=self.workspace, space=space, output=output,
                            permutation=permutation)  # fmt: skip

    @property
    def explainer(self) -> Explainer:
        """What explains the bundle's answers. Raises BundleError where nothing does."""
        from hagane.explanation.explainer import Explainer

        return Explainer.load(self.bundle)

    def weights(self) -> ModelWeights:
        """What a linear model adds up: `pandas.DataFrame(model.weights().rows())`. Raises SpecError for any other."""
        from hagane.workflow.weights import bundle_weights

        return bundle_weights(self.bundle)

    def predict_rows(self, instances: list[dict[str, Any]]) -> Predictions:
        """Raw JSON-like rows, exactly as the server takes them."""
        return self.bundle.predict(instances)

    def card(self) -> str:
        """The model card as Markdown: data, use, metrics, slices, limits; `model_card.html` lies beside it."""
        return self.bundle.document("model_card.md").decode()

    def serve(self, *, host: str = "127.0.0.1", port: int = 0) -> ServerThread:
        """A server on a thread of this process: `with model.serve() as server: server.url`."""
        from hagane.serving import ServerThread

        version = self.workspace.version_at(self.path)
        return ServerThread(self.bundle, host=host, port=port, version=str(version.version) if version else "1")

    def __repr__(self) -> str:
        signature = self.bundle.signature
        return f"<{signature.about}: {counted(len(signature.inputs), 'column')}, {self.path}>"

    def _repr_html_(self) -> str:
        signature = self.bundle.signature
        cells = "".join(
            f"<tr><td>{html.escape(name)}</td><td>{value if value is None else format(value, '.4g')}</td></tr>"
            for name, value in self.evaluate().metrics.items()
        )
        return (
            f"<b>{html.escape(signature.about)}</b><br><code>{html.escape(str(self.path))}</code><table>{cells}</table>"
        )


def train(
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
    workspace: str | Path | None = None,
    progress: Progress | None = None,
    **sections: Any,
) -> TrainedModel:
    """Train on `data` (a SQL query, paths, URLs, Arrow, pandas, Polars, an iterable of rows) to predict `label`.

    A list of columns is several labels at once, or with `label_form="one_hot"` the classes of one. A `model` without a
    label (`kmeans`, `pca`, …) needs none.

    Everything else has a default: automatic preprocessing writes `transform`, the label's type chooses the family;
    `defaults="bigquery"` takes BigQuery ML's, and `dialect="bigquery"` says that the query of `data` is BigQuery's.
    `hparams` are values for the spec's hyperparameters (`hagane.hparam_range`), by place. `sections` are
    the spec's others (`training`, `schema`, `anomalies`, `outliers`, …); they and `split` may be mappings.
    Raises HaganeError with every fault at once.
    """
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
    )
    return train_spec(declared, frame=frame, hparams=hparams, workspace=workspace, progress=progress)


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
    from hagane.spec.decode_python import decode_python
    from hagane.spec.read_yaml import locate_faults, read_spec
    from hagane.workflow.train import train as run

    place = _workspace(workspace)
    declared = decode_python(spec, Spec) if isinstance(spec, Spec) else read_spec(spec)
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


def compare(
    *models: str | Path | TrainedModel,
    data: object | None = None,
    resamples: int = 1_000,
    seed: int = 0,
    workspace: str | Path | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Models side by side, each held against the first: metrics with intervals, paired tests, cost, what is unfair.

    On the rows of `data` (paths, SQL, frames) where given, else on those that all models kept back. A notebook shows
    the metrics; `to_html()` is the whole page.
    """
    from hagane.workflow.compare import compare_models

    given = [each.path if isinstance(each, TrainedModel) else each for each in models]
    first = next((each.workspace for each in models if isinstance(each, TrainedModel)), None)
    place = first if first is not None and workspace is None else _workspace(workspace)
    named = [_reference(place, each) for each in given]
    return compare_models(
        named, data=data, workspace=place, num_resamples=resamples, seed=seed, progress=progress or SILENT
    )


def _reference(place: Workspace, model: str | Path) -> str:
    """`name@version` of a registered bundle, else what was given."""
    version = place.version_at(Path(model)) if isinstance(model, Path) else None
    return version.reference if version else str(model)


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
        label=None if label is None else str(label),
        tables=tables,
        sampled_rows=SAMPLED_ROWS if sample is None else sample,
        memory_limit=memory_limit,
        progress=progress or SILENT,
    )


def infer_schema(data: object) -> DataSchema:
    """What more data like `data` may be expected to be: types, presence, domains, ranges."""
    from hagane.workflow.schema import infer_schema as run

    return run(data).schema


def check_schema(data: object, schema: DataSchema | str | Path) -> AnomalyReport:
    """Every departure of `data` from a schema, or from the one in a YAML file: `.is_clean`, `.findings`, `.check()`."""
    from hagane.spec.data_schema import DataSchema
    from hagane.spec.decode_python import decode_python
    from hagane.workflow.schema import check_schema as run

    return run(data, decode_python(schema, str | DataSchema, at="schema", subject="schema"))


def cache(workspace: str | Path | None = None) -> ColumnCache:
    """The encoded columns that trainings share: `entries()`, `verify()`, `clear()`, `set_limit(bytes)`."""
    return _workspace(workspace).cache


def runs(workspace: str | Path | None = None) -> tuple[InterruptedRun, ...]:
    """The trainings that were ended before their model was made, the latest first: the same `train` goes on with one.

    `hagane.workspace.workspace.Workspace.delete_run(run.id)` removes what is kept of it.
    """
    return _workspace(workspace).runs()


def find_outliers(
    data: object, *, exclude: Sequence[str] = (), memory_limit: str | int | None = None, **declared: Any
) -> OutlierReport:
    """The rows of `data` that are unlike the others, as the spec's section `outliers` declares them.

    `hagane.find_outliers(trips, z_score={"fare": 8}, isolation_score={"contamination": 0.01})`; `exclude` are columns
    that rows are not scored by, `memory_limit` what rows in work may take. Raises HaganeError.
    """
    from hagane.spec.decode_python import decode_python
    from hagane.spec.outliers import Outliers
    from hagane.workflow.outliers import outliers_of

    outliers = decode_python({"max_fraction": 1.0} | declared, Outliers, at="outliers")
    return outliers_of(data, outliers, exclude=_names(exclude, "exclude"), memory_limit=memory_limit)


def launch(
    program: str | Path,
    arguments: Sequence[object] = (),
    *,
    workers: int = 0,
    parameter_servers: int = 0,
    evaluators: int = 0,
    workspace: str | Path | None = None,
    on_event: OnEvent | None = None,
    **declared: Any,
) -> JobResult:
    """Run a training program of one's own (a script, or a module) as a job of several processes, until it is over.

    A file that ends in `.yaml` or `.json` is a Vertex AI CustomJob. `declared` are the options of `hagane launch`: of
    the job `name`, `package_path`, `job_dir`, `base_output_directory`, `python`, `env`, `primary`, `is_executable`, of
    its run `max_restarts`, `grace_seconds`, `finish_seconds`, `threads_per_replica`, `gpus_per_replica`, `start_port`,
    `nodes`, `node_rank`. `on_event` is told what happens; without it the lines of the replicas are printed.

    Raises ReplicaError when a replica fails, HaganeError for what cannot be run. Ctrl-C and SIGTERM end the job, and
    then reach the caller.
    """
    from hagane.fronts.launch import launch as run

    counts = {"workers": workers, "parameter_servers": parameter_servers, "evaluators": evaluators}
    texts, place = tuple(map(str, arguments)), _workspace(workspace)
    return run(str(program), texts, counts | declared, workspace=place, on_event=on_event)


def _workspace(root: str | Path | None) -> Workspace:
    return Workspace() if root is None else Workspace(Path(root))


def _names(given: object, at: str) -> tuple[str, ...]:
    """Names of columns. Raises SpecError for a lone text, whose letters Python would take for them."""
    from hagane.spec.decode_python import decode_python

    names: tuple[str, ...] = decode_python(given, tuple[str, ...], at=at)
    return names


def _like(data: Any, table: Any) -> Any:
    module = type(data).__module__.split(".")[0]
    if module == "pandas" and "pandas" in sys.modules:
        frame = table.to_pandas()
        return frame.set_axis(data.index) if len(frame) == len(data) else frame
    if module == "polars" and "polars" in sys.modules:
        return sys.modules["polars"].from_arrow(table)
    return table
