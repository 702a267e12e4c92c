"""TabNet's parts against what they are defined as, and its masks in torch, in the graph and as importance."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from real_tables import Table
from resuming import assert_resumes

from hagane.features.emit import Emitter
from hagane.features.encoded import Encoded
from hagane.models import family_options, get_family
from hagane.models.family import FitContext
from hagane.models.ghost_batch_norm import GhostBatchNorm
from hagane.models.sparsemax import emit_sparsemax, sparsemax
from hagane.models.tabnet import TabNetModel, with_sparsity
from hagane.runtime.session import Session

Encode = Callable[..., Encoded]
rows = arrays(np.float64, st.tuples(st.integers(1, 9), st.just(5)), elements=st.floats(-5, 5, allow_subnormal=False))


def projected(z: np.ndarray) -> np.ndarray:
    """The nearest point of the simplex, by bisection on the threshold: another road than a sort."""
    low, high = z.min() - 1, z.max()
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if np.maximum(z - middle, 0).sum() > 1 else (low, middle)
    return np.maximum(z - high, 0)


@given(rows)
def test_sparsemax_is_the_projection_onto_the_simplex_in_torch_and_in_the_graph(z: np.ndarray) -> None:
    expected = np.array([projected(row) for row in z])
    assert np.abs(sparsemax(torch.from_numpy(z)).numpy() - expected).max() < 1e-9
    assert np.abs(GRAPH.run({"z": z}, ["p"])["p"] - expected).max() < 1e-9


def sparsemax_graph(width: int) -> Session:
    emitter = Emitter()
    z = emitter.input("z", np.float64, ("n", width))
    emitter.output("p", emit_sparsemax(emitter, z, width), np.float64, ("n", width))
    return Session(emitter.model().SerializeToString())


GRAPH = sparsemax_graph(5)


@pytest.mark.parametrize("width", [1, 2, 33, 500])
def test_a_rows_sparsemax_does_not_depend_on_its_batch(width: int) -> None:
    z, graph = np.random.default_rng(0).normal(size=(4096, width)), sparsemax_graph(width)
    whole = graph.run({"z": z}, ["p"])["p"]
    assert whole.min() >= 0
    assert np.abs(whole.sum(axis=1) - 1).max() < 1e-12
    for n in (0, 1, 2, 7, 300):
        assert graph.run({"z": z[:n]}, ["p"])["p"].tobytes() == whole[:n].tobytes()


def test_the_gradient_of_sparsemax() -> None:
    z = torch.randn(6, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    assert torch.autograd.gradcheck(sparsemax, (z,))


@pytest.mark.parametrize(("num_rows", "parts"), [(64, 4), (16, 1), (70, 5), (17, 2)])
def test_ghost_normalisation_is_batch_normalisation_of_each_part(num_rows: int, parts: int) -> None:
    x = torch.randn(num_rows, 3, generator=torch.Generator().manual_seed(1)) * 4 + 2
    ghost, whole = GhostBatchNorm(3, virtual_rows=16, momentum=0.3), torch.nn.BatchNorm1d(3, momentum=0.3)
    expected = torch.cat([whole(part) for part in x.tensor_split(parts)])
    assert torch.allclose(ghost(x), expected, atol=1e-5)
    assert torch.allclose(ghost.running_mean, whole.running_mean, atol=1e-5)
    assert torch.allclose(ghost.running_var, whole.running_var, atol=1e-4)
    ghost.eval(), whole.eval()
    assert torch.allclose(ghost(x), whole(x), atol=1e-4)


def test_one_row_is_normalised_by_the_running_moments() -> None:
    norm = GhostBatchNorm(2, virtual_rows=16, momentum=0.5)
    norm.running_mean.fill_(3.0)
    assert torch.allclose(norm(torch.full((1, 2), 3.0)), torch.zeros(1, 2), atol=1e-6)
    assert norm.running_mean.tolist() == [3.0, 3.0]


def test_sparsity_moves_the_weights_and_is_not_told_as_loss() -> None:
    output = torch.tensor([[1.0, 0.7], [3.0, 0.1]], requires_grad=True)
    losses = with_sparsity(lambda out, label: (out[:, 0] - label).square(), 0.5)(output, torch.zeros(2))
    assert losses.tolist() == [1.0, 9.0]
    losses.sum().backward()
    assert output.grad is not None
    assert output.grad.tolist() == [[2.0, 0.5], [6.0, 0.5]]


def fitted(encode: Encode, **options: object) -> tuple[TabNetModel, Encoded]:
    """The label is x0 where category 0 is even, x1 where it is odd."""
    random = np.random.default_rng(0)
    dense, ids = random.normal(size=(3000, 4)).astype(np.float32), random.integers(0, 6, (3000, 2))
    label = np.where(ids[:, 0] % 2 == 0, dense[:, 0], dense[:, 1]).astype(np.float64)
    train = encode(dense, ids, label, (6, 6))
    context = FitContext(features=train.features, num_threads=1)
    given = {"max_iterations": 12, "n_d": 8, "n_a": 8, "sparsity_reg": 0.001, **options}
    return get_family("tabnet_regressor").fit(train, None, family_options("tabnet_regressor", given), context), train


def test_masks_are_shares_in_torch_and_in_the_graph_and_their_mean_is_the_importance(encode: Encode) -> None:
    model, train = fitted(encode)
    batch = train.arrays()
    masks = model.feature_masks(batch.dense, batch.ids)
    assert masks.shape == (3000, 6)
    sums = masks.sum(axis=1)
    assert np.all((np.abs(sums - 1) < 1e-9) | (sums == 0))
    assert masks.min() >= 0
    assert (masks == 0).any()
    emitter = Emitter()
    names = emitter.input("dense", np.float32, ("n", 4)), emitter.input("ids", np.int64, ("n", 2))
    emitter.output("scores", model.emit(emitter, *names), np.float64, ("n",))
    alone = len(emitter.model().graph.node)
    emitter.output("masks", model.emit_feature_masks(emitter, *names), np.float64, ("n", 6))
    assert len(emitter.model().graph.node) - alone <= 15
    graph = Session(emitter.model().SerializeToString())
    found = graph.run({"dense": batch.dense, "ids": batch.ids}, ["masks", "scores"])
    assert np.abs(found["masks"] - masks).max() < 1e-9
    for n in (0, 1, 2, 7, 300):
        part = graph.run({"dense": batch.dense[:n], "ids": batch.ids[:n]}, ["masks", "scores"])
        assert all(part[name].tobytes() == found[name][:n].tobytes() for name in part)
    importance = model.importance()
    assert [*importance.values()] == pytest.approx(masks.mean(axis=0) / masks.mean(axis=0).sum(), rel=1e-9)
    assert set(sorted(importance, key=importance.__getitem__)[-3:]) == {"x0", "x1", "c0"}


def test_a_training_that_is_ended_goes_on_bit_by_bit(encode: Encode, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    train = encode(random.normal(size=(64, 3)), random.integers(0, 4, (64, 1)), np.arange(64) % 3, (4,))
    assert_resumes("tabnet_classifier", train, tmp_path, num_classes=3, n_d=4, n_a=4)


@pytest.mark.slow
def test_tabnet_on_california_housing(housing: Table, encode: Encode) -> None:
    """Better than the network of the same hour (54,500), worse than trees (44,600)."""
    part = np.random.default_rng(1).random(len(housing.label))
    train, test = housing.rows(part < 0.8), housing.rows(part >= 0.8)
    given, asked = train.scaled(), test.scaled(train)
    watched = np.random.default_rng(0).random(len(train.label)) < 0.1
    parts = [
        encode(rows.dense, rows.ids, rows.label, rows.cardinalities, block_rows=65_536)
        for rows in (given.rows(~watched), given.rows(watched))
    ]
    context = FitContext(features=parts[0].features, num_threads=1)
    model = get_family("tabnet_regressor").fit(*parts, family_options("tabnet_regressor", {}), context)
    error = model.predict(asked.dense.astype(np.float32), asked.ids) - test.label
    assert np.sqrt(np.mean(np.square(error))) < 55_000
