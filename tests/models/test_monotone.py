"""Monotone constraints: what the emitted graph answers never moves the wrong way."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_encoder import graph_of, write

from hagane.errors import SpecError
from hagane.features.encoded import Encoded
from hagane.models import family_options, get_family
from hagane.models.family import FitContext, Task

FAMILIES = ["boosted_tree_regressor", "boosted_tree_classifier", "random_forest_regressor", "random_forest_classifier"]


def fit(name: str, train: Encoded, *, num_classes: int = 2, **options: Any) -> Any:
    family = get_family(name)
    size = {"num_parallel_tree": 8} if "forest" in name else {"max_iterations": 25, "learn_rate": 0.3}
    classes = num_classes if family.task is Task.CLASSIFICATION else 0
    context = FitContext(features=train.features, num_classes=classes, num_threads=1)
    return family.fit(train, None, family_options(family, {**size, **options}), context)


def table(folder: str, name: str, seed: int, n: int = 300) -> Encoded:
    """The label rises with x0 and falls with x1 on the whole, and neither everywhere."""
    random = np.random.default_rng(seed)
    dense = np.round(random.normal(size=(n, 3)), 1).astype(np.float32)
    ids = random.integers(0, 6, (n, 1))
    signal = np.sin(3 * dense[:, 0]) + dense[:, 0] - np.cos(4 * dense[:, 1]) - dense[:, 1] + (ids[:, 0] == 2)
    signal += random.normal(size=n)
    dense[random.random(dense.shape) < 0.05] = np.nan
    is_class = get_family(name).task is Task.CLASSIFICATION
    return write(Path(folder), dense, ids, (signal > 0).astype(np.int64) if is_class else signal + 10, (6,))


def steps(score: Any, column: int, seed: int) -> np.ndarray:
    """How the answers move along one number, for rows that are random in the others: [rows, values - 1]."""
    random = np.random.default_rng(seed)
    values = np.sort(np.concatenate([random.normal(size=30) * 2, [-1e30, 1e30, 0]])).astype(np.float32)
    rows, ids = random.normal(size=(10, 3)).astype(np.float32), random.integers(0, 6, (10, 1))
    dense = np.repeat(rows, len(values), axis=0)
    dense[:, column] = np.tile(values, 10)
    scores = score(dense, np.repeat(ids, len(values), axis=0))
    return np.diff((scores if scores.ndim == 1 else scores[:, 1]).reshape(10, -1), axis=1)


@pytest.mark.parametrize("name", FAMILIES)
@settings(max_examples=4)
@given(
    method=st.sampled_from(["basic", "intermediate"]),
    loss=st.sampled_from(["squared_error", "huber", "poisson"]),
    booster=st.sampled_from(["gbtree", "dart"]),
    seed=st.integers(0, 1000),
)
def test_the_graph_never_moves_the_wrong_way(name: str, method: str, loss: str, booster: str, seed: int) -> None:
    constraints = {"x1": "decreasing", "x0": "increasing"}
    options: dict[str, Any] = {"monotone_constraints_method": method, "colsample_bynode": 1.0}
    if name.startswith("boosted"):
        options |= {"booster_type": booster} | ({"loss": loss} if name.endswith("regressor") else {})
    with tempfile.TemporaryDirectory() as folder:
        train = table(folder, name, seed)
        free = graph_of(fit(name, train, **options), train)
        bound = graph_of(fit(name, train, monotone_constraints=constraints, **options), train)
    assert steps(free, 0, seed).min() < 0 < steps(free, 1, seed).max()
    assert steps(bound, 0, seed).min() >= -1e-12
    assert steps(bound, 1, seed).max() <= 1e-12
    assert steps(bound, 0, seed).max() > 0 > steps(bound, 1, seed).min()


def test_what_cannot_be_constrained_is_told_at_once(tmp_path: Path) -> None:
    train = table(str(tmp_path), "boosted_tree_classifier", 0)
    constraints = {"c0": "increasing", "x": "increasing", "x0": "DECREASING"}
    with pytest.raises(SpecError) as raised:
        fit("boosted_tree_classifier", train, num_classes=3, monotone_constraints=constraints)
    faults = raised.value.faults
    where = "model.options.monotone_constraints"
    assert [fault.where for fault in faults] == [where, f"{where}.c0", f"{where}.x"]
    assert [fault.received for fault in faults] == ["3 classes", "categories", ""]
    assert faults[2].expected == "one of: x0, x1, x2"


def test_the_nearest_feature_is_named(tmp_path: Path) -> None:
    train = table(str(tmp_path), "random_forest_regressor", 0)
    with pytest.raises(SpecError) as raised:
        fit("random_forest_regressor", train, monotone_constraints={"xO1": "increasing"})
    assert raised.value.faults[0].nearest in ("x0", "x1")
