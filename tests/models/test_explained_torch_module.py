"""Users' modules taken apart: columns, whose they are, and gradients, beside torch's own of the whole module."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import onnxruntime as ort
import pytest
import torch
import torch_architectures as architectures
from small_encoder import features_for
from torch import Tensor, nn

from hagane.features.emit import Emitter
from hagane.features.emit_gradient import NoGradientError
from hagane.models.column_owners import column_owners
from hagane.models.explained_torch_module import ExplainedTorchModule, explained_torch_module
from hagane.models.named_features import NamedFeatures
from hagane.models.torch_export import PresentInputs, sample_inputs
from hagane.models.torch_inputs import TorchInputs
from hagane.runtime.session import Session

Architecture = type[architectures.Columns]
ROWS = 23
FAST = (architectures.Words,)
SLOW = tuple(each for each in architectures.EXPLAINED if each not in FAST)
EACH = [*FAST, *(pytest.param(each, marks=pytest.mark.slow) for each in SLOW)]


def made(architecture: Architecture, num_classes: int = 3) -> NamedFeatures:
    torch.manual_seed(5)
    features = features_for(architecture.numbers, architecture.categories, words=architecture.words)
    inputs = TorchInputs.of(features, num_classes=num_classes)
    return NamedFeatures(architecture(inputs), inputs).eval()


@functools.cache
def taken_apart(architecture: Architecture) -> tuple[NamedFeatures, ExplainedTorchModule]:
    module = made(architecture)
    return module, explained_torch_module(module)


def given_to(module: NamedFeatures) -> tuple[Tensor, ...]:
    return PresentInputs(module, module.inputs).chosen(sample_inputs(module.inputs, ROWS))


def columns_of(explained: ExplainedTorchModule, given: tuple[Tensor, ...]) -> np.ndarray:
    session = ort.InferenceSession(explained.columns.SerializeToString(), providers=["CPUExecutionProvider"])
    feed = dict(zip((each.name for each in session.get_inputs()), (each.numpy() for each in given), strict=True))
    return np.asarray(session.run(None, feed)[0])


def gradient_session(explained: ExplainedTorchModule, num_outputs: int) -> Session:
    emitter, width = Emitter(), len(explained.owners)
    columns = emitter.input("columns", np.float64, ("n", width))
    seed = emitter.input("seed", np.float64, ("n", num_outputs))
    raw, gradient = explained.emit_gradient(emitter, columns, seed)
    emitter.output("raw", raw, np.float64, ("n", num_outputs))
    emitter.output("gradient", gradient, np.float64, ("n", width))
    return Session(emitter.model().SerializeToString())


def gradients_of_look_ups(module: NamedFeatures, given: tuple[Tensor, ...], seed: Tensor) -> list[Tensor]:
    """torch's gradients in the numbers and in what every table and bag answers, [n, width] each, in their order."""
    found: list[Tensor] = []

    def keep(_: nn.Module, __: object, output: Tensor) -> Tensor:
        found.append(output.detach().requires_grad_(True))
        return found[-1]

    hooks = [part.register_forward_hook(keep) for part in module.modules()
             if isinstance(part, nn.Embedding | nn.EmbeddingBag)]  # fmt: skip
    tensors = [each.clone().requires_grad_(each.is_floating_point()) for each in given]
    present = PresentInputs(module, module.inputs)
    output = present(*tensors)
    has_numbers = any(feature.kind == "dense" for feature in module.inputs.features)
    wanted = [*(tensors[:1] if has_numbers else []), *found]
    gradients = torch.autograd.grad(output, wanted, seed)
    for hook in hooks:
        hook.remove()
    return [each.detach() for each in gradients]


@pytest.mark.parametrize("architecture", EACH)
def test_gradients_are_torchs_of_the_whole_module(architecture: Architecture) -> None:
    module, explained = taken_apart(architecture)
    given, seed = given_to(module), torch.randn(ROWS, 3)
    columns = columns_of(explained, given)
    feed = {"columns": columns.astype(np.float64), "seed": seed.numpy().astype(np.float64)}
    found = gradient_session(explained, 3).run(feed, ("raw", "gradient"))
    with torch.no_grad():
        expected = PresentInputs(module, module.inputs)(*given).numpy()
    np.testing.assert_allclose(found["raw"], expected, rtol=1e-4, atol=1e-5)
    if architecture is architectures.OneHot:
        return  # what is no look-up
    parts = gradients_of_look_ups(module, given, seed)
    first = parts[0].shape[1] if architecture.numbers else 0
    if architecture.numbers:
        np.testing.assert_allclose(found["gradient"][:, :first], parts.pop(0).numpy(), rtol=1e-3, atol=1e-5)
    if architecture is architectures.OneTable:
        parts = [parts[-1].transpose(0, 1)]
    flat = torch.cat([each.flatten(1) for each in parts], dim=1).numpy() if parts else np.zeros((ROWS, 0))
    ours = found["gradient"][:, first:]
    assert ours.shape == flat.shape
    by_size = np.argsort(ours[0]), np.argsort(flat[0])  # the graph's order of look-ups is not the module's
    np.testing.assert_allclose(ours[:, by_size[0]], flat[:, by_size[1]], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("architecture", EACH)
def test_each_column_is_of_the_feature_that_moves_it(architecture: Architecture) -> None:
    module, explained = taken_apart(architecture)
    given = given_to(module)
    assert set(explained.owners) == set(range(len(module.inputs.features)))
    before = columns_of(explained, given)
    numbers = architecture.numbers
    for feature in range(numbers + len(architecture.categories)):
        changed = [each.clone() for each in given]
        if feature < numbers:
            changed[0][:, feature] = -changed[0][:, feature] - 3
        else:
            place = feature - numbers
            ids = changed[1 if numbers else 0]
            ids[:, place] = (ids[:, place] + 1) % architecture.categories[place]
        moved = (columns_of(explained, tuple(changed)) != before).any(axis=0)
        assert moved.any()
        assert {explained.owners[place] for place in np.flatnonzero(moved)} == {feature}


@pytest.mark.parametrize(
    ("architecture", "reason"),
    [
        (architectures.Crossed, "aten.embedding of several features at once"),
        (architectures.Gated, "aten._to_copy of several features at once"),
        (architectures.Masked, "aten.where.self of what is no number"),
    ],
)
def test_what_stands_in_the_way_is_named(architecture: Architecture, reason: str) -> None:
    with pytest.raises(NoGradientError) as raised:
        explained_torch_module(made(architecture))
    assert str(raised.value) == reason


@pytest.mark.slow
def test_an_operator_without_a_graph_is_named() -> None:
    class Special(architectures.Columns):
        """By a function of mathematics."""

        function = staticmethod(torch.lgamma)

        def compute(self, columns: Tensor, features: architectures.Given) -> Tensor:
            return self.function(super().compute(columns, features))

    class Bessel(Special):
        function = staticmethod(torch.special.bessel_j1)

    for architecture, reason in ((Special, "(lgamma|digamma)"), (Bessel, "torch has no gradient of")):
        with pytest.raises(NoGradientError, match=reason):
            explained_torch_module(made(architecture))


def owners(value: Callable[[Tensor, Tensor], Tensor], *, num_dense: int, cardinalities: list[int]) -> list[int]:
    features = [*range(num_dense + len(cardinalities))]
    return column_owners(value, features, num_dense=num_dense, cardinalities=cardinalities, name="this")


def test_rare_categories_move_columns_too() -> None:
    """Of a one-hot vector of many categories each column moves for one of them alone."""
    one_hot = nn.functional.one_hot
    found = owners(lambda dense, ids: torch.cat([one_hot(ids[:, 0], 5_000), one_hot(ids[:, 1], 3)], 1),
                   num_dense=0, cardinalities=[5_000, 3])  # fmt: skip
    assert found == [0] * 5_000 + [1] * 3


def test_thresholds_that_no_number_crosses_are_no_guess() -> None:
    with pytest.raises(NoGradientError, match="no feature that can be told"):
        owners(lambda dense, ids: (dense > 1e6).float(), num_dense=2, cardinalities=[])
