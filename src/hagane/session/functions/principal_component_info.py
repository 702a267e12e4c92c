"""ML.PRINCIPAL_COMPONENT_INFO: how much each component of a PCA keeps."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np
import pyarrow as pa

from hagane.models.pca_model import PcaModel
from hagane.session.function_call import FunctionCall
from hagane.session.model_bundle import model_bundle
from hagane.session.table_function import FunctionContext
from hagane.workflow.model_of_family import model_of_family


class PrincipalComponentInfoOptions(msgspec.Struct, frozen=True, kw_only=True):
    """There are none."""


class PrincipalComponentInfo:
    """`ML.PRINCIPAL_COMPONENT_INFO(MODEL m)`."""

    name = "ML.PRINCIPAL_COMPONENT_INFO"
    model: Literal["required"] = "required"
    num_data = (0, 0)
    Options = PrincipalComponentInfoOptions

    def run(self, call: FunctionCall, context: FunctionContext) -> pa.Table:
        """A row a component, numbered from 0, the largest eigenvalue first. Raises HaganeError."""
        model = model_of_family(model_bundle(call), self.name, PcaModel)
        ratios = model.explained_variance_ratio
        return pa.table(
            {
                "principal_component_id": pa.array(np.arange(len(ratios))),
                "eigenvalue": pa.array(model.eigenvalues),
                "explained_variance_ratio": pa.array(ratios),
                "cumulative_explained_variance_ratio": pa.array(np.cumsum(ratios)),
            }
        )
