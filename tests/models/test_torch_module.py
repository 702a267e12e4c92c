"""A user's own torch module: what it is given, what is said when it is wrong, and what it answers in the bundle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from resuming import assert_resumes
from small_encoder import features_for, graph_of, relative_difference

from hagane.errors import SpecError
from hagane.features.encoded import Encoded
from hagane.features.feature import Feature, FeatureKind
from hagane.models import family_options, get_family
from hagane.models.family import FitContext, score_unit
from hagane.models.make_module import check_module
from hagane.models.module_class import module_source
from hagane.models.named_features import NamedFeatures
from hagane.models.torch_inputs import SparseTensors, TorchInputs

Encode = Callable[..., Encoded]


def numbers(*names: str) -> list[Feature]:
    return [Feature(name=name, kind=FeatureKind.DENSE, columns=(name,)) for name in names]


def fit(
    name: str, train: Encoded, module: str, *, num_classes: int = 2, evaluation: Encoded | None = None, **options: Any
) -> Any:
    family = get_family(name)
    classes = num_classes if name == "torch_classifier" else 0
    context = FitContext(features=train.features, num_classes=classes, num_threads=1, seed=7)
    given = {"module": f"own_torch_modules:{module}", "max_iterations": 3, "learn_rate": 0.01, **options}
    return family.fit(train, evaluation, family_options(name, given), context)


def test_arrays_of_numbers_are_one_feature() -> None:
    features = numbers("x_2", "age", "x_0", "x_1", "y_0", "z_1", "z_0", "z", "v_1", "v_2")
    inputs = TorchInputs.of(features, num_classes=0)
    found = {feature.name: (feature.width, feature.places) for feature in inputs.features}
    assert found == {
        "x": (3, (2, 3, 0)),
        "age": (1, (1,)),
        "y_0": (1, (4,)),
        "z_1": (1, (5,)),
        "z_0": (1, (6,)),
        "z": (1, (7,)),
        "v_1": (1, (8,)),
        "v_2": (1, (9,)),
    }


def test_a_module_is_given_its_features_by_name() -> None:
    given: dict[str, Any] = {}

    class Looks(torch.nn.Module):  # type: ignore[misc]
        def forward(self, features: dict[str, Any]) -> torch.Tensor:
            given.update(features)
            return features["age"]

    features = [*numbers("x_1", "age", "x_0"), *features_for(0, (9,), words=(20,))]
    inputs = TorchInputs.of(features, num_classes=2)
    assert inputs.names == ("x", "age", "c0", "s0")
    dense = torch.tensor([[1.0, 30.0, 0.0], [11.0, 31.0, 10.0]])
    entries = (torch.tensor([0, 1, 3]), torch.tensor([4, 5, 6]), torch.ones(3))
    output = NamedFeatures(Looks(), inputs)(dense, torch.tensor([[7], [8]]), *entries)
    assert given["x"].tolist() == [[0.0, 1.0], [10.0, 11.0]]
    assert given["age"].tolist() == [30.0, 31.0]
    assert given["c0"].tolist() == [7, 8]
    assert isinstance(given["s0"], SparseTensors)
    assert given["s0"].ids.tolist() == [4, 5, 6]
    assert output.tolist() == [[30.0], [31.0]]


INPUTS = TorchInputs.of(features_for(2, (5,), words=(9,)), num_classes=3)


def faults_of(path: str, options: dict[str, Any] | None = None) -> Any:
    with pytest.raises(SpecError) as raised:
        check_module(path, options or {}, INPUTS)
    (fault,) = raised.value.faults
    return fault


@pytest.mark.parametrize(
    ("path", "what", "near"),
    [
        ("own_torch_modules", "is no path of a class", ""),
        ("own_torch_modules:", "is no path of a class", ""),
        ("own_torch_modules:Mixd", "own_torch_modules has no class 'Mixd'", "Mixed"),
        ("own_torch_modules:NotAModule", "is no torch.nn.Module class, but the class NotAModule", ""),
        ("own_torch_modules:torch", "is no torch.nn.Module class, but a module", ""),
        ("torch.optm:Linear", "no module 'torch.optm'", "torch.optim"),
    ],
)
def test_a_class_that_cannot_be_found(path: str, what: str, near: str) -> None:
    fault = faults_of(path)
    assert what in fault.what
    assert (fault.where, fault.nearest) == ("model.options.module", near)


def test_modules_are_found_in_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [p for p in __import__("sys").path if p])
    (tmp_path / "my_wide_net.py").write_text("from torch import nn\nclass Net(nn.Linear):\n    pass\n")
    (tmp_path / "my_broken_net.py").write_text("import torch\n\n1 / 0\n")
    (tmp_path / "my_needy_net.py").write_text("import a_package_that_is_not_there\n")
    assert faults_of("my_wid_net:Net").nearest == "my_wide_net"
    broken = faults_of("my_broken_net:Net")
    assert broken.what == "my_broken_net fails when imported: ZeroDivisionError: division by zero"
    assert broken.where == f"{tmp_path / 'my_broken_net.py'}:3"
    assert "a_package_that_is_not_there" in faults_of("my_needy_net:Net").what
    first = module_source("my_wide_net:Net")
    assert module_source("my_wide_net:Net") == first
    (tmp_path / "my_wide_net.py").write_text("from torch import nn\nclass Net(nn.Linear):\n    changed = True\n")
    assert module_source("my_wide_net:Net") != first


@pytest.mark.parametrize(
    ("name", "options", "what", "part"),
    [
        ("FailsWhenMade", {"size": 3}, "cannot be made", "RuntimeError: no size 3"),
        ("Mixed", {"hiden": 3}, "cannot be made", "unexpected keyword argument 'hiden'"),
        ("FailsWhenCalled", {}, "forward fails", "KeyError: 'agee'"),
        ("AnswersOtherwise", {}, "forward answers another shape", "[5, 7] float32"),
        ("MeanLoss", {}, "loss answers another shape", "[]"),
        ("LooksAtValues", {}, "cannot be exported to ONNX", "data"),
        ("CountsRows", {}, "answers a row otherwise when other rows stand beside it", "a difference of"),
    ],
)
def test_a_module_that_is_wrong_is_told_before_training(
    name: str, options: dict[str, Any], what: str, part: str
) -> None:
    fault = faults_of(f"own_torch_modules:{name}", options)
    assert what in fault.what
    assert part in fault.received
    assert len(fault.received) <= 600


def test_the_options_need_a_module_and_find_the_faults() -> None:
    with pytest.raises(SpecError, match="torch_classifier needs the option 'module'"):
        family_options("torch_classifier", {"learn_rate": 0.1})
    options = family_options("torch_classifier", {"module": "own_torch_modules:FailsWhenCalled"})
    (fault,) = options.feature_faults(features_for(2, (5,)), 2)
    assert "forward fails" in fault.what
    assert fault.where.endswith("own_torch_modules.py:" + fault.where.rpartition(":")[2])
    assert options.code() == module_source("own_torch_modules:FailsWhenCalled")


def test_its_own_loss_is_trained_and_told(encode: Encode) -> None:
    """Huber's loss on standardised labels with outliers: the median of a label that is otherwise constant."""
    random = np.random.default_rng(0)
    label = np.where(random.random(400) < 0.2, 100.0, 1.0)
    train = encode(np.zeros((400, 1)), np.empty((400, 0), int), label, ())
    squared, huber = (fit("torch_regressor", train, name, max_iterations=60) for name in ("Mixed", "Huber"))
    means = [float(model.predict(train.arrays().dense, None).mean()) for model in (squared, huber)]
    assert means[0] == pytest.approx(label.mean(), abs=1)
    assert means[1] < means[0] - 5
    standardised = (label - label.mean()) / label.std()
    output = torch.from_numpy((huber.predict(train.arrays().dense, None) - label.mean()) / label.std())
    expected = torch.nn.functional.huber_loss(output, torch.from_numpy(standardised))
    assert huber.curve[-1].loss == pytest.approx(float(expected), rel=0.01)


def test_what_was_left_out_of_a_class_is_in_the_answers(encode: Encode) -> None:
    random = np.random.default_rng(0)
    dense = random.normal(size=(600, 2)).astype(np.float32)
    train = encode(dense, np.empty((600, 0), int), (random.random(600) < 0.5).astype(np.int64), ())
    context = FitContext(features=train.features, num_classes=2, num_threads=1, class_offsets=(np.log(9.0), 0.0))
    options = family_options("torch_classifier", {"module": "own_torch_modules:Mixed", "max_iterations": 10})
    model = get_family("torch_classifier").fit(train, None, options, context)
    assert model.predict(dense, None)[:, 1].mean() == pytest.approx(0.1, abs=0.02)
    assert relative_difference(graph_of(model, train)(dense, np.empty((600, 0))), model.predict(dense, None)) < 1e-6


def test_labels_far_from_zero(encode: Encode) -> None:
    """float32 loses digits of the label's deviation: the difference is told relative to that."""
    random = np.random.default_rng(0)
    dense = random.normal(size=(300, 3)).astype(np.float32)
    train = encode(dense, np.empty((300, 0), int), 1e6 * dense[:, 0].astype(np.float64), ())
    model = fit("torch_regressor", train, "Mixed", max_iterations=20)
    assert score_unit(model) == pytest.approx(1e6, rel=0.2)
    found, expected = graph_of(model, train)(dense, np.empty((300, 0))), model.predict(dense, None)
    assert found.dtype == expected.dtype == np.float64
    assert relative_difference(found, expected, score_unit(model)) <= get_family("torch_regressor").relative_tolerance


def test_a_training_that_is_ended_goes_on_bit_by_bit(encode: Encode, tmp_path: Path) -> None:
    """Batch normalisation, whose running moments are part of the state, and an optimizer with two moments."""
    dense = np.random.default_rng(0).random((64, 5)).astype(np.float32)
    train = encode(dense, np.empty((64, 0), int), np.arange(64) % 3, ())
    assert_resumes("torch_classifier", train, tmp_path, module="own_torch_modules:Normalised", num_classes=3)
