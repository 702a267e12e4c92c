"""`embedding_stream`: rows as the vectors that a PCA makes of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from hagane.bundle.bundle import Bundle
from hagane.models.design import DesignBlock
from hagane.models.pca_model import PcaModel
from hagane.progress import SILENT, Progress
from hagane.workflow.model_of_family import model_of_family
from hagane.workflow.point_stream import Batches, Columns, point_stream


def embedding_stream(
    bundle: Bundle, schema: pa.Schema, batches: Batches, *, names: tuple[str, str], progress: Progress = SILENT
) -> pa.RecordBatchReader:
    """ML.GENERATE_EMBEDDING of a PCA: a row's coordinates as one array, and a status that is empty; called `names`."""
    model = model_of_family(bundle, "ML.GENERATE_EMBEDDING", PcaModel)

    def embedded(block: DesignBlock) -> Columns:
        scores = model.project(block)
        offsets = np.arange(len(scores) + 1, dtype=np.int32) * scores.shape[1]
        vectors: pa.Array[Any] = pa.ListArray.from_arrays(pa.array(offsets), pa.array(scores.ravel()))
        return {names[0]: vectors, names[1]: pa.array([""] * len(scores), pa.string())}

    return point_stream(bundle, model.space, embedded, schema, batches, progress=progress)
