"""Options of families: every fault at once, ranges in words, choices in any case."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated, Any, Literal

import msgspec
import pytest
from family_cases import NEEDED

from hagane.errors import Fault, SpecError
from hagane.models import FAMILIES, default_family, family_options, get_family
from hagane.models.options import FamilyOptions, describe_type, options_from
from hagane.models.torch_options import TorchOptions
from hagane.spec.value_text import value_text
from hagane.types import SqlType


class Options(FamilyOptions, frozen=True, kw_only=True):
    rate: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.1
    rounds: Annotated[int, msgspec.Meta(ge=1)] | None = None
    units: tuple[Annotated[int, msgspec.Meta(ge=1)], ...] = (8,)
    kind: Literal["adam", "sgd"] = "adam"
    stop: bool = True

    def cross_faults(self) -> list[Fault]:
        return [Fault(what="stop needs rounds")] if not self.stop and self.rounds is None else []


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, Options()),
        ({"rate": 1}, Options(rate=1.0)),
        ({"rounds": 3, "units": [4, 2]}, Options(rounds=3, units=(4, 2))),
        ({"kind": "SGD"}, Options(kind="sgd")),
    ],
)
def test_good_values(values: dict[str, Any], expected: Options) -> None:
    made = options_from("x", Options, values)
    assert made == expected
    assert isinstance(made.rate, float)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"rate": 0}, "a number > 0 and <= 1"),
        ({"rate": float("nan")}, "a number > 0 and <= 1"),
        ({"rate": float("inf")}, "a number > 0 and <= 1"),
        ({"rate": True}, "a number > 0 and <= 1"),
        ({"rate": "0.5"}, "a number > 0 and <= 1"),
        ({"rate": None}, "a number > 0 and <= 1"),
        ({"rounds": 1.5}, "a whole number >= 1, or null"),
        ({"rounds": 10**30}, "a whole number >= 1, or null, below 2^63"),
        ({"units": [4, 0]}, "a list, each a whole number >= 1"),
        ({"units": 4}, "a list, each a whole number >= 1"),
        ({"kind": "adma"}, "one of adam, sgd"),
        ({"stop": 1}, "true or false"),
    ],
)
def test_bad_values(values: dict[str, Any], expected: str) -> None:
    with pytest.raises(SpecError) as raised:
        options_from("x", Options, values)
    (fault,) = raised.value.faults
    (name,) = values
    assert (fault.where, fault.expected, fault.received) == (
        f"model.options.{name}",
        expected,
        value_text(values[name]),
    )


def test_every_fault_at_once() -> None:
    with pytest.raises(SpecError) as raised:
        options_from("x", Options, {"raet": 1, "rate": 2, "kind": "q", "zzz": 0})
    assert [fault.nearest for fault in raised.value.faults] == ["rate", "", "", ""]


def test_options_that_do_not_go_together() -> None:
    with pytest.raises(SpecError, match="stop needs rounds"):
        options_from("x", Options, {"stop": False})


def test_families() -> None:
    for name in FAMILIES:
        assert get_family(name).name == name
    with pytest.raises(SpecError) as raised:
        get_family("dnn_clasifier")
    assert raised.value.faults[0].nearest == "dnn_classifier"
    with pytest.raises(SpecError):
        family_options("nothing", {})


def test_public_options_are_frozen() -> None:
    """Names and defaults are an interface: a change here is a change for users."""
    found = {
        name: msgspec.structs.asdict(family_options(name, NEEDED.get(name, {})))
        for name in FAMILIES
        if not name.startswith("ensemble_")
    }
    splits = {
        "max_tree_depth": 0,
        "num_leaves": 31,
        "min_tree_child_weight": 0.001,
        "min_tree_child_rows": None,
        "min_split_loss": 0.0,
        "l1_reg": 0.0,
        "l2_reg": 1.0,
        "subsample": 0.8,
        "colsample_bytree": None,
        "colsample_bylevel": 1.0,
        "colsample_bynode": 1.0,
        "tree_method": "auto",
        "max_bins": 255,
        "max_category_slots": 256,
        "monotone_constraints": {},
        "monotone_constraints_method": "basic",
    }
    trees = {
        **splits,
        "booster_type": "gbtree",
        "dropout": None,
        "dart_normalize_type": "tree",
        "num_parallel_tree": 1,
        "max_iterations": 1000,
        "learn_rate": 0.05,
        "early_stop": True,
        "patience": 50,
        "min_rel_progress": 0.0,
        "eval_metric": None,
    }
    forest = {
        **splits,
        "num_parallel_tree": 100,
        "num_leaves": 2048,
        "l2_reg": 0.0,
        "subsample": 0.632,
        "colsample_bytree": 1.0,
        "colsample_bynode": None,
    }
    dnn = {
        "hidden_units": (128, 64),
        "activation_fn": "relu",
        "dropout": 0.2,
        "batch_norm": False,
        "embedding_dims": "fastai",
        "max_embedding_dim": 32,
        "batch_size": None,
        "max_iterations": 20,
        "optimizer": "adamw",
        "learn_rate": 0.002,
        "learn_rate_schedule": "cosine",
        "warmup_steps": 0,
        "max_gradient_norm": None,
        "accumulate_batches": 1,
        "eval_metric": None,
        "eval_every_steps": None,
        "l1_reg": 0.0,
        "l2_reg": 0.0,
        "early_stop": True,
        "patience": 5,
        "min_rel_progress": 0.0,
    }
    linear = {
        "l1_reg": 0.0,
        "l2_reg": 1.0,
        "fit_intercept": True,
        "category_encoding_method": "one_hot_encoding",
        "calculate_p_values": False,
        "early_stop": False,
        "patience": 5,
        "min_rel_progress": 0.0,
    }
    wide_deep = {
        **dnn,
        "wide_features": None,
        "deep_features": None,
        "linear_optimizer": "ftrl",
        "linear_learn_rate": 0.1,
        "linear_l1_reg": 0.0,
        "linear_l2_reg": 0.0,
    }
    torch = {name: dnn[name] for name in msgspec.structs.asdict(TorchOptions())}
    tabnet = {
        **torch,
        "embedding_dims": "fastai",
        "max_embedding_dim": 8,
        "n_d": 16,
        "n_a": 16,
        "num_steps": 3,
        "gamma": 1.3,
        "sparsity_reg": 1e-4,
        "num_shared": 2,
        "num_independent": 2,
        "virtual_batch_size": 128,
        "batch_norm_momentum": 0.05,
        "optimizer": "adam",
        "learn_rate": 0.02,
        "max_iterations": 50,
        "patience": 10,
    }
    losses = {"loss": "squared_error", "quantile_level": None, "huber_delta": None}
    own = {**torch, **NEEDED["torch_classifier"], "module_options": {}}
    tree = {
        "max_tree_depth": 0,
        "num_leaves": 128,
        "min_tree_child_rows": None,
        "min_split_loss": 0.0,
        "max_category_slots": 256,
        "prune": True,
    }
    neighbours = {
        "num_neighbors": 10,
        "neighbor_weights": "distance",
        "standardize_features": True,
        "max_points": 10_000,
    }
    assert found == {
        "linear_reg": {**linear, "max_iterations": 1000},
        "logistic_reg": {**linear, "max_iterations": 500},
        "dnn_classifier": dnn,
        "dnn_regressor": {**dnn, **losses},
        "dnn_linear_combined_classifier": wide_deep,
        "dnn_linear_combined_regressor": {**wide_deep, **losses},
        "tabnet_classifier": tabnet,
        "tabnet_regressor": {**tabnet, **losses},
        "torch_classifier": own,
        "torch_regressor": {**own, **losses},
        "boosted_tree_classifier": trees,
        "boosted_tree_regressor": {**trees, **losses},
        "random_forest_classifier": forest,
        "random_forest_regressor": forest,
        "decision_tree_classifier": {**tree, "criterion": "gini"},
        "decision_tree_regressor": tree,
        "knn_classifier": neighbours,
        "knn_regressor": neighbours,
        "naive_bayes": {"smoothing": 1.0, "var_smoothing": 1e-9, "fit_prior": True},
        "pls_reg": {"num_components": 20, "scale_features": True, "early_stop": True},
        "kmeans": {
            "num_clusters": None,
            "kmeans_init_method": "kmeans++",
            "kmeans_init_col": None,
            "num_starts": 3,
            "distance_type": "euclidean",
            "standardize_features": True,
            "max_iterations": 300,
            "early_stop": True,
            "min_rel_progress": 1e-4,
        },
        "transform_only": {},
        "pca": {
            "num_principal_components": 1,
            "pca_explained_variance_ratio": None,
            "scale_features": True,
            "center_categories": True,
            "pca_solver": "auto",
        },
    }


@pytest.mark.parametrize(
    ("label_type", "num_distinct", "expected"),
    [
        (SqlType.BOOL, 2, "boosted_tree_classifier"),
        (SqlType.STRING, 50, "boosted_tree_classifier"),
        (SqlType.INT64, 2, "boosted_tree_classifier"),
        (SqlType.INT64, 20, "boosted_tree_classifier"),
        (SqlType.INT64, 21, "boosted_tree_regressor"),
        (SqlType.FLOAT64, 2, "boosted_tree_regressor"),
    ],
)
def test_the_family_by_default(label_type: SqlType, num_distinct: int, expected: str) -> None:
    assert default_family(label_type, num_distinct) == expected


@pytest.mark.parametrize("label_type", [SqlType.DATE, SqlType.TIMESTAMP])
def test_times_cannot_be_labels(label_type: SqlType) -> None:
    with pytest.raises(SpecError, match="cannot be predicted"):
        default_family(label_type, 10)


def test_a_type_in_words() -> None:
    assert describe_type(Annotated[float, msgspec.Meta(ge=0, lt=1)]) == "a number >= 0 and < 1"


def test_naming_families_loads_nothing_heavy() -> None:
    code = "import sys, hagane.models; print([m for m in ('torch', 'lightgbm', 'scipy', 'onnx') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_linear_model_does_not_load_torch() -> None:
    code = "import sys, hagane.models as m; m.get_family('linear_reg'); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
