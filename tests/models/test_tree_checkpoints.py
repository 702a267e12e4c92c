"""A training of trees that is ended after any round and goes on in another process has the bits of one that was not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from resuming import killed_again_and_again
from small_encoder import sparse_rows

from hagane.errors import PreemptedError
from hagane.features.encoded import Encoded
from hagane.models import family_options, get_family
from hagane.models.family import FitContext, Task
from hagane.models.tree_model import TreeModel
from hagane.spec.checkpoint_policy import CheckpointPolicy
from hagane.spec.spec import Training
from hagane.training.checkpoint_folder import list_checkpoints

Encode = Callable[..., Encoded]
ROUNDS = 9
BOOSTED = {
    "max_iterations": ROUNDS,
    "subsample": 0.7,
    "colsample_bytree": 0.7,
    "colsample_bynode": 0.6,
    "num_leaves": 7,
}
CASES: dict[str, tuple[str, int, dict[str, Any]]] = {
    "two classes": ("boosted_tree_classifier", 2, BOOSTED),
    "few rows a round": ("boosted_tree_classifier", 2, {**BOOSTED, "subsample": 0.3}),
    "all rows a round": ("boosted_tree_classifier", 2, {**BOOSTED, "subsample": 1.0}),
    "four classes, watched by accuracy": ("boosted_tree_classifier", 4, {**BOOSTED, "eval_metric": "accuracy"}),
    "numbers": ("boosted_tree_regressor", 0, BOOSTED),
    "counts": ("boosted_tree_regressor", 0, {**BOOSTED, "loss": "poisson"}),
    "quantiles": ("boosted_tree_regressor", 0, {**BOOSTED, "loss": "quantile", "quantile_level": 0.8}),
    "monotone": ("boosted_tree_regressor", 0, {**BOOSTED, "monotone_constraints": {"x0": "increasing"}}),
    "a forest of numbers": ("random_forest_regressor", 0, {"num_parallel_tree": ROUNDS}),
    "a forest of four classes": ("random_forest_classifier", 4, {"num_parallel_tree": ROUNDS}),
}
every_case = pytest.mark.parametrize("case", CASES)


class AfterRounds:
    """A notice to end that comes after so many rounds."""

    def __init__(self, rounds: int) -> None:
        self._left = rounds

    @property
    def requested(self) -> bool:
        self._left -= 1
        return self._left <= 0


def split(encode: Encode, name: str, num_classes: int, n: int, seed: int) -> Encoded:
    random = np.random.default_rng(seed)
    dense = random.normal(size=(n, 6)).astype(np.float32)
    dense[random.random(dense.shape) < 0.1] = np.nan
    ids, words = random.integers(0, (5, 400), (n, 2)), sparse_rows(random, n, 12)
    signal_ = np.nan_to_num(dense).sum(axis=1) + (ids[:, 1] % 3 == 0) + random.normal(size=n)
    label: Any = np.abs(signal_)
    if get_family(name).task is Task.CLASSIFICATION:
        label = np.digitize(signal_, np.quantile(signal_, np.arange(1, num_classes) / num_classes)).astype(np.int64)
    weight = random.uniform(0.5, 2, n).astype(np.float32)
    return encode(dense, ids, label, (5, 400), sparse=[words], words=(12,), weight=weight, block_rows=256)


class Fit:
    """One case's splits and options."""

    def __init__(self, encode: Encode, case: str) -> None:
        self.name, self.num_classes, self.options = CASES[case]
        self.splits = [split(encode, self.name, self.num_classes, n, seed) for n, seed in ((800, 0), (300, 1))]

    def __call__(
        self, folder: Path | None = None, preemption: Any = None, *, every_rounds: int | None = None, **options: Any
    ) -> TreeModel:
        family = get_family(self.name)
        context = FitContext(
            features=self.splits[0].features,
            num_classes=self.num_classes,
            class_offsets=(0.5, 0.0, 0.2, 0.0)[: self.num_classes] if family.corrects_prior else (),
            num_threads=1,
            checkpoints=folder,
            preemption=preemption,
            training=Training(checkpoint=CheckpointPolicy(every_steps=every_rounds)),
        )
        found = family.fit(*self.splits, family_options(family, {**self.options, **options}), context)
        assert isinstance(found, TreeModel)
        return found


def assert_same(found: TreeModel, expected: TreeModel) -> None:
    assert found.learned.text == expected.learned.text
    assert [(row.loss, row.eval_loss) for row in found.curve] == [(row.loss, row.eval_loss) for row in expected.curve]
    assert found.best_iteration == expected.best_iteration


@every_case
def test_ended_after_any_round_it_goes_on_to_the_same_bits(case: str, encode: Encode, tmp_path: Path) -> None:
    fit = Fit(encode, case)
    expected = fit()
    assert len(expected.trees.trees) > 0
    for ended_after in (1, 2, ROUNDS - 1, ROUNDS):
        folder = tmp_path / str(ended_after)
        with pytest.raises(PreemptedError, match="saved its state"):
            fit(folder, AfterRounds(ended_after))
        assert_same(fit(folder), expected)


def test_ended_after_every_round(encode: Encode, tmp_path: Path) -> None:
    fit = Fit(encode, "four classes, watched by accuracy")
    for _ in range(ROUNDS):
        with pytest.raises(PreemptedError):
            fit(tmp_path, AfterRounds(1))
    assert_same(fit(tmp_path), fit())


def test_early_stopping_counts_on(encode: Encode, tmp_path: Path) -> None:
    fit = Fit(encode, "numbers")
    options = {"max_iterations": 400, "learn_rate": 1.0, "patience": 5}
    expected = fit(**options)
    last = len(expected.curve)
    assert last < 400
    with pytest.raises(PreemptedError):
        fit(tmp_path, AfterRounds(last - 2), **options)
    assert_same(fit(tmp_path, **options), expected)


def test_checkpoints_are_written_while_it_trains(encode: Encode, tmp_path: Path) -> None:
    """Saving changes nothing of what comes after."""
    fit = Fit(encode, "two classes")
    assert_same(fit(tmp_path, every_rounds=1), fit())
    assert 1 <= len(list_checkpoints(tmp_path)) <= 2
    (list_checkpoints(tmp_path)[-1] / "tensors.safetensors").write_bytes(b"damaged")
    assert_same(fit(tmp_path), fit())


def test_dart_starts_again(encode: Encode, tmp_path: Path) -> None:
    """The trees that it may leave out must be its own."""
    folder = tmp_path / "checkpoints"
    fit = Fit(encode, "numbers")
    expected = fit(booster_type="dart", dropout=0.5)
    with pytest.raises(PreemptedError, match="it begins at its first round"):
        fit(folder, AfterRounds(3), booster_type="dart", dropout=0.5)
    assert not folder.exists()
    assert_same(fit(folder, booster_type="dart", dropout=0.5), expected)


TRAINING = """
import sys
from pathlib import Path
from hagane.features.encoded import Encoded
from hagane.models import family_options, get_family
from hagane.models.family import FitContext
from hagane.spec.checkpoint_policy import CheckpointPolicy
from hagane.spec.spec import Training

train, checkpoints = map(Path, sys.argv[1:])
encoded, family = Encoded.open(train), get_family("boosted_tree_regressor")
context = FitContext(features=encoded.features, num_threads=1, checkpoints=checkpoints,
                     training=Training(checkpoint=CheckpointPolicy(every_steps=1)))
model = family.fit(encoded, None, family_options(family, {"max_iterations": 400, "colsample_bytree": 0.5}), context)
sys.stdout.write(model.learned.text)
"""


@pytest.mark.slow
def test_killed_at_random_moments_it_ends_with_the_same_bits(encode: Encode, tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    dense = random.normal(size=(3000, 8)).astype(np.float32)
    train = encode(dense, np.empty((3000, 0), np.int64), np.nan_to_num(dense).sum(axis=1).astype(float), ())
    command = [sys.executable, "-c", TRAINING, str(train_folder(tmp_path, train))]
    whole = subprocess.run([*command, tmp_path / "whole"], stdout=subprocess.PIPE, check=True).stdout
    found, kills = killed_again_and_again(
        lambda: subprocess.Popen([*command, tmp_path / "cut"], stdout=subprocess.PIPE), tmp_path / "cut", most=8,
        seconds=0.2,
    )  # fmt: skip
    assert found == whole
    assert kills >= 2


def train_folder(folder: Path, train: Encoded) -> Path:
    """The folder that another process can open."""
    from hagane.features.encoded import EncodedWriter

    writer = EncodedWriter(folder / "encoded", train.features, label_dtype="float64")
    batch = train.arrays()
    writer.append([*batch.dense.T, batch.label])
    writer.close()
    return folder / "encoded"
