"""`serving_cost`: what a model that was just fitted would take to serve, before anything is published."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

from hagane.bundle.write_bundle import write_bundle
from hagane.models.family import FeatureMaskModel, FittedModel
from hagane.workflow.build_graph import build_graph
from hagane.workflow.measure_bundle import measure_bundle
from hagane.workflow.prepare import Prepared
from hagane.workflow.sign import sign


class ServingCost(NamedTuple):
    """Of one model."""

    graph_bytes: int
    row_milliseconds: float
    """Of one row from Python, the graph loaded: the median of fifty."""


def serving_cost(prepared: Prepared, model: FittedModel) -> ServingCost:
    """Build the graph as it would be served, and time one row of them."""
    threshold = prepared.resolved.spec.evaluation.threshold
    graph = build_graph(prepared.transform, model, prepared.label, threshold=threshold)
    signature = sign(prepared, calibration="none", has_intervals=False, has_masks=isinstance(model, FeatureMaskModel))
    with tempfile.TemporaryDirectory(prefix="hagane-serving-") as folder:
        bundle = write_bundle(Path(folder) / "bundle", model=graph, signature=signature, documents={})
        return ServingCost(len(graph), measure_bundle(bundle, prepared).row_milliseconds)
