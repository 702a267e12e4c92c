"""`explanation_documents`: what a bundle holds so that its answers can be explained."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from safetensors.numpy import save

from hagane.explanation.explanation_facts import (
    FACTS_NAME,
    GRADIENT_NAME,
    LINK_NAME,
    PART_NAME,
    TENSORS_NAME,
    ExplainedFeature,
    ExplanationFacts,
)
from hagane.models.explained import ExplainedModel, Explanation
from hagane.statistics.statistics import ColumnStatistics
from hagane.types import SqlType
from hagane.workflow.build_graph import build_link
from hagane.workflow.example_instance import typical_value
from hagane.workflow.held_out_fit import HeldOutFit
from hagane.workflow.prepare import Prepared


def explanation_documents(
    prepared: Prepared, model: ExplainedModel, explanation: Explanation, part: bytes, fit: HeldOutFit
) -> dict[str, bytes]:
    """File name → content. `part` is what `build_graphs` made."""
    features = prepared.transform.features
    facts = ExplanationFacts(
        method=explanation.method,
        raw_scale=explanation.raw_scale,
        num_raw=explanation.num_raw,
        features=tuple(ExplainedFeature(name=feature.name, columns=feature.columns) for feature in features),
        owners=explanation.owners,
        rounding=explanation.rounding,
        note=explanation.note,
        baseline=baseline_row(prepared),
    )
    documents = {
        FACTS_NAME: msgspec.json.format(msgspec.json.encode(facts), indent=2),
        PART_NAME: part,
        TENSORS_NAME: _tensors(explanation.tensors),
        LINK_NAME: build_link(model, prepared.label, explanation.num_raw, fit.calibrator),
    }
    return documents if explanation.gradient is None else documents | {GRADIENT_NAME: explanation.gradient}


def baseline_row(prepared: Prepared) -> dict[str, Any]:
    """The row that rows are compared with: the median of numbers, half-way between the first and the last moment, the
    most frequent of the rest."""
    return {column.name: _baseline_value(prepared.statistics[column.name]) for column in prepared.transform.columns}


def _baseline_value(column: ColumnStatistics) -> Any:
    if column.type is SqlType.TIMESTAMP and column.min is not None and column.max is not None:
        first, last = (datetime.datetime.fromisoformat(str(text)) for text in (column.min, column.max))
        return (first + (last - first) / 2).isoformat().replace("+00:00", "Z")
    return typical_value(column)


def _tensors(tensors: Mapping[str, np.ndarray]) -> bytes:
    return bytes(save({name: np.ascontiguousarray(array) for name, array in tensors.items()}))
