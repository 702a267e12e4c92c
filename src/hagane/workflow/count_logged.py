"""`count_logged`: how many rows of each deployed model lie in files of a log, and what they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from hagane.data.batches import unreadable
from hagane.serving.request_log.file_metadata import model_and_metadata
from hagane.workflow.group_constants import group_constants

_COUNTED = ("mirror", "weight", "row_error")


class LoggedCount(NamedTuple):
    """Of one deployed model, without the rows of mirrors."""

    num_rows: int
    traffic: float
    """Rows of the traffic that they stand for."""
    num_errors: int


def count_logged(files: Sequence[Path]) -> dict[str, LoggedCount]:
    """By the deployed model's id, in their order; no model without a row.

    Mostly of Parquet's metadata: a column is read only where it has more than one value. Raises DataError for a file
    that cannot be read.
    """
    found: dict[str, LoggedCount] = {}
    for path in files:
        model, metadata = model_and_metadata(path)
        a, b = found.get(model.deployed_model_id, LoggedCount(0, 0.0, 0)), _of_file(path, metadata)
        found[model.deployed_model_id] = LoggedCount(
            a.num_rows + b.num_rows, a.traffic + b.traffic, a.num_errors + b.num_errors
        )
    return {name: found[name] for name in sorted(found) if found[name].num_rows}


def _of_file(path: Path, metadata: pq.FileMetaData) -> LoggedCount:
    num_rows, traffic, num_errors = 0, 0.0, 0
    try:
        with pq.ParquetFile(path, metadata=metadata) as opened:
            for group in range(metadata.num_row_groups):
                mirror, weight, error = _columns(opened, group)
                counted = ~mirror.astype(np.bool_)
                num_rows += int(counted.sum())
                traffic += float(weight[counted].sum())
                num_errors += int(np.count_nonzero(error[counted]))
    except (pa.ArrowException, OSError) as error:
        raise unreadable(path, error) from None
    return LoggedCount(num_rows, traffic, num_errors)


def _columns(opened: pq.ParquetFile, group: int) -> list[npt.NDArray[np.bool_] | npt.NDArray[np.float64]]:
    """Those of `_COUNTED`, each [rows of the group]."""
    described = opened.metadata.row_group(group)
    known = group_constants(described, _COUNTED)
    wanted = [name for name in _COUNTED if name not in known]
    read = opened.read_row_group(group, columns=wanted, use_threads=False) if wanted else None
    return [
        np.asarray(read[name].to_numpy()) if read is not None and name in wanted
        else np.broadcast_to(np.asarray(known[name]), described.num_rows)
        for name in _COUNTED
    ]  # fmt: skip
