"""`training.communication` through a family and a strategy, as a spec asks for it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hagane.features.encoded import Encoded, EncodedWriter
from hagane.features.feature import Feature, FeatureKind
from hagane.models import family_options, get_family
from hagane.models.family import FitContext
from hagane.models.torch_model import TorchModel
from hagane.spec.communication import Communication
from hagane.spec.spec import Training
from hagane.spec.strategy import Strategy

FEATURES = tuple(Feature(name=name, kind=FeatureKind.DENSE, columns=(name,)) for name in "abcdefgh")
OPTIONS = {"hidden_units": [32, 32], "max_iterations": 10, "batch_size": 64, "dropout": 0.0, "early_stop": False}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Encoded:
    """A label that depends on eight numbers, with noise."""
    random = np.random.default_rng(0)
    dense = random.normal(size=(8, 1000)).astype(np.float32)
    label = (dense[:3].sum(0) + 0.5 * random.normal(size=1000) > 0).astype(np.int64)
    writer = EncodedWriter(tmp_path_factory.mktemp("rows") / "train", FEATURES)
    writer.append([*dense, label])
    return writer.close()


def fit(rows: Encoded, strategy: Strategy, communication: Communication) -> TorchModel:
    training = Training(strategy=strategy, communication=communication)
    context = FitContext(features=FEATURES, num_classes=2, training=training)
    model = get_family("dnn_classifier").fit(rows, None, family_options("dnn_classifier", OPTIONS), context)
    assert isinstance(model, TorchModel)
    return model


def weights(model: TorchModel) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in model.module.parameters()])


@pytest.mark.parametrize(
    "communication",
    [
        Communication(compression="powersgd", powersgd_rank=2),
        pytest.param(Communication(outer_steps=4, compression="bfloat16"), marks=pytest.mark.slow),
    ],
)
def test_two_processes_learn_what_one_learns(rows: Encoded, communication: Communication) -> None:
    alone = fit(rows, Strategy(), Communication())
    together = fit(rows, Strategy(type="mirrored", num_processes=2), communication)
    assert together.curve[-1].loss == pytest.approx(alone.curve[-1].loss, abs=0.1)
    assert together.curve[-1].loss < 0.4 < together.curve[0].loss
    assert not torch.allclose(weights(alone), weights(together), rtol=1e-3, atol=1e-4)
