"""`GlobalExplanation`: how much each column matters to a model's answers, over many rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hagane.bundle.bundle import Bundle
from hagane.bundle.signature import Signature
from hagane.data.column_data import columns_data
from hagane.data.no_rows import no_rows
from hagane.data.retype import retype
from hagane.data.table import Table
from hagane.errors import DataError
from hagane.explanation.explainer import Explainer
from hagane.explanation.explanations import Explanations
from hagane.explanation.wanted import Wanted
from hagane.features.ordered_map import ordered_map
from hagane.progress import SILENT, Progress
from hagane.usable_cores import usable_cores
from hagane.workflow.check_columns import check_columns
from hagane.workflow.evaluate import input_types
from hagane.workflow.every_so_many import every_so_many
from hagane.workflow.explain import BATCH_ROWS

GLOBAL_EXPLANATION_NAME = "global_explanation.json"
MOST_ROWS = 10_000
"""Of more rows every so manieth is looked at: means settle long before."""
MOST_CLASSES = 20
"""Of more classes the predicted one alone is explained."""


class OutputAttributions(msgspec.Struct, frozen=True, kw_only=True):
    """Of one class, or of one of several labels."""

    output: str | int | bool
    attributions: dict[str, float]
    """By raw column, the largest first."""


class GlobalExplanation(msgspec.Struct, frozen=True, kw_only=True):
    """`global_explanation.json`: mean absolute attributions, in raw scores (log odds, the score before a softmax)."""

    format_version: int = 1
    method: str
    part: str
    """Of which rows: `test`, `eval`, `train`; empty for those that were given."""
    num_rows: int
    """How many were looked at."""
    attributions: dict[str, float]
    """By raw column, the largest first: of the predicted class, or of the number; of several labels their mean."""
    outputs: tuple[OutputAttributions, ...] = ()
    """Of each class, ascending, where there are not too many, or of each label."""

    @staticmethod
    def from_json(document: bytes) -> GlobalExplanation:
        """What `to_json` wrote. Raises msgspec.DecodeError for anything else."""
        return msgspec.json.decode(document, type=GlobalExplanation)

    def to_json(self) -> bytes:
        """As a document of a bundle."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2)


def explain_globally(bundle: Bundle, table: Table, *, part: str = "", progress: Progress = SILENT) -> GlobalExplanation:
    """Explain rows of `table`, `MOST_ROWS` at most; those on which an expression errs count where they are answered.

    Raises DataError for columns that are missing and where there are no rows, BundleError for a model that cannot be
    explained.
    """
    check_columns(table, bundle.signature.names)
    if not table.num_rows:
        raise DataError(no_rows(table))
    explainer = Explainer.load(bundle)
    signature = bundle.signature
    outputs = _outputs(signature)
    sums = np.zeros((len(outputs) + 1, len(signature.names)))
    num_rows = num_answers = 0
    for found in _explained(explainer, table, Wanted(outputs=outputs or None), progress):
        kept = ~found.predictions.row_errors if signature.on_error == "refuse" else np.ones(len(found), np.bool_)
        sizes = np.abs(found.attributions[kept])
        sums[:-1] += sizes.sum(axis=0)[: len(outputs)]
        predicted = _predicted(found)[kept]
        sums[-1] += np.take_along_axis(sizes, predicted[:, :, None], axis=1).sum(axis=(0, 1))
        num_rows += len(found)
        num_answers += int(predicted.size)
    answered = max(1, num_answers // max(1, _per_row(signature)))
    return GlobalExplanation(
        method=explainer.facts.method,
        part=part,
        num_rows=num_rows,
        attributions=_ranked(signature, sums[-1] / max(1, num_answers)),
        outputs=tuple(
            OutputAttributions(output=name, attributions=_ranked(signature, sums[place] / answered))
            for place, name in enumerate(_names(signature) if outputs else ())
        ),
    )


def _explained(explainer: Explainer, table: Table, wanted: Wanted, progress: Progress) -> Iterator[Explanations]:
    signature = explainer.bundle.signature
    table = retype(table, input_types(signature))
    schema = table.schema.select(signature.names)
    stride = -(-table.num_rows // MOST_ROWS)

    def explained(batch: pa.RecordBatch) -> Explanations:
        return explainer.explain_columns(columns_data(batch, schema), wanted)

    threads = usable_cores()
    with progress.phase("explain", total=None) as phase:
        rows = every_so_many(table.batches(signature.names, batch_rows=BATCH_ROWS), stride)
        with closing(ordered_map(explained, rows, num_threads=threads, waiting=2 * threads)) as results:
            for found in results:
                yield found
                phase.advance(len(found))


def _outputs(signature: Signature) -> tuple[int, ...]:
    """What is explained of each row; () for the predicted class, or the number."""
    if signature.labels or len(signature.classes) > MOST_CLASSES:
        return tuple(range(len(signature.labels)))
    return tuple(range(len(signature.classes)))


def _names(signature: Signature) -> tuple[str | int | bool, ...]:
    return tuple(label.name for label in signature.labels) or signature.classes


def _per_row(signature: Signature) -> int:
    """Answers of a row."""
    return len(signature.labels) or 1


def _predicted(found: Explanations) -> npt.NDArray[np.int64]:
    """[n, q] the places, among what was explained, of what was predicted: the class, all labels, the number."""
    signature = found.predictions.signature
    if signature.labels:
        return np.broadcast_to(np.arange(found.outputs.shape[1]), found.outputs.shape)
    if found.outputs.shape[1] == 1:
        return np.zeros((len(found), 1), np.int64)
    labels = found.predictions.labels
    assert labels is not None
    places = {value: place for place, value in enumerate(signature.classes)}
    return np.array([places[value] for value in labels.tolist()], np.int64).reshape(len(found), 1)


def _ranked(signature: Signature, means: npt.NDArray[np.float64]) -> dict[str, float]:
    pairs = zip(signature.names, means.tolist(), strict=True)
    return dict(sorted(pairs, key=lambda pair: -pair[1]))
