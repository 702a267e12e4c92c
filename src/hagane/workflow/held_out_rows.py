"""The rows that a model was trained on and those that it was not, read again from where its spec says."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.data.open_table import open_table
from hagane.data.split import EVAL, TEST, Splits, split_table
from hagane.data.table import Table
from hagane.errors import HaganeError
from hagane.progress import Progress
from hagane.workflow.check_rows import check_rows, with_schema
from hagane.workflow.label_rows import LabelledRows, label_rows
from hagane.workflow.model_facts import ModelFacts
from hagane.workflow.schema import wanted_by
from hagane.workflow.split_of import split_of


@dataclass(frozen=True, slots=True)
class HeldOutRows:
    """Where a model's own held-out rows are in the data of its training."""

    table: Table
    """Those rows."""
    places: npt.NDArray[np.int64]
    """[n] their places among all rows of the data."""
    part: Literal["test", "eval"]
    splits: Splits


def read_held_out_rows(
    model: ModelFacts, progress: Progress, known: MutableMapping[bytes, Splits | str] | None = None
) -> HeldOutRows | str:
    """The test rows (the eval rows where there are none), or a reason why they cannot be had again.

    `known` are the data of other models that were read already: those of the same spec are not read twice.
    """
    if isinstance(model.spec.data, str) and model.spec.data.startswith("(a frame"):
        return "it was trained on a frame in memory"
    known, key = {} if known is None else known, _source_key(model)
    try:
        splits = known[key] if key in known else known.setdefault(key, read_splits(model, progress))
    except HaganeError as error:
        return f"its data cannot be read again: {error.faults[0].what}"
    if isinstance(splits, str):
        return splits
    for part, number, rows in (("test", TEST, splits.test), ("eval", EVAL, splits.eval)):
        if rows is not None:
            return HeldOutRows(rows, np.flatnonzero(splits.parts == number), part, splits)  # type: ignore[arg-type]
    return "its split keeps no rows back"


def read_splits(model: ModelFacts, progress: Progress) -> Splits | str:
    """The data of the training, divided as they were then; a reason where they are no longer the same."""
    labelled = read_labelled_rows(model, progress)
    table, spec = labelled.table, labelled.spec
    if table.fingerprint() != model.lineage.data_fingerprint:
        return "its data have changed since"
    splits = split_table(table, split_of(spec), progress=progress)
    return splits if _same_counts(splits, model) else "its data are divided otherwise now"


def read_labelled_rows(model: ModelFacts, progress: Progress) -> LabelledRows:
    """The rows that the model's spec names, as they are now. Raises HaganeError."""
    spec, schema = with_schema(model.spec)
    table = open_table(
        spec.data,
        tables=spec.tables,
        dialect=spec.dialect,
        progress=progress,
        wanted=wanted_by(schema),
        memory_limit=spec.training.memory_limit,
    )
    return label_rows(spec, check_rows(table, schema, spec, progress).table)


def _source_key(model: ModelFacts) -> bytes:
    """What of a spec decides which rows are read and how they are divided."""
    spec = model.spec
    parts = (
        spec.data,
        spec.tables,
        spec.dialect,
        spec.schema,
        spec.split,
        spec.label,
        spec.label_form,
        model.lineage.data_fingerprint,
    )
    return msgspec.json.encode(parts, order="sorted")


def _same_counts(splits: Splits, model: ModelFacts) -> bool:
    """Of eval and test: training rows may have been set aside since."""
    then = model.lineage.split_counts
    return (then["eval"], then["test"]) == splits.counts[1:]
