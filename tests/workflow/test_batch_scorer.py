"""Features apart, by dictionary, and the graph behind them: the bundle's own answers, to the bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from hagane.bundle.bundle import Bundle
from hagane.bundle.prediction_columns import prediction_columns
from hagane.data.column_data import columns_data
from hagane.data.open_table import open_table
from hagane.spec.spec import Model, Spec
from hagane.workflow.batch_scorer import BatchScorer
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace

NETWORK = {"max_iterations": 2, "hidden_units": [8], "learn_rate": 0.01}
TREES = {"max_iterations": 5}
FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "logistic_reg": ("grade", {}),
    "linear_reg": ("value", {}),
    "boosted_tree_classifier": ("grade", TREES),
    "dnn_classifier": ("good", NETWORK),
    "boosted_tree_regressor": ("value", TREES),
    "dnn_regressor": ("value", NETWORK),
    "dnn_linear_combined_classifier": ("good", NETWORK),
    "dnn_linear_combined_regressor": ("value", NETWORK),
    "random_forest_classifier": ("good", {"num_parallel_tree": 4}),
    "random_forest_regressor": ("value", {"num_parallel_tree": 4}),
    "tabnet_classifier": ("grade", {"max_iterations": 2, "n_d": 8, "n_a": 8, "num_steps": 2}),
    "tabnet_regressor": ("value", {"max_iterations": 2, "n_d": 8, "n_a": 8, "num_steps": 2}),
}
QUICK = ("logistic_reg", "linear_reg", "boosted_tree_classifier", "dnn_classifier")
TRANSFORM = {"x": "LN(x)", "k": "k", "job": "job", "job_of_flag": "ML.FEATURE_CROSS(STRUCT(job, CAST(flag AS STRING)))"}
TEXT = {"x": "x", "words": "ML.TF_IDF(SPLIT(job, '')) OVER ()", "job": "job"}


@pytest.mark.parametrize(
    "family", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in FAMILIES]
)
def test_the_answers_are_the_bundles_own(family: str, mixed: pa.Table, workspace: Workspace) -> None:
    label, options = FAMILIES[family]
    spec = Spec(data="f", label=label, model=Model(type=family, options=options), transform=TRANSFORM)
    bundle = Bundle.load(train(spec, workspace=workspace, frame=mixed).bundle)
    assert_same(bundle, mixed)


@pytest.mark.parametrize("family", ["logistic_reg", "boosted_tree_classifier", "dnn_classifier"])
def test_sparse_features(family: str, mixed: pa.Table, workspace: Workspace) -> None:
    _, options = FAMILIES[family]
    spec = Spec(data="f", label="good", model=Model(type=family, options=options), transform=TEXT)
    bundle = Bundle.load(train(spec, workspace=workspace, frame=mixed).bundle)
    assert_same(bundle, mixed)


def test_answers_that_differ_are_not_believed(mixed: pa.Table, workspace: Workspace) -> None:
    spec = Spec(data="f", label="good", model=Model(type="logistic_reg"), transform={"x": "x", "job": "job"})
    bundle = Bundle.load(train(spec, workspace=workspace, frame=mixed).bundle)
    scorer = BatchScorer(bundle)
    other = Bundle.load(train(spec, workspace=workspace, frame=mixed.slice(0, 1_500)).bundle)
    scorer._features = BatchScorer(other)._features
    (batch,) = open_table(mixed).batches(bundle.signature.names, dictionary=True)
    scorer.prove(batch)
    assert not scorer.by_features
    assert same(scorer, bundle, batch)


def assert_same(bundle: Bundle, table: pa.Table) -> None:
    scorer = BatchScorer(bundle)
    (batch,) = open_table(table).batches(bundle.signature.names, dictionary=True)
    scorer.prove(batch)
    assert scorer.by_features
    for rows in (batch, batch.slice(0, 0), batch.slice(7, 1), batch.slice(100, 333)):
        assert same(scorer, bundle, rows)


def same(scorer: BatchScorer, bundle: Bundle, batch: pa.RecordBatch) -> bool:
    """As Arrow, and number by number: Arrow holds zeros of both signs for equal."""
    schema = open_table(pa.Table.from_batches([batch])).schema.select(bundle.signature.names)
    plain = bundle.predict_columns(columns_data(batch, schema))
    found = scorer.predict(batch)
    pairs = [(found.probabilities, plain.probabilities), (found.values, plain.values)]
    bits = all(left is right is None or np.array_equal(left.view(np.int64), right.view(np.int64)) for left, right in
               pairs)  # fmt: skip
    return bits and prediction_columns(found) == prediction_columns(plain)
