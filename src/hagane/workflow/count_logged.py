"""`count_logged`: how many rows of each deployed model lie in files of a log."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hagane.data.batches import unreadable
from hagane.serving.request_log.file_metadata import model_and_metadata
from hagane.workflow.group_constants import group_constants


def count_logged(files: Sequence[Path]) -> dict[str, int]:
    """Rows without those of mirrors by the deployed model's id, in the order of ids; no model without a row.

    Mostly of Parquet's metadata: `mirror` is read only where a file has both. Raises DataError for a file that cannot
    be read.
    """
    found: dict[str, int] = {}
    for path in files:
        model, metadata = model_and_metadata(path)
        found[model.deployed_model_id] = found.get(model.deployed_model_id, 0) + _of_file(path, metadata)
    return {name: found[name] for name in sorted(found) if found[name]}


def _of_file(path: Path, metadata: pq.FileMetaData) -> int:
    return sum(_of_group(path, metadata, group) for group in range(metadata.num_row_groups))


def _of_group(path: Path, metadata: pq.FileMetaData, group: int) -> int:
    described = metadata.row_group(group)
    known = group_constants(described, ("mirror",))
    if "mirror" in known:
        return 0 if known["mirror"] else described.num_rows
    try:
        with pq.ParquetFile(path, metadata=metadata) as opened:
            mirror = opened.read_row_group(group, columns=["mirror"], use_threads=False)["mirror"]
            return int(np.count_nonzero(~mirror.to_numpy().astype(np.bool_)))
    except (pa.ArrowException, OSError) as error:
        raise unreadable(path, error) from None
