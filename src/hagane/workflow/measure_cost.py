"""`measure_cost`: what a model takes to train, to keep, and to answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import numpy as np

from hagane.bundle.bundle import CHUNK_ROWS
from hagane.bundle.manifest import MODEL_NAME
from hagane.data.column_data import columns_data
from hagane.data.table import Table
from hagane.evaluation.comparison import Cost
from hagane.workflow.instances import instances_of
from hagane.workflow.model_facts import ModelFacts

WARM_UP, SINGLE_ROWS, BATCHES = 20, 200, 5


def measure_cost(name: str, model: ModelFacts, rows: Table | None) -> Cost:
    """Time single rows and batches of `rows`; without any, what the bundle's documents say is all there is."""
    lineage, bundle = model.lineage, model.bundle
    row_milliseconds = rows_per_second = None
    if rows is not None and rows.num_rows:
        row_milliseconds, rows_per_second = _speeds(model, rows)
    return Cost(
        model=name,
        training_seconds=lineage.training_seconds,
        iterations=lineage.best_iteration,
        bundle_bytes=sum(entry.bytes for entry in bundle.manifest.files.values()),
        num_features=bundle.signature.num_features,
        graph_numbers=graph_numbers(bundle.document(MODEL_NAME)),
        row_milliseconds=row_milliseconds,
        rows_per_second=rows_per_second,
    )


def graph_numbers(model: bytes) -> int:
    """How many numbers an ONNX graph holds: tensors and lists of floats and of whole numbers.

    >>> from hagane.features.emit import Emitter
    >>> emitter = Emitter()
    >>> x = emitter.input("x", np.float32, ("n", 2))
    >>> emitter.output("y", emitter.node("Add", x, emitter.constant(np.float32([1, 2]))), np.float32, ("n", 2))
    >>> graph_numbers(emitter.model().SerializeToString())
    2
    """
    import onnx

    graph = onnx.load_model_from_string(model).graph
    found = sum(_size(tensor) for tensor in graph.initializer)
    for node in graph.node:
        for attribute in node.attribute:
            found += (
                len(attribute.floats) + len(attribute.ints) if len(attribute.floats) + len(attribute.ints) > 4 else 0
            )
            found += _size(attribute.t) if attribute.HasField("t") else 0
    return int(found)


def _size(tensor: object) -> int:
    dims = tensor.dims  # type: ignore[attr-defined]
    return 0 if tensor.data_type == 8 else int(np.prod(dims, dtype=np.int64))  # type: ignore[attr-defined]


def _speeds(model: ModelFacts, rows: Table) -> tuple[float, float]:
    """Milliseconds of a single row (median), rows a second of a batch (median)."""
    bundle = model.bundle
    schema = rows.schema.select(bundle.signature.names)
    batch = next(iter(rows.batches(schema.names, batch_rows=CHUNK_ROWS)))
    instance, columns = instances_of(batch.slice(0, 1)), columns_data(batch, schema)
    single = _timed(lambda: bundle.predict(instance, on_error="null"), WARM_UP, SINGLE_ROWS)
    many = _timed(lambda: bundle.predict_columns(columns), 1, BATCHES)
    return 1_000.0 * single, batch.num_rows / many


def _timed(work: Callable[[], object], warm_up: int, times: int) -> float:
    """Median seconds of a call."""
    for _ in range(warm_up):
        work()
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return median(seconds)
