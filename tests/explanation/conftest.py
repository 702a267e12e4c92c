"""Trees that LightGBM grew, and tables that models are trained on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lightgbm as lgb
import numpy as np
import pyarrow as pa
import pytest

from hagane.bundle.bundle import Bundle
from hagane.data.column_data import columns_data
from hagane.data.open_table import open_table
from hagane.data.retype import retype
from hagane.models.lightgbm_trees import Trees, parse_trees
from hagane.runtime.layout import ColumnData
from hagane.spec.spec import Model, Spec
from hagane.workflow.evaluate import input_types
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace

NUM_COLUMNS = 6
CATEGORIES = (4, 5)


@pytest.fixture(scope="session")
def matrix() -> np.ndarray:
    """[600, 6]: numbers with NaN and infinities, two columns of categories."""
    random = np.random.default_rng(3)
    x = random.normal(size=(600, NUM_COLUMNS))
    x[:, 4], x[:, 5] = random.integers(0, 40, 600), random.integers(0, 5, 600)
    x[:, :4][random.random((600, 4)) < 0.1] = np.nan
    return x


@pytest.fixture(scope="session")
def grown(matrix: np.ndarray) -> Callable[..., tuple[lgb.Booster, Trees]]:
    """LightGBM's own booster, and its trees as arrays."""

    def grow(rounds: int = 30, **parameters: Any) -> tuple[lgb.Booster, Trees]:
        filled = np.nan_to_num(matrix)
        label = filled[:, 0] * filled[:, 1] + filled[:, 4] % 3 + filled[:, 2] ** 2
        if parameters["objective"] != "regression":
            label = np.digitize(label, [1.0, 2.5][: parameters.get("num_class", 2) - 1])
        data = lgb.Dataset(matrix, label, categorical_feature=list(CATEGORIES))
        given = {"verbose": -1, "min_data_per_group": 5, "cat_smooth": 1, "min_data_in_leaf": 5, "num_threads": 1}
        booster = lgb.train({**given, **parameters}, data, rounds)
        return booster, parse_trees(booster.model_to_string())

    return grow


@pytest.fixture(scope="session")
def people() -> pa.Table:
    """900 rows: numbers and texts with NULLs, words, and labels of every kind."""
    random = np.random.default_rng(7)
    n = 900
    x, k = random.normal(size=n), random.integers(-5, 6, n)
    job = np.array(["pilot", "clerk", "dög", "日本", ""])[random.integers(0, 5, n)]
    words = np.array(["a b c", "b c", "c d e f", "a a a"])[random.integers(0, 4, n)]
    score = x + 0.3 * k + (job == "pilot") * 1.5 + np.char.count(words, "a") * 0.4 + random.normal(scale=0.5, size=n)
    return pa.table(
        {
            "x": pa.array(x, mask=random.random(n) < 0.05),
            "k": pa.array(k, mask=random.random(n) < 0.05),
            "job": pa.array(job, mask=random.random(n) < 0.05),
            "words": words,
            "value": score,
            "good": score > 0,
            "grade": np.array(["low", "mid", "top"])[np.digitize(score, [-0.8, 0.9])],
        }
    )


LABELS = ("value", "good", "grade")
Fit = Callable[..., Bundle]


@pytest.fixture(scope="session")
def fitted(people: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> Fit:
    """Train a family on `people`; the bundle. The same call trains once."""
    known: dict[str, Bundle] = {}

    def fit(
        family: str,
        label: str,
        *,
        transform: dict[str, str] | None = None,
        options: dict[str, Any] | None = None,
        **sections: Any,
    ) -> Bundle:
        key = repr((family, label, transform, options, sections))
        if key not in known:
            spec = Spec(
                data="people",
                name="m",
                label=label,
                exclude=tuple(name for name in LABELS if name != label),
                model=Model(type=family, options=options or {}),
                transform=transform,
                **sections,
            )
            workspace = Workspace(tmp_path_factory.mktemp("workspace"))
            known[key] = Bundle.load(train(spec, workspace=workspace, frame=people).bundle)
        return known[key]

    return fit


@pytest.fixture(scope="session")
def columns_of(people: pa.Table) -> Callable[[Bundle], dict[str, ColumnData]]:
    """The rows of `people` as columns for a bundle."""

    def read(bundle: Bundle) -> dict[str, ColumnData]:
        table = retype(open_table(people), input_types(bundle.signature))
        batch = pa.Table.from_batches(list(table.batches())).combine_chunks().to_batches()[0]
        names = list(bundle.signature.names)
        return columns_data(batch.select(names), table.schema.select(names))

    return read
