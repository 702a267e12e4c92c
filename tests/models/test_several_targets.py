"""Several labels under one target: as if each were alone."""

from __future__ import annotations

import msgspec
import numpy as np
import onnxruntime
import pytest
import torch

from hagane.features.emit import Emitter, element_type
from hagane.models.several_targets import AnyTarget, SeveralTargets, several_targets
from hagane.models.target import Target
from hagane.runtime.session import session_options

CASES = {
    "binary_log_loss": [Target(1, "binary_log_loss", "sigmoid")] * 3,
    "squared_error": [Target(1, "squared_error", "identity", level, 10.0**level) for level in (0.0, 1.0, -3.0)],
    "absolute_error": [Target(1, "absolute_error", "identity", level, 2.0) for level in (0.0, 1.0, 5.0)],
    "huber": [Target(1, "huber", "identity", 0.0, scale, huber_delta=1.0) for scale in (0.5, 1.0, 9.0)],
    "poisson": [Target(1, "poisson", "exp", 0.0, scale) for scale in (0.5, 1.0, 9.0)],
    "quantile": [Target(1, "quantile", "identity", 1.0, 2.0, quantile_level=0.9)] * 3,
}


def sample(loss: str, rows: int = 7) -> tuple[torch.Tensor, np.ndarray]:
    random = np.random.default_rng(1)
    labels = (
        random.integers(0, 2, (rows, 3)).astype(np.uint8)
        if loss == "binary_log_loss"
        else random.gamma(2, 3, (rows, 3))
    )
    return torch.from_numpy(random.normal(size=(rows, 3)).astype(np.float32)), labels


@pytest.mark.parametrize("loss", CASES)
def test_a_rows_loss_is_the_mean_of_its_labels_losses(loss: str) -> None:
    targets, (output, labels) = CASES[loss], sample(loss)
    output.requires_grad_()
    several = several_targets(targets)
    found = several.losses(output, several.label(labels))
    alone = [one.losses(output[:, k : k + 1], one.label(labels[:, k])) for k, one in enumerate(targets)]
    expected = torch.stack(alone, dim=1).mean(dim=1)
    assert found.shape == (7,)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=0)
    (slope,), (wanted,) = (torch.autograd.grad(each.sum(), output) for each in (found, expected))
    torch.testing.assert_close(slope, wanted, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("loss", CASES)
@pytest.mark.parametrize("rows", [0, 1, 2, 7, 300])
def test_the_graph_gives_the_scores_of_each(loss: str, rows: int) -> None:
    targets, (output, _) = CASES[loss], sample(loss, rows)
    several = several_targets(targets)
    given = output.to(torch.float64 if several.is_number else torch.float32)
    alone = [one.scores(given[:, k : k + 1]) for k, one in enumerate(targets)]
    found = several.scores(given)
    assert found.shape == ((rows, 3) if several.is_number else (rows, 3, 2))
    assert np.array_equal(found, np.stack(alone, axis=1))

    emitter = Emitter()
    name = emitter.input("output", several.dtype, ("n", 3))
    shape = ("n", 3) if several.is_number else ("n", 3, 2)
    scores = emitter.node("Cast", several.emit_scores(emitter, name), to=element_type(np.float64))
    emitter.output("scores", scores, np.float64, shape)
    session = onnxruntime.InferenceSession(emitter.model().SerializeToString(), session_options(1))
    (graph,) = session.run(None, {"output": given.numpy()})
    assert graph.shape == found.shape
    assert np.abs(graph - found).max(initial=0) <= 1e-6 * max(1.0, np.abs(found).max(initial=0))


@pytest.mark.parametrize("loss", CASES)
def test_labels_come_back_in_their_own_units(loss: str) -> None:
    several, (output, labels) = several_targets(CASES[loss]), sample(loss)
    scaled = several.label(labels)
    assert several.own_label(scaled) == pytest.approx(labels, rel=1e-5, abs=1e-5)
    parts = list(several.by_label(output, scaled))
    assert [target for target, _, _ in parts] == CASES[loss]
    assert all(torch.equal(part, output[:, k : k + 1]) for k, (_, part, _) in enumerate(parts))


def test_json_tells_one_target_from_several() -> None:
    several = several_targets(CASES["huber"])
    for target in (several, CASES["huber"][0]):
        assert msgspec.json.decode(msgspec.json.encode(target), type=AnyTarget) == target
    assert isinstance(msgspec.convert(msgspec.to_builtins(several), AnyTarget), SeveralTargets)


def test_the_unit_of_an_earlier_fit_is_taken_label_by_label() -> None:
    earlier = several_targets([Target(1, "squared_error", "identity", level, 7.0) for level in (1.0, 2.0, 3.0)])
    taken = several_targets(CASES["squared_error"]).in_unit_of(earlier)
    assert [(one.level, one.scale) for one in taken.targets] == [(1.0, 7.0), (2.0, 7.0), (3.0, 7.0)]
