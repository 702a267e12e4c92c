"""Every option of communication, by processes over gloo: the oracles are torch's, closed forms and sums."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import get_args, get_type_hints

import numpy as np
import pytest
import torch
from communication_cases import OPTIONS, SEEDS, SHAPE, random
from sklearn.metrics import roc_auc_score
from torch import Tensor

from hagane.spec.communication import Communication
from hagane.training.communication import COMPRESSIONS, make_hook, make_outer_steps
from hagane.training.communication.traffic import Traffic

Together = Callable[..., list[dict[str, Tensor]]]


def agree(outcome: list[dict[str, Tensor]], *names: str) -> None:
    """All processes hold the same bits."""
    for name in names:
        for one, other in pairwise(outcome):
            assert torch.equal(one[name], other[name]), name


def test_nothing_is_made_where_plain_all_reduce_is_asked_for() -> None:
    assert make_hook(Communication()) is None
    assert make_outer_steps(Communication(compression="bfloat16"), torch.nn.Linear(1, 1)) is None
    assert make_hook(Communication(outer_steps=4, compression="bfloat16")) is None
    assert {*COMPRESSIONS, "none"} == set(get_args(get_type_hints(Communication)["compression"]))


def test_bfloat16_rounds_each_gradient_and_the_sum(together: Together) -> None:
    outcome = together("bfloat16")
    agree(outcome, "found", "matrix")
    sent = [random(rank, 1000).to(torch.bfloat16) for rank in range(2)]
    assert torch.equal(outcome[0]["found"], (sent[0] + sent[1]).float() / 2)
    numbers = 1000 + 100
    assert outcome[0]["sent"].tolist() == [2 * numbers, 2 * numbers]


@pytest.mark.slow
def test_bfloat16_of_three_is_near_the_mean(together: Together) -> None:
    outcome = together("bfloat16", 3)
    agree(outcome, "found", "matrix")
    parts = torch.stack([random(rank, 1000) for rank in range(3)])
    assert ((outcome[0]["found"] - parts.mean(0)).abs() <= parts.abs().sum(0) * 2.0**-8).all()


@pytest.mark.parametrize("size", [2, 3])
def test_what_powersgd_does_not_send_is_kept(together: Together, size: int) -> None:
    """Σ errors = Σ (gradient + error before) − size · common gradient, at every step; vectors are averaged exactly."""
    outcome = together("powersgd", size)
    for step in range(5):
        agree(outcome, f"found{step}", f"vector{step}")
        wanted = sum(each[f"wanted{step}"] for each in outcome)
        kept = sum(each[f"error{step}"] for each in outcome)
        found = outcome[0][f"found{step}"]
        torch.testing.assert_close(wanted - size * found, kept, rtol=0, atol=2e-5)
        assert torch.linalg.matrix_rank(found) == 2
        vectors = torch.stack([random(1000 + 10 * step + rank, 3) for rank in range(size)])
        torch.testing.assert_close(outcome[0][f"vector{step}"], vectors.mean(0))
        numbers = 2 * sum(SHAPE) + 3
        assert outcome[0][f"sent{step}"] == pytest.approx(2 * (size - 1) / size * 4 * numbers, abs=2)
    assert outcome[0]["collectives"] == 2 * 5


def test_a_mean_of_low_rank_is_found_exactly(together: Together) -> None:
    outcome = together("powersgd_low_rank")
    torch.testing.assert_close(outcome[0]["found"], outcome[0]["mean"], rtol=1e-4, atol=1e-4)


def test_powersgd_is_torchs_where_that_works(together: Together) -> None:
    outcome = together("powersgd_beside_torch")
    agree(outcome, "ours")
    torch.testing.assert_close(outcome[0]["ours"], outcome[0]["theirs"], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("size", [2, 3])
def test_powersgd_goes_on_from_its_state_bit_by_bit(together: Together, size: int) -> None:
    for found in together("powersgd_resumed", size):
        assert len(found) == 2 * 3 * 3
        for i in range(len(found) // 2):
            assert torch.equal(found[f"a{i}"], found[f"b{i}"])


def test_powersgd_of_zeros_is_zero_and_goes_on(together: Together) -> None:
    outcome = together("powersgd_of_nothing")
    assert not outcome[0]["nothing"].any()
    torch.testing.assert_close(outcome[0]["found"], outcome[0]["mean"], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("size", [2, 3])
def test_sparse_gradients_go_by_rows(together: Together, size: int) -> None:
    outcome = together("sparse", size)
    for name, tolerance in (("exact", 0), ("powersgd", 1e-5), ("bfloat16", 2e-2)):
        agree(outcome, f"{name}.table")
        torch.testing.assert_close(
            outcome[0][f"{name}.table"], outcome[0]["exact.table"], rtol=tolerance, atol=tolerance / 10
        )
    for each in outcome:
        rows, layer = len(each["exact.rows"]), 4 * 16 + 16
        dense = 2 * (size - 1) / size * layer
        assert each["bfloat16.sent"] == pytest.approx((size - 1) * rows * (8 + 2 * 4) + 2 * dense, abs=2)
        assert each["powersgd.sent"] == pytest.approx((size - 1) * rows * (8 + 4 * 4) + 4 * dense, abs=2)


@pytest.mark.parametrize("size", [2, 3])
def test_local_sgd_is_torchs_averaging_of_models(together: Together, size: int) -> None:
    outcome = together("local_sgd", size)
    agree(outcome, "begun", "found", "running", "agreed")
    assert not torch.equal(outcome[0]["before"], outcome[1]["before"])
    torch.testing.assert_close(outcome[0]["found"], outcome[0]["theirs"], rtol=1e-5, atol=1e-6)
    assert outcome[0]["agreed"].tolist() == [False, False, False, True] * 2 + [False] * 2
    weights, statistics, rounds = 2 * 8 + 8 + 16 + 8 + 1, 16, 3
    expected = rounds * 4 * (weights + statistics) * 2 * (size - 1) / size
    assert outcome[0]["sent"].tolist() == [pytest.approx(expected, abs=6), 2 * rounds]


def test_outer_steps_are_torchs_nesterov(together: Together) -> None:
    outcome = together("outer_nesterov")
    agree(outcome, "found")
    torch.testing.assert_close(outcome[0]["found"], outcome[0]["theirs"], rtol=1e-5, atol=1e-6)


def test_outer_differences_in_bfloat16(together: Together) -> None:
    """The weights are off by a rounding of their differences, not of themselves; statistics are sent as they are."""
    outcome = together("outer_bfloat16")
    agree(outcome, "none", "bfloat16")
    exact, rounded = outcome[0]["none"], outcome[0]["bfloat16"]
    assert 0 < (exact - rounded).norm() < 2.0**-8 * (exact - outcome[0]["begun"]).norm()
    assert outcome[0]["none.sent"] == 4 * (49 + 16)
    assert outcome[0]["bfloat16.sent"] == 2 * 49 + 4 * 16


@pytest.mark.parametrize("size", [2, 3])
def test_outer_steps_go_on_from_their_state_bit_by_bit(together: Together, size: int) -> None:
    outcome = together("outer_resumed", size)
    agree(outcome, "found")
    for each in outcome:
        assert torch.equal(each["wanted"], each["found"])


@pytest.mark.parametrize("size", [2, 3])
def test_a_training_that_goes_on_ends_in_the_same_bits(together: Together, size: int) -> None:
    """Three processes too, whose sums depend on where a number lies in the message."""
    outcome = together("group_resumed", size)
    for name in ("none", "bfloat16", "powersgd", "outer"):
        agree(outcome, f"{name}.whole", f"{name}.resumed")
        assert torch.equal(outcome[0][f"{name}.whole"], outcome[0][f"{name}.resumed"]), name
        steps = [int(outcome[0][f"{name}.{key}.steps"]) for key in ("whole", "begun", "resumed")]
        assert steps == [24, 13, 16]
    assert not torch.equal(outcome[0]["outer.begun"], outcome[1]["outer.begun"])


@pytest.mark.parametrize("size", [2, 3])
def test_where_one_process_has_no_state_all_begin_with_the_firsts_weights(together: Together, size: int) -> None:
    outcome = together("outer_joined", size)
    agree(outcome, "begun", "found")
    assert torch.equal(outcome[0]["begun"], outcome[0]["before"])
    assert not torch.equal(outcome[-1]["begun"], outcome[-1]["before"])


@pytest.mark.parametrize("size", [2, 3])
def test_of_a_table_only_moved_rows_are_sent(together: Together, size: int) -> None:
    """With momentum: rows that nobody looks up any more go on moving."""
    outcome = together("outer_tables", size)
    agree(outcome, "rows", "whole")
    torch.testing.assert_close(outcome[0]["rows"], outcome[0]["whole"], rtol=1e-5, atol=1e-6)
    assert outcome[0]["rows.sent"] < outcome[0]["whole.sent"] / 5


def test_traffic_of_one_process_is_none() -> None:
    traffic = Traffic(1)
    traffic.add_all_reduce(100)
    assert (traffic.sent_bytes, traffic.reduced_bytes) == (0, 100)


@pytest.mark.slow
def test_no_option_costs_quality(together: Together, shared_data: Path) -> None:
    """Adult's ROC AUC: what an option loses, on the mean over seeds, is within the noise between seeds."""
    outcome = together("quality")
    label = outcome[0]["label"].numpy()
    aucs = {
        name: np.array([roc_auc_score(label, outcome[0][f"{name}{seed}"].numpy()) for seed in range(SEEDS)])
        for name in OPTIONS
    }
    agree(outcome, *(f"{name}{seed}" for name in OPTIONS for seed in range(SEEDS)))
    noise = max(float(aucs["exact"].std(ddof=1)), 5e-4)
    for name, found in aucs.items():
        assert found.mean() > aucs["exact"].mean() - 2 * noise, (name, aucs)
    assert aucs["exact"].mean() > 0.905


def test_a_process_that_does_not_write_holds_one_whole_tensor_at_a_time(together: Together) -> None:
    """And of the best state, as of the model, its own part: both are the same behind more steps."""
    writer, other = together("group_holds")
    assert int(other["most_bytes"]) == int(writer["most_bytes"]) == int(writer["largest_bytes"])
    assert int(other["copied"]) == 0
    assert int(writer["copied"]) >= 4 * 4 * int(writer["num_whole"])  # the model, its best state, two numbers of AdamW
    assert int(writer["num_own"]) + int(other["num_own"]) == int(writer["num_whole"])
    for name in writer:
        if name.startswith("before."):
            assert torch.equal(writer[name], writer[name.replace("before.", "after.")]), name
