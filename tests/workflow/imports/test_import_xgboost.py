"""XGBoost's files beside what XGBoost itself answered (`benchmarks/xgboost_models.py`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hagane.bundle.bundle import Bundle
from hagane.errors import DataError, HaganeError
from hagane.models.ubjson import read_ubjson
from hagane.models.xgboost_trees import read_xgboost
from hagane.types import Column, SqlType
from hagane.workflow.imports.import_model import import_model, origin_of
from hagane.workspace.workspace import Workspace

FOLDER = Path(__file__).parent / "xgboost"
CASES: dict[str, Any] = json.loads((FOLDER / "answers.json").read_text())["cases"]
LETTERS = "ABCDEFGHI"


def imported(path: Path, workspace: Workspace, **settings: Any) -> Bundle:
    return Bundle.load(import_model(path, workspace, name="m", **settings).path)


def rows_of(bundle: Bundle, case: Any) -> list[dict[str, Any]]:
    rows = [dict(zip(bundle.signature.names, row, strict=True)) for row in case["rows"]]
    for row in rows:
        if row.get("k") is not None:
            row["k"] = LETTERS[row["k"]]
    return rows


@pytest.mark.parametrize("name", CASES)
def test_answers_are_those_of_xgboost(name: str, workspace: Workspace) -> None:
    bundle, case = imported(FOLDER / f"{name}.json", workspace), CASES[name]
    answers = [row["predicted_label"] for row in bundle.predict(rows_of(bundle, case)).rows()]
    assert any(value is None for row in case["rows"] for value in row)
    expected = np.array(case["answers"])
    assert np.abs(np.array(answers) - expected).max() < 1e-6
    assert len(np.unique(expected.round(4))) > 2
    assert "train" not in bundle.signature.model_type


def test_binary_json_is_the_same_model(workspace: Workspace) -> None:
    text, binary = (read_xgboost((FOLDER / f"one_category{end}").read_bytes()) for end in (".json", ".ubj"))
    assert text.categories == binary.categories == {1: tuple(LETTERS)}
    for one, other in zip(text.trees.trees, binary.trees.trees, strict=True):
        assert np.array_equal(one.thresholds, other.thresholds)
        assert np.array_equal(one.leaves, other.leaves)
        assert [each.tolist() for each in one.sets] == [each.tolist() for each in other.sets]
    bundle = imported(FOLDER / "one_category.ubj", workspace)
    assert [(each.name, each.type) for each in bundle.signature.inputs] == [
        ("a", SqlType.FLOAT64),
        ("k", SqlType.STRING),
    ]


def test_a_category_that_training_never_saw_is_missing(workspace: Workspace) -> None:
    bundle = imported(FOLDER / "categories.json", workspace)
    unseen, missing = bundle.predict([{"a": 0.5, "k": "Z"}, {"a": 0.5, "k": None}]).rows()
    assert unseen == missing


def test_columns_may_be_named(workspace: Workspace) -> None:
    fields = [Column(name, SqlType.FLOAT64) for name in ("x", "y", "z")]
    answer = [Column("chance", SqlType.FLOAT64)]
    bundle = imported(FOLDER / "logistic.json", workspace, inputs=fields, outputs=answer)
    row = CASES["logistic"]["rows"][0]
    found = bundle.predict([dict(zip("xyz", row, strict=True))]).rows()[0]
    assert found["chance"] == pytest.approx(CASES["logistic"]["answers"][0], abs=1e-6)
    origin = origin_of(bundle)
    assert origin is not None
    assert origin.about == {"producer": "XGBoost 3.2.0", "objective": "binary:logistic"}
    assert len(origin.sha256) == 64


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"inputs": [Column("x", SqlType.FLOAT64)]}, "INPUT does not name the model's features"),
        ({"inputs": [Column(name, SqlType.STRING) for name in "abc"]}, "INPUT does not name the model's features"),
        ({"outputs": [Column("p", SqlType.STRING)]}, "OUTPUT is not what a model of binary:logistic answers"),
    ],
)
def test_columns_that_do_not_fit_are_refused(settings: dict[str, Any], what: str, workspace: Workspace) -> None:
    with pytest.raises(DataError, match=what):
        imported(FOLDER / "logistic.json", workspace, **settings)
    assert workspace.list() == []


def changed(**changes: Any) -> bytes:
    document = json.loads((FOLDER / "squared_error.json").read_text())
    learner = document["learner"]
    learner |= {name: value for name, value in changes.items() if name in learner}
    if "objective_name" in changes:
        learner["objective"]["name"] = changes["objective_name"]
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"no model", "neither JSON nor UBJSON"),
        (b"{}", "no model of XGBoost"),
        (b"binf" + b"\0" * 40, "neither JSON nor UBJSON"),
        (changed(objective_name="reg:own"), "its objective is 'reg:own'"),
        (changed(feature_names=[]), "does not name its 3 features"),
        ((FOLDER / "linear.json").read_bytes(), "its booster is 'gblinear'"),
        ((FOLDER / "one_category.ubj").read_bytes()[:300], "neither JSON nor UBJSON"),
    ],
)
def test_what_is_no_model_is_told(content: bytes, what: str, tmp_path: Path, workspace: Workspace) -> None:
    (tmp_path / "m.json").write_bytes(content)
    with pytest.raises(HaganeError, match=what) as raised:
        imported(tmp_path / "m.json", workspace)
    assert raised.value.faults[0].where == str(tmp_path / "m.json")
    assert workspace.list() == []


def test_a_tree_of_one_leaf(tmp_path: Path, workspace: Workspace) -> None:
    document = json.loads((FOLDER / "squared_error.json").read_text())
    model = document["learner"]["gradient_booster"]["model"]
    tree = model["trees"][0]
    tree |= {name: [-1] for name in ("left_children", "right_children")}
    tree |= {"split_conditions": [0.25], "split_indices": [0], "default_left": [0], "sum_hessian": [9.0]}
    model |= {"trees": [tree], "tree_info": [0]}
    document["learner"]["learner_model_param"]["base_score"] = "5E-1"
    (tmp_path / "m.json").write_text(json.dumps(document))
    bundle = imported(tmp_path / "m.json", workspace)
    assert bundle.predict([{"a": 1, "b": None, "c": 2}]).rows() == [{"predicted_label": 0.75}]


def test_damaged_binary_json_ends_in_a_fault_never_in_a_crash() -> None:
    content = (FOLDER / "one_category.ubj").read_bytes()
    random = np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(content)
        for place in random.integers(0, len(content), 3):
            damaged[place] = int(random.integers(0, 256))
        try:
            read_ubjson(bytes(damaged))
        except ValueError:
            continue
