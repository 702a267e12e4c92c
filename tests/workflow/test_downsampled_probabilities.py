"""Downsampling promises that probabilities stay those of the data: each classifier held to it, at strong rates."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score

from hagane.bundle.bundle import Bundle
from hagane.data.column_data import columns_data
from hagane.data.open_table import open_table
from hagane.spec.spec import Downsample, Model, Spec, Training
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace

OPTIONS: dict[str, dict[str, Any]] = {
    "logistic_reg": {},
    "boosted_tree_classifier": {"max_iterations": 100},
    "dnn_classifier": {"dropout": 0.0, "max_iterations": 10},
}
OWN_ERROR = {"dnn_classifier": 0.05}
"""By how much the mean probability of a network differs from the base rate when it is trained on all rows (of the
rarer of three classes: 13 % were seen)."""
WANTED = [Downsample(ratio=1.0), Downsample(rate=0.1)]
every_classifier = pytest.mark.parametrize("family", OPTIONS)
every_rate = pytest.mark.parametrize("wanted", WANTED, ids=["ratio 1", "rate 0.1"])


class Rows(NamedTuple):
    """A table with label `y`, and for each row what is known of its chance of yes: the chance itself, or 0 and 1."""

    table: pa.Table
    chance: np.ndarray
    is_yes: np.ndarray

    def num_kept(self, wanted: Downsample) -> float:
        """About how many rows of no are trained on, of the 80 % that training has."""
        num_yes = 0.8 * self.is_yes.sum()
        return num_yes if wanted.rate is None else wanted.rate * 0.8 * np.sum(~self.is_yes)


Fit = Callable[[str, Downsample | None], np.ndarray]


@pytest.fixture(scope="module")
def generated() -> Rows:
    """40,000 rows, 3.7 % yes."""
    random, n = np.random.default_rng(0), 40_000
    x, kind = random.normal(size=n), random.choice(list("abcdefgh"), n)
    chance = 1 / (1 + np.exp(-(2 * x - 5 + (kind == "a"))))
    is_yes = random.random(n) < chance
    return Rows(pa.table({"x": x, "kind": kind, "y": np.where(is_yes, "yes", "no")}), chance, is_yes)


@pytest.fixture(scope="module")
def bank(shared_data: Path) -> Rows:
    """45,211 clients, 11.7 % yes; without the leak."""
    query = f"SELECT * FROM read_csv('{shared_data}/bank_marketing/bank-full.csv', delim = ';', nullstr = 'unknown')"
    table = open_table(query).query("SELECT * EXCLUDE (duration) FROM data")
    is_yes = np.asarray(table["y"].to_pylist(), bool)
    return Rows(table, is_yes.astype(float), is_yes)


def fits(rows: Rows, folder: Path) -> Fit:
    """(family, downsampling) → the chance of yes of every row, by the bundle; each is trained once."""
    workspace = Workspace(folder)

    @cache
    def fitted(family: str, wanted: Downsample | None) -> np.ndarray:
        spec = Spec(
            data="(a frame)", label="y", name="m", model=Model(type=family, options=OPTIONS[family]),
            training=Training(downsample=wanted),
        )  # fmt: skip
        bundle = Bundle.load(train(spec, workspace=workspace, frame=rows.table).bundle)
        schema = open_table(rows.table).schema.select(bundle.signature.names)
        (batch,) = rows.table.select(bundle.signature.names).combine_chunks().to_batches()
        probabilities = bundle.predict_columns(columns_data(batch, schema)).probabilities
        assert probabilities is not None
        return np.asarray(probabilities[:, 1])

    return fitted


@pytest.fixture(scope="module")
def on_generated(generated: Rows, tmp_path_factory: pytest.TempPathFactory) -> Fit:
    return fits(generated, tmp_path_factory.mktemp("generated"))


@pytest.fixture(scope="module")
def on_bank(bank: Rows, tmp_path_factory: pytest.TempPathFactory) -> Fit:
    return fits(bank, tmp_path_factory.mktemp("bank"))


def mean_tolerance(rows: Rows, wanted: Downsample, family: str) -> float:
    """Relative: three standard errors of the odds that k rows of no were drawn to tell, 1 / √k each."""
    return 3 / math.sqrt(rows.num_kept(wanted)) + OWN_ERROR.get(family, 0.0)


def log_loss(rows: Rows, found: np.ndarray) -> float:
    """Expected, over what the label can be. A float32 probability may be 1."""
    found = np.clip(found, 1e-7, 1 - 1e-7)
    return float(-(rows.chance * np.log(found) + (1 - rows.chance) * np.log1p(-found)).mean())


def deciles(rows: Rows, found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """[10] mean of what is predicted and of what is so, in tenths of the rows by what is predicted."""
    tenths = np.array_split(np.argsort(found, kind="stable"), 10)
    return np.array([found[t].mean() for t in tenths]), np.array([rows.chance[t].mean() for t in tenths])


def check(rows: Rows, whole: np.ndarray, found: np.ndarray, wanted: Downsample, family: str) -> None:
    """Level, loss and ranking, against the base rate and the same family on all rows."""
    assert found.mean() == pytest.approx(rows.is_yes.mean(), rel=mean_tolerance(rows, wanted, family))
    assert log_loss(rows, found) < 1.05 * log_loss(rows, whole)
    assert roc_auc_score(rows.is_yes, found) > roc_auc_score(rows.is_yes, whole) - 0.015


@every_classifier
@every_rate
def test_generated_rows(family: str, wanted: Downsample, generated: Rows, on_generated: Fit) -> None:
    found = on_generated(family, wanted)
    check(generated, on_generated(family, None), found, wanted, family)
    predicted, so = deciles(generated, found)
    shape = 0.05 + mean_tolerance(generated, wanted, family)  # of few rows a tenth is known less well than the whole
    assert np.all(np.abs(predicted - so) < shape * so + 0.002)


@pytest.mark.parametrize(
    "family",
    [pytest.param(name, marks=pytest.mark.slow if name == "dnn_classifier" else ()) for name in OPTIONS],
)
@every_rate
def test_bank_marketing(family: str, wanted: Downsample, bank: Rows, on_bank: Fit) -> None:
    found = on_bank(family, wanted)
    check(bank, on_bank(family, None), found, wanted, family)
    predicted, so = deciles(bank, found)
    assert np.mean(np.abs(predicted - so)) < 0.02


@pytest.mark.parametrize("family", OPTIONS)
def test_the_thinned_out_one_of_three_classes(family: str, workspace: Workspace) -> None:
    random, n = np.random.default_rng(1), 20_000
    x = random.normal(size=n)
    scores = np.column_stack([np.full(n, 3.0), x, -x])
    label = np.argmax(scores + random.gumbel(size=scores.shape), axis=1)
    table = pa.table({"x": x, "y": np.array(["much", "up", "down"])[label]})
    spec = Spec(
        data="(a frame)", label="y", name="m", model=Model(type=family, options=OPTIONS[family]),
        training=Training(downsample=Downsample(ratio=1.0)),
    )  # fmt: skip
    bundle = Bundle.load(train(spec, workspace=workspace, frame=table).bundle)
    (batch,) = table.select(["x"]).to_batches()
    found = bundle.predict_columns(columns_data(batch, open_table(table).schema.select(["x"]))).probabilities
    assert found is not None
    base = [np.mean(table["y"].to_numpy(zero_copy_only=False) == name) for name in ("down", "much", "up")]
    assert found.mean(axis=0) == pytest.approx(base, rel=0.25 if family in OWN_ERROR else 0.15)
