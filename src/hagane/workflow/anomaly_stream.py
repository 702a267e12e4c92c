"""`anomaly_stream`: which rows are rarer than those that a model without a label was trained on."""

from __future__ import annotations

import pyarrow as pa

from hagane.bundle.bundle import Bundle
from hagane.errors import Fault, SpecError
from hagane.models.design import DesignBlock
from hagane.models.kmeans_model import KMeansModel
from hagane.models.pca_model import PcaModel
from hagane.models.score_quantiles import rare_from
from hagane.progress import SILENT, Progress
from hagane.workflow.model_of_family import model_of_family
from hagane.workflow.point_stream import Batches, Columns, point_stream

MOST_CONTAMINATION = 0.5


def anomaly_stream(
    bundle: Bundle, schema: pa.Schema, batches: Batches, *, contamination: float | None, progress: Progress = SILENT
) -> pa.RecordBatchReader:
    """ML.DETECT_ANOMALIES: whether each row is rarer than a share `contamination` of the training rows, and by what.

    k-means: `is_anomaly`, `normalized_distance` (to a centroid, in root mean squared distances of its rows, the least),
    `centroid_id`. PCA: `is_anomaly`, `mean_squared_error` of the row as the components give it back, in the space of
    features. Then the rows' own columns. Raises SpecError for other models, and for a share that is none.
    """
    kinds: tuple[type[KMeansModel | PcaModel], ...] = (KMeansModel, PcaModel)
    model = model_of_family(bundle, "ML.DETECT_ANOMALIES", *kinds)
    share = _checked(contamination)
    limit = rare_from(model.anomaly_quantiles, share)

    def clusters(block: DesignBlock) -> Columns:
        assert isinstance(model, KMeansModel)
        distances, nearest = model.normalized_distances(block)
        return {
            "is_anomaly": pa.array(distances > limit),
            "normalized_distance": pa.array(distances),
            "centroid_id": pa.array(nearest + 1),
        }

    def components(block: DesignBlock) -> Columns:
        assert isinstance(model, PcaModel)
        errors = model.mean_squared_errors(block)
        return {"is_anomaly": pa.array(errors > limit), "mean_squared_error": pa.array(errors)}

    answer = clusters if isinstance(model, KMeansModel) else components
    return point_stream(bundle, model.space, answer, schema, batches, progress=progress)


def _checked(contamination: float | None) -> float:
    if contamination is not None and 0 <= contamination <= MOST_CONTAMINATION:
        return contamination
    raise SpecError(
        Fault(
            what="ML.DETECT_ANOMALIES needs the share of the training rows that are anomalies",
            where="contamination",
            expected=f"a number from 0 to {MOST_CONTAMINATION:g}",
            received="nothing" if contamination is None else f"{contamination:g}",
            next_step="write STRUCT(0.02 AS contamination) behind the model",
        )
    )
