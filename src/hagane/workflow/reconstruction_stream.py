"""`reconstruction_stream`: how much of each row the components of a PCA give back."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from hagane.bundle.bundle import Bundle
from hagane.models.design import DesignBlock
from hagane.models.pca_model import PcaModel
from hagane.progress import SILENT, Progress
from hagane.workflow.model_of_family import model_of_family
from hagane.workflow.point_stream import Batches, Columns, point_stream


def reconstruction_stream(
    bundle: Bundle, schema: pa.Schema, batches: Batches, *, progress: Progress = SILENT
) -> pa.RecordBatchReader:
    """ML.RECONSTRUCTION_LOSS: how far each row is from what a PCA's components give back of it, summed over the columns
    of the space and divided by the number of features: `mean_absolute_error`, `mean_squared_error` (that of
    ML.DETECT_ANOMALIES), `mean_squared_log_error` (NULL where a coordinate, of the row or of what comes back, is -1 or
    less: its logarithm is none). Raises SpecError for other models.
    """
    model = model_of_family(bundle, "ML.RECONSTRUCTION_LOSS", PcaModel)
    there = np.concatenate([np.ones(model.space.num_dense, np.bool_), model.space.kept])
    count = len(model.space.features)

    def losses(block: DesignBlock) -> Columns:
        restored, left = (each[:, there] for each in model.residuals(block))
        points = restored + left
        with np.errstate(invalid="ignore", divide="ignore"):
            logs = np.square(np.log1p(points) - np.log1p(restored)).sum(axis=1) / count
        return {
            "mean_absolute_error": pa.array(np.abs(left).sum(axis=1) / count),
            "mean_squared_error": pa.array(np.square(left).sum(axis=1) / count),
            "mean_squared_log_error": pa.array(logs, mask=~np.isfinite(logs)),
        }

    return point_stream(bundle, model.space, losses, schema, batches, progress=progress)
