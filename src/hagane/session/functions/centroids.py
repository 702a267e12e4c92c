"""ML.CENTROIDS: what the clusters of a k-means model have in common."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np
import pyarrow as pa

from hagane.models.kmeans_model import KMeansModel
from hagane.session.asked_trial import asked_trial, with_trial
from hagane.session.function_call import FunctionCall
from hagane.session.model_bundle import model_bundle
from hagane.session.table_function import FunctionContext
from hagane.workflow.feature_values import feature_values
from hagane.workflow.model_of_family import model_of_family

CATEGORICAL_VALUE = pa.list_(pa.struct([("category", pa.string()), ("value", pa.float64())]))
SCHEMA = pa.schema(
    [
        ("centroid_id", pa.int64()),
        ("feature", pa.string()),
        ("numerical_value", pa.float64()),
        ("categorical_value", CATEGORICAL_VALUE),
    ]
)


class CentroidsOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What STRUCT(…) may say."""

    standardize: bool = False
    """Whether numbers are those of mean 0 and deviation 1 that are clustered, instead of the columns' own."""
    trial_id: int | None = None


class Centroids:
    """`ML.CENTROIDS(MODEL m [, STRUCT(standardize)])`."""

    name = "ML.CENTROIDS"
    model: Literal["required"] = "required"
    num_data = (0, 0)
    Options = CentroidsOptions

    def run(self, call: FunctionCall, context: FunctionContext) -> pa.Table:
        """A row for each feature of each centroid; of a category its share of the rows. Raises HaganeError."""
        options = call.options
        assert isinstance(options, CentroidsOptions)
        bundle = model_bundle(call)
        model, trial = model_of_family(bundle, self.name, KMeansModel), asked_trial(call, bundle)
        space, d = model.space, model.space.num_dense
        rows = []
        for number, centroid in enumerate(model.centroids, 1):
            own = centroid[:d] if options.standardize else centroid[:d] * space.scale + space.mean
            point = np.concatenate([own, centroid[d:]])
            for each in feature_values(space, point, with_zeros=False):
                categories = [{"category": name, "value": value} for name, value in each.categorical_value]
                rows.append(
                    {
                        "centroid_id": number,
                        "feature": each.feature,
                        "numerical_value": each.numerical_value,
                        "categorical_value": categories,
                    }
                )
        return with_trial(pa.Table.from_pylist(rows, SCHEMA), trial)
