"""How good the families are on Adult, beside what is published and beside scikit-learn in the same run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from real_tables import Table
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from small_encoder import graph_of, relative_difference

from hagane.features.encoded import Encoded
from hagane.models import family_options, get_family
from hagane.models.family import FitContext

Encode = Callable[..., Encoded]


def train_and_score(name: str, train: Table, test: Table, encode: Encode, **options: Any) -> float:
    """ROC AUC on the test rows, predicted by the graph; a tenth of the training rows is watched."""
    family, watched = get_family(name), np.random.default_rng(0).random(len(train.label)) < 0.1
    parts = [
        encode(part.dense, part.ids, part.label, part.cardinalities, dense_dtype=family.dense_dtype, block_rows=65_536)
        for part in (train.rows(~watched), train.rows(watched))
    ]
    context = FitContext(features=parts[0].features, num_classes=2, num_threads=1)
    model = family.fit(*parts, family_options(family, options), context)
    scores = graph_of(model, parts[0])(test.dense, test.ids)
    few = slice(0, 1000)
    expected = model.predict(test.dense[few].astype(family.dense_dtype), test.ids[few])
    assert relative_difference(scores[few], expected) <= family.relative_tolerance
    return float(roc_auc_score(test.label, scores[:, 1]))


def test_boosted_trees_on_adult(adult: tuple[Table, Table], encode: Encode) -> None:
    train, test = adult
    auc = train_and_score("boosted_tree_classifier", train, test, encode)
    oracle = HistGradientBoostingClassifier(random_state=0, categorical_features=range(6, 14))
    oracle.fit(np.concatenate([train.dense, train.ids], axis=1), train.label)
    peer = roc_auc_score(test.label, oracle.predict_proba(np.concatenate([test.dense, test.ids], axis=1))[:, 1])
    assert auc >= 0.927
    assert auc >= peer - 0.001


def test_dnn_on_adult(adult: tuple[Table, Table], encode: Encode) -> None:
    train, test = adult
    assert train_and_score("dnn_classifier", train.scaled(), test.scaled(train), encode) >= 0.910


def test_logistic_regression_on_adult(adult: tuple[Table, Table], encode: Encode) -> None:
    """scikit-learn's reaches 0.9055 (on features prepared in another way)."""
    train, test = adult
    assert train_and_score("logistic_reg", train.scaled(), test.scaled(train), encode) >= 0.904
