"""ML.PRINCIPAL_COMPONENTS: what the components of a PCA are made of."""

from __future__ import annotations

from typing import Literal

import msgspec
import pyarrow as pa

from hagane.models.pca_model import PcaModel
from hagane.session.function_call import FunctionCall
from hagane.session.functions.centroids import CATEGORICAL_VALUE
from hagane.session.model_bundle import model_bundle
from hagane.session.table_function import FunctionContext
from hagane.workflow.feature_values import feature_values
from hagane.workflow.model_of_family import model_of_family

SCHEMA = pa.schema(
    [
        ("principal_component_id", pa.int64()),
        ("feature", pa.string()),
        ("numerical_value", pa.float64()),
        ("categorical_value", CATEGORICAL_VALUE),
    ]
)


class PrincipalComponentsOptions(msgspec.Struct, frozen=True, kw_only=True):
    """There are none."""


class PrincipalComponents:
    """`ML.PRINCIPAL_COMPONENTS(MODEL m)`."""

    name = "ML.PRINCIPAL_COMPONENTS"
    model: Literal["required"] = "required"
    num_data = (0, 0)
    Options = PrincipalComponentsOptions

    def run(self, call: FunctionCall, context: FunctionContext) -> pa.Table:
        """A row for each feature of each component, numbered from 0. Raises HaganeError."""
        model = model_of_family(model_bundle(call), self.name, PcaModel)
        rows = [
            {
                "principal_component_id": number,
                "feature": each.feature,
                "numerical_value": each.numerical_value,
                "categorical_value": [{"category": name, "value": value} for name, value in each.categorical_value],
            }
            for number, component in enumerate(model.components)
            for each in feature_values(model.space, component, with_zeros=True)
        ]
        return pa.Table.from_pylist(rows, SCHEMA)
