"""Wide and deep: which features go where, two optimizers, crosses, embedding widths."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from resuming import assert_resumes
from small_encoder import features_for, graph_of, relative_difference, sparse_rows

from hagane.errors import SpecError
from hagane.features.encoded import Encoded
from hagane.models import embedded_features, family_options, get_family, wide_deep_net
from hagane.models.dnn_linear_combined import WideDeepOptions, make_optimizers, make_wide_deep_net
from hagane.models.family import FitContext

Encode = Callable[..., Encoded]
FEATURES = features_for(2, (5, 40), words=(30,))


def options(**given: Any) -> WideDeepOptions:
    made = family_options("dnn_linear_combined_classifier", given)
    assert isinstance(made, WideDeepOptions)
    return made


def fit(train: Encoded, *, name: str = "dnn_linear_combined_regressor", num_classes: int = 0, **given: Any) -> Any:
    context = FitContext(features=train.features, num_classes=num_classes, num_threads=1)
    return get_family(name).fit(train, None, family_options(name, given), context)


def test_which_features_are_wide_and_which_are_deep() -> None:
    def names(part: list[Any]) -> list[str]:
        return [feature.name for feature in part]

    assert names(options().wide(FEATURES)) == ["c0", "c1", "s0"]
    assert names(options().deep(FEATURES)) == ["x0", "x1", "c0", "c1", "s0"]
    assert names(options().wide(FEATURES[:2])) == ["x0", "x1"]
    chosen = options(wide_features=["c1", "x1"], deep_features=["s0", "x0"])
    assert names(chosen.wide(FEATURES)) == ["x1", "c1"]
    net = make_wide_deep_net(FEATURES, chosen, 3)
    assert (net.wide.dense, net.wide.ids, net.wide.sparse) == ((1,), (1,), ())
    assert (net.deep_dense, net.deep_ids, net.deep_sparse) == ((0,), (), (0,))


def test_what_is_wrong_with_the_options() -> None:
    wrong = options(wide_features=["c11"], deep_features=["x0", "s00"], embedding_dims={"x0": 4})
    found = [(fault.where, fault.nearest) for fault in wrong.feature_faults(FEATURES, 2)]
    assert found == [
        ("model.options.embedding_dims", ""),
        ("model.options.wide_features", "c1"),
        ("model.options.deep_features", "s0"),
    ]
    with pytest.raises(SpecError) as raised:
        options(wide_features=[], linear_optimizer="adam", linear_l1_reg=0.1)
    assert [fault.what for fault in raised.value.faults] == [
        "wide_features names no feature",
        "adam has no linear_l1_reg",
    ]


def test_embedding_widths_by_name_and_by_rule() -> None:
    net = make_wide_deep_net(FEATURES, options(embedding_dims={"c0": 3, "s0": 7}, max_embedding_dim=8), 1)
    assert [(group.width, group.columns) for group in net.deep.groups] == [(3, (0,)), (8, (1,))]
    assert [bag.embedding_dim for bag in net.deep.bags] == [7]
    root = make_wide_deep_net(FEATURES, options(embedding_dims="Fourth_Root"), 1)
    assert {group.width for group in root.deep.groups} == {2}


@pytest.mark.parametrize(
    ("linear", "kinds"), [("ftrl", ["AdamW", "Ftrl"]), ("sgd", ["AdamW", "SGD"]), ("adam", ["AdamW", "Adam"])]
)
def test_each_part_has_its_optimizer_and_rate(linear: str, kinds: list[str]) -> None:
    net = make_wide_deep_net(FEATURES, options(), 1)
    made = make_optimizers(net, options(linear_optimizer=linear, linear_learn_rate=0.3, learn_rate=0.02))
    assert [type(each).__name__ for each in made] == kinds
    assert [each.param_groups[0]["lr"] for each in made] == [0.02, 0.3]
    held = [{id(p) for group in each.param_groups for p in group["params"]} for each in made]
    assert held == [{id(p) for p in part.parameters()} for part in (net.deep, net.wide)]


def test_the_wide_part_remembers_what_a_deep_part_without_layers_cannot(encode: Encode) -> None:
    """A cross whose effect is no sum: the linear part alone sees it."""
    random = np.random.default_rng(0)
    pairs = random.integers(0, 20, (4000, 2))
    cross = pairs[:, 0] * 20 + pairs[:, 1]
    effect = random.normal(size=400)[cross]
    train = encode(np.empty((4000, 0)), np.column_stack([pairs, cross]), effect, (20, 20, 400))
    quick = {"hidden_units": [], "deep_features": ["c0", "c1"], "max_iterations": 20, "linear_learn_rate": 0.5}
    errors = {
        wide: np.var(fit(train, wide_features=[wide], **quick).predict(None, train.arrays().ids) - effect)
        for wide in ("c0", "c2")
    }
    assert errors["c0"] > 0.8 * np.var(effect)
    assert errors["c2"] < 0.1 * np.var(effect)


def test_l1_makes_weights_of_the_linear_part_zero(encode: Encode) -> None:
    random = np.random.default_rng(0)
    ids = random.integers(0, 50, (2000, 1))
    train = encode(np.empty((2000, 0)), ids, np.where(ids[:, 0] == 3, 5.0, 0.0) + random.normal(size=2000), (50,))
    model = fit(train, linear_l1_reg=5.0, max_iterations=5)
    weights = model.module.wide.table.weight.detach().numpy()
    assert np.flatnonzero(weights[:, 0]).tolist() == [3]


@pytest.mark.parametrize("linear", ["ftrl", "adam"])
def test_large_tables_move_by_the_row(linear: str, encode: Encode, monkeypatch: pytest.MonkeyPatch) -> None:
    """With FTRL to the same weights as tables that move whole, but for the order of sums."""
    random = np.random.default_rng(0)
    ids, words = random.integers(0, 40, (600, 1)), sparse_rows(random, 600, 30)
    train = encode(random.normal(size=(600, 2)), ids, (ids[:, 0] % 3).astype(float), (40,), sparse=[words], words=(30,))
    weights = []
    for limit in (embedded_features.LARGE_TABLE, 10):
        monkeypatch.setattr(wide_deep_net, "LARGE_TABLE", limit)
        model = fit(train, linear_optimizer=linear, max_iterations=3, max_gradient_norm=None)
        batch = train.arrays()
        found = graph_of(model, train)(batch.dense, batch.ids, batch.sparse)
        assert relative_difference(found, model.predict(batch.dense, batch.ids, batch.sparse)) <= 1e-6
        weights.append(torch.cat([p.detach().flatten() for p in model.module.wide.parameters()]))
    assert torch.allclose(*weights, atol=1e-6) == (linear == "ftrl")


@pytest.mark.parametrize("linear", ["ftrl", "adagrad"])
def test_a_training_that_is_ended_goes_on_bit_by_bit(linear: str, encode: Encode, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    train = encode(random.normal(size=(64, 3)), random.integers(0, 4, (64, 2)), np.arange(64) % 2, (4, 4))
    name = "dnn_linear_combined_classifier"
    assert_resumes(name, train, tmp_path, num_classes=2, hidden_units=[8], linear_optimizer=linear)
