"""Small models that the functions over models are asked about; trained once."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from hagane.spec.spec import Model, Spec, Split
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace


def made_rows(n: int, seed: int) -> pa.Table:
    """Rows of several types with NULLs; columns that no model reads among them."""
    random = np.random.default_rng(seed)
    x, k = random.normal(size=n), random.integers(-5, 6, n)
    job = np.array(["pilot", "clerk", "dög", ""])[random.integers(0, 4, n)]
    score = x + 0.3 * k + (job == "pilot") * 1.5 + random.normal(scale=0.7, size=n)

    def holes(values: np.ndarray) -> pa.Array:
        return pa.array(values, mask=random.random(n) < 0.05)

    return pa.table(
        {
            "id": pa.array(range(n), pa.int32()),
            "x": holes(x),
            "k": holes(k),
            "job": holes(job),
            "value": score,
            "good": score > 0,
            "late": (score > 0.5).astype(np.int64),
            "grade": np.array(["low", "mid (ok)", "top"])[np.digitize(score, [-0.8, 0.9])],
            "tags": pa.array([[{"name": "a", "weight": float(i)}] if i % 3 else None for i in range(n)]),
        }
    )


@pytest.fixture(scope="session")
def rows() -> pa.Table:
    return made_rows(900, 7)


@pytest.fixture(scope="session")
def new_rows() -> pa.Table:
    return made_rows(3_000, 8)


FEATURES = {"x": "x", "k": "k", "job": "job"}
SPLIT = Split(method="random", eval_fraction=0.25, test_fraction=0)


@pytest.fixture(scope="session")
def models(rows: pa.Table, shared_workspace: Workspace) -> Workspace:
    """`late` (0, 1), `good` (BOOL), `grade` (three texts), `value` (a number), `boosted` (trees of `late`)."""
    asked = {
        "late": ("late", Model(type="logistic_reg")),
        "good": ("good", Model(type="logistic_reg")),
        "grade": ("grade", Model(type="logistic_reg")),
        "value": ("value", Model(type="linear_reg")),
        "boosted": ("late", Model(type="boosted_tree_classifier", options={"max_iterations": 4})),
    }
    for name, (label, model) in asked.items():
        spec = Spec(data="rows", name=name, label=label, model=model, transform=FEATURES, split=SPLIT)
        train(spec, workspace=shared_workspace, frame=rows)
    return shared_workspace
