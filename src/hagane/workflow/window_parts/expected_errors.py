"""`expected_errors`: how far a regressor's answers are to be expected off, by the error model in its bundle."""

from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa

from hagane.bundle.bundle import Bundle
from hagane.data.arrow_types import ARROW_TYPES
from hagane.data.column_data import columns_data
from hagane.data.engine import quote_name
from hagane.features.graph_ports import DENSE, IDS
from hagane.monitoring.quality.expected_regression import (
    ABSOLUTE_ERROR,
    FACTS_NAME,
    GRAPH_NAME,
    PREDICTION,
    SQUARED_ERROR,
    ErrorModelFacts,
    ExpectedRegression,
)
from hagane.runtime.session import Session
from hagane.types import Column, Schema
from hagane.workflow.logged_rows import LoggedRows

MOST_ROWS, BATCH_ROWS = 20_000, 8_192
"""Of an hour; chosen by a hash of the request, so that they are always the same."""


def expected_errors(rows: LoggedRows) -> ExpectedRegression | None:
    """None where there is no error model, or where the log lacks what the model read (sensitive columns)."""
    bundle = rows.bundle
    if bundle is None or GRAPH_NAME not in bundle.manifest.files or rows.without & set(rows.signature.names):
        return None
    facts = msgspec.json.decode(bundle.document(FACTS_NAME), type=ErrorModelFacts)
    session = Session(bundle.document(GRAPH_NAME))
    nothing = np.empty(0)
    whole = ExpectedRegression.of(nothing, nothing, nothing, facts=facts)
    for batch in rows.engine.batches(_sample_sql(rows), BATCH_ROWS):
        absolute, squared = _errors(batch, bundle, session)
        weights = batch.column("w").to_numpy(zero_copy_only=False)
        whole = whole.merge(ExpectedRegression.of(absolute, squared, weights, facts=facts))
    return whole


def _sample_sql(rows: LoggedRows) -> str:
    """Inputs as `i0`, `i1`, …, the answer as `p`, the weight as `w`; rows that were refused are left out."""
    answer = f"prediction.{quote_name(rows.signature.prediction_name)}"
    inputs = [f"instance.{quote_name(name)} AS i{place}" for place, name in enumerate(rows.signature.names)]
    selected = ", ".join([*inputs, f"{answer} AS p", "weight AS w"])
    return (
        f"SELECT {selected} FROM ({rows.sql}) WHERE {answer} IS NOT NULL AND isfinite({answer})"
        f" ORDER BY hash(request_id, row) LIMIT {MOST_ROWS}"
    )


def _errors(batch: pa.RecordBatch, bundle: Bundle, session: Session) -> tuple[np.ndarray, np.ndarray]:
    """[n] absolute and [n] squared."""
    inputs = bundle.signature.inputs
    columns = {each.name: batch.column(f"i{place}").cast(ARROW_TYPES[each.type]) for place, each in enumerate(inputs)}
    schema = Schema(tuple(Column(each.name, each.type) for each in inputs))
    features = bundle.features(columns_data(pa.record_batch(columns), schema))
    feed = {name: features[name] for name in (DENSE, IDS) if name in features}
    answers = batch.column("p").to_numpy(zero_copy_only=False).astype(np.float64)
    found = session.run(feed | {PREDICTION: answers[:, None]}, [ABSOLUTE_ERROR, SQUARED_ERROR])
    return np.asarray(found[ABSOLUTE_ERROR], np.float64), np.asarray(found[SQUARED_ERROR], np.float64)
