"""`explain_file` and `explain_batches`: what each column added to every prediction of a table, streamed."""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hagane.bundle.bundle import Bundle
from hagane.bundle.prediction_columns import prediction_columns
from hagane.data.column_data import columns_data
from hagane.data.open_table import open_table
from hagane.data.retype import retype
from hagane.data.table import Table
from hagane.errors import Fault, SpecError
from hagane.explanation.explainer import Explainer, output_place
from hagane.explanation.explanations import Explanations, Space
from hagane.explanation.wanted import Wanted
from hagane.features.ordered_map import ordered_map
from hagane.progress import SILENT, Progress
from hagane.usable_cores import usable_cores
from hagane.workflow.check_columns import check_columns
from hagane.workflow.check_not_input import check_not_input
from hagane.workflow.check_output import check_parquet_output
from hagane.workflow.check_prediction import wanted_in_prediction
from hagane.workflow.evaluate import input_types, wanted_of
from hagane.workflow.permutation_importance import PermutationImportance, permutation_importance
from hagane.workspace.workspace import Workspace
from hagane.write_aside import write_aside

BATCH_ROWS = 2_048
TOP_K = 5
"""ML.EXPLAIN_PREDICT's `top_k_features`."""


@dataclass(frozen=True, slots=True)
class ExplainSummary:
    """What an explanation of a table did, and what it says of all its rows."""

    method: str
    space: Space
    num_rows: int
    num_row_errors: int
    """Rows on which an expression erred; where the model says `on_error: refuse` they are not explained."""
    attributions: dict[str, float]
    """ML.GLOBAL_EXPLAIN: the mean absolute attribution of each column, the largest first."""
    largest_error: float
    """|value - baseline - Σ attributions|, the largest."""
    baseline: dict[str, Any] | None
    """The row that rows were compared with; None for trees, which compare with the mean of their training rows."""
    seconds: float
    path: Path | None = None
    permutation: PermutationImportance | None = None
    """Where it was asked for."""


def explain_file(
    model: str | Path,
    data: object,
    out: Path | None = None,
    *,
    workspace: Workspace,
    top_k: int = TOP_K,
    space: Space = "raw",
    output: object = None,
    permutation: bool = False,
    progress: Progress = SILENT,
) -> ExplainSummary:
    """Explain every row of `data`; into the Parquet file `out`, where it is given, which appears whole or not at all.

    Its columns are ML.EXPLAIN_PREDICT's, then those of `data`: `top_k` columns with what they added. `output` is the
    class, or the label, that is explained: the predicted one by default. `permutation` asks for permutation importance,
    too, for which the rows need labels. Raises DataError for missing columns,
    BundleError for a model that cannot be explained, RequestError for an output that there is not, NotFoundError for
    the model.
    """
    began = time.monotonic()
    _check_asked(data, out, top_k)
    bundle = Bundle.load(workspace.bundle_path(str(model)))
    explainer = Explainer.load(bundle)
    wanted = Wanted(space, None if output is None else (output_place(bundle, output),))
    read = wanted_of(bundle.signature) if permutation else wanted_in_prediction(bundle)
    table = open_table(data, wanted=read, progress=progress)
    labels = bundle.signature.label_sources if permutation else ()
    check_columns(table, (*bundle.signature.names, *labels))
    totals = _Totals(len(bundle.signature.names))

    with progress.phase("explain", total=table.num_rows) as phase:

        def told() -> Generator[pa.RecordBatch, None, None]:
            for batch, found in explain_batches(explainer, table, wanted, top_k=top_k):
                totals.add(found)
                yield batch
                phase.advance(batch.num_rows)

        with closing(told()) as batches:
            _write(batches, out)
    return ExplainSummary(
        method=explainer.facts.method,
        space=space,
        num_rows=totals.num_rows,
        num_row_errors=totals.num_row_errors,
        attributions=totals.ranked(bundle.signature.names),
        largest_error=totals.largest_error,
        baseline=None if explainer.facts.method == "tree_shap" else dict(explainer.facts.baseline),
        seconds=time.monotonic() - began,
        path=out,
        permutation=permutation_importance(bundle, table, progress=progress) if permutation else None,
    )


def check_top_k(top_k: int) -> None:
    """Raise SpecError for a number of columns that is none."""
    if top_k < 1:
        what = "no so many columns can be told"
        raise SpecError(Fault(what=what, where="top_k", expected="1 or more", received=str(top_k)))


def _check_asked(data: object, out: Path | None, top_k: int) -> None:
    check_top_k(top_k)
    if out is not None:
        check_parquet_output(out, option="-o", what="explanations are")
        check_not_input(data, out, option="-o")


def _write(batches: Iterator[pa.RecordBatch], out: Path | None) -> None:
    """All of them into one file, aside and then in its place; nowhere where there is none."""

    def into(path: Path) -> None:
        first = next(batches)
        with pq.ParquetWriter(path, first.schema) as writer:
            for batch in itertools.chain([first], batches):
                writer.write_batch(batch)

    if out is None:
        deque(batches, maxlen=0)
    else:
        write_aside(out, into)


def explain_batches(
    explainer: Explainer, table: Table, wanted: Wanted, *, top_k: int = TOP_K
) -> Iterator[tuple[pa.RecordBatch, Explanations]]:
    """Each batch of `table` with its explanations before it, on every core; at least one batch."""
    names = list(explainer.bundle.signature.names)
    check_columns(table, explainer.bundle.signature.names)
    table = retype(table, input_types(explainer.bundle.signature))
    schema = table.schema.select(explainer.bundle.signature.names)

    def explained(batch: pa.RecordBatch) -> tuple[pa.RecordBatch, Explanations]:
        found = explainer.explain_columns(columns_data(batch.select(names), schema), wanted)
        columns = explanation_columns(found, top_k)
        rest = {name: batch.column(name) for name in batch.schema.names if name not in columns}
        return pa.record_batch(columns | rest), found

    empty = True
    batches, threads = table.batches(batch_rows=BATCH_ROWS), usable_cores()
    with closing(ordered_map(explained, batches, num_threads=threads, waiting=2 * threads)) as results:
        for result in results:
            empty = False
            yield result
    if empty:
        found = table.query("SELECT * FROM data LIMIT 0").schema
        arrays = [pa.array([], field.type) for field in found]
        yield explained(pa.RecordBatch.from_arrays(arrays, schema=pa.schema(list(found))))


def explanation_columns(
    found: Explanations, top_k: int, predicted: Mapping[str, pa.Array[Any]] | None = None
) -> dict[str, pa.Array[Any]]:
    """Arrow, named as ML.EXPLAIN_PREDICT names them; of several labels each value is a list, a label's after another's.

    The predictions are those in `predicted`, where it is given. A row that erred is NULL where the signature says
    `refuse`.
    """
    signature, answers = found.predictions.signature, found.predictions
    refused = answers.row_errors if signature.on_error == "refuse" else np.zeros(len(found), np.bool_)
    columns = {n: c for n, c in (predicted or prediction_columns(answers)).items() if not n.endswith("_probs")}
    if answers.probabilities is not None and not signature.labels:
        chosen = np.take_along_axis(answers.probabilities, found.outputs, axis=1)
        columns["probability"] = pa.array(chosen[:, 0].astype(np.float64), mask=refused)
    count = min(top_k, len(found.columns))
    order = np.argsort(-np.abs(found.attributions), axis=2, kind="stable")[:, :, :count]
    added = np.take_along_axis(found.attributions, order, axis=2)
    pairs = pa.StructArray.from_arrays(
        [pa.array(np.array(found.columns, object)[order.ravel()], pa.string()), pa.array(added.ravel())],
        ["feature", "attribution"],
    )
    top = pa.ListArray.from_arrays(pa.array(np.arange(order.size // max(count, 1) + 1, dtype=np.int32) * count), pairs)
    told = {
        "top_feature_attributions": top,
        "baseline_prediction_value": pa.array(found.baselines.ravel()),
        "prediction_value": pa.array(found.values.ravel()),
        "approximation_error": pa.array(found.errors.ravel()),
    }
    return columns | {name: _by_row(values, found.outputs.shape[1], bool(signature.labels), refused)
                      for name, values in told.items()}  # fmt: skip


def _by_row(values: pa.Array[Any], per_row: int, is_list: bool, refused: Any) -> pa.Array[Any]:
    """A value a row, or a list of them; NULL where refused."""
    num_rows = len(refused)
    if is_list:
        offsets = pa.array(np.arange(num_rows + 1, dtype=np.int32) * per_row)
        values = pa.ListArray.from_arrays(offsets, values)
    if not refused.any():
        return values
    return values.take(pa.array(np.arange(num_rows), mask=refused))


class _Totals:
    """What is added up over all rows that were explained."""

    def __init__(self, num_columns: int) -> None:
        self.num_rows = self.num_row_errors = 0
        self.largest_error = 0.0
        self._explained = 0
        self._sums = np.zeros(num_columns)

    def add(self, found: Explanations) -> None:
        """The rows of a batch."""
        errors = found.predictions.row_errors
        kept = ~errors if found.predictions.signature.on_error == "refuse" else np.ones(len(found), np.bool_)
        self.num_rows += len(found)
        self.num_row_errors += int(errors.sum())
        self._explained += int(kept.sum()) * found.outputs.shape[1]
        self._sums += np.abs(found.attributions[kept]).sum(axis=(0, 1))
        self.largest_error = max(self.largest_error, float(found.errors[kept].max(initial=0.0)))

    def ranked(self, names: Sequence[str]) -> dict[str, float]:
        """Means by column, the largest first."""
        means = (self._sums / max(self._explained, 1)).tolist()
        return dict(sorted(zip(names, means, strict=True), key=lambda item: -item[1]))
