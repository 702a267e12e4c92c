"""`seen_rows`: whether rows that models are to be judged on were among those that they were trained on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hagane.counted import counted
from hagane.data.engine import quote_name
from hagane.data.retype import retype
from hagane.data.table import Table
from hagane.errors import HaganeError
from hagane.progress import Progress
from hagane.workflow.evaluate import types_of
from hagane.workflow.held_out_rows import read_splits
from hagane.workflow.model_facts import ModelFacts

ALIKE = 0.01
"""Up to this share rows may be alike by chance."""


class SeenRows(NamedTuple):
    """What is known of one model."""

    is_unfair: bool
    """Whether more of the rows were seen than chance makes alike."""
    told: str


def seen_rows(models: Mapping[str, ModelFacts], tables: Mapping[str, Table], progress: Progress) -> Iterator[SeenRows]:
    """For each model: how many of the rows equal a training row in every column that it reads and in the label."""
    for name, table in tables.items():
        is_unfair, told = _seen(models[name], table, progress)
        yield SeenRows(is_unfair, f"{name}: {told}")


def _seen(model: ModelFacts, table: Table, progress: Progress) -> SeenRows:
    unknown = "these rows may be among its training rows"
    try:
        splits = read_splits(model, progress)
        if isinstance(splits, str):
            return SeenRows(False, f"{unknown}: {splits}")
        trained = _hashes(retype(splits.train, types_of(model.bundle.signature)), model)
    except HaganeError as error:
        return SeenRows(False, f"{unknown}: its data cannot be read again ({error.faults[0].what})")
    found = int(np.count_nonzero(np.isin(_hashes(table, model), trained)))
    if not found:
        return SeenRows(False, "none of these rows is among its training rows")
    told = f"{found:,} of {counted(table.num_rows, 'row')} are also among its training rows"
    return SeenRows(found > ALIKE * table.num_rows, told)


def _hashes(table: Table, model: ModelFacts) -> npt.NDArray[np.uint64]:
    """[n] of all that the model reads of a row, and its label."""
    signature = model.bundle.signature
    names = ", ".join(quote_name(name) for name in sorted({*signature.names, signature.label}))
    found = table.query(f"SELECT hash(ROW({names})) AS h FROM data")
    return np.asarray(found["h"].to_numpy(), np.uint64)
