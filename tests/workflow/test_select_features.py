"""Features that are known to be useless or redundant go, and those that help stay."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from hagane.errors import SpecError
from hagane.spec.spec import Model, Spec, Split
from hagane.workflow.select_features import FeatureSelection, select_features
from hagane.workflow.trial_runner import TrialRunner
from hagane.workspace.workspace import Workspace

USELESS, TWINS = ["n1", "n2", "n3", "kind"], {"x", "twin"}


@pytest.fixture(scope="module")
def rows() -> pa.Table:
    random = np.random.default_rng(11)
    n = 3_000
    x, z, n1, n2, n3 = random.normal(size=(5, n))
    word = np.array(["a", "b", "c"])[random.integers(0, 3, n)]
    score = 1.5 * x + z + (word == "a") + random.normal(size=n)
    return pa.table({"x": x, "twin": x + 0.01 * random.normal(size=n), "z": z, "n1": n1, "n2": n2, "n3": n3,
                     "word": word, "kind": np.array(["p", "q"])[random.integers(0, 2, n)], "score": score,
                     "high": score > 0})  # fmt: skip


def selected(
    rows: pa.Table, folder: Path, label: str, model: Model, transform: dict[str, str] | None
) -> FeatureSelection:
    other = "score" if label == "high" else "high"
    spec = Spec(data="(frame)", label=label, transform=transform, model=model, exclude=(other,),
                split=Split(eval_fraction=0.3))  # fmt: skip
    return select_features(spec, TrialRunner(spec, workspace=Workspace(folder), frame=rows))


NAMES = ("x", "twin", "z", *USELESS, "word")
TREES = Model(type="boosted_tree_classifier", options={"max_iterations": 40, "learn_rate": 0.2})
CASES = [("high", Model(type="logistic_reg", options={"l2_reg": 0.1})),
         ("score", Model(type="linear_reg", options={"l2_reg": 0.1})), ("high", TREES)]  # fmt: skip


@pytest.mark.parametrize(("label", "model"), CASES)
def test_the_useless_and_the_redundant_go(rows: pa.Table, tmp_path: Path, label: str, model: Model) -> None:
    found = selected(rows, tmp_path, label, model, {name: name for name in NAMES})
    assert {"z", "word"} <= set(found.kept)
    assert len(TWINS & set(found.kept)) == 1
    assert len(set(USELESS) & set(found.kept)) <= 1  # a test by noise errs at times
    assert found.spec.transform == {name: name for name in NAMES if name in found.kept}
    assert set(found.kept) | set(found.dropped) == set(NAMES)
    assert found.p_values["z"] < 1e-6
    last = [step for step in found.steps if step.is_kept][-1]
    assert last.increase <= min(last.standard_error, 0.001 * found.before)
    assert found.after - found.before == pytest.approx(last.increase)


def test_automatic_features_are_written_out(rows: pa.Table, tmp_path: Path) -> None:
    found = selected(rows, tmp_path, "high", CASES[0][1], None)
    assert found.spec.transform is not None
    assert {"z", "word"} <= set(found.spec.transform)
    assert "STANDARD_SCALER" in found.spec.transform["z"]


def test_nothing_goes_where_everything_helps(rows: pa.Table, tmp_path: Path) -> None:
    found = selected(rows, tmp_path, "score", CASES[1][1], {"x": "x", "z": "z", "word": "word"})
    assert found.dropped == ()
    assert "every one of the 3 features helps" in found.describe()


def test_one_feature_stays(rows: pa.Table, tmp_path: Path) -> None:
    found = selected(rows, tmp_path, "high", CASES[0][1], {"n1": "n1", "n2": "n2"})
    assert len(found.kept) == 1
    assert "1 feature left out" in found.describe()


def test_several_labels_are_refused(rows: pa.Table, tmp_path: Path) -> None:
    spec = Spec(data="(frame)", label=("score", "z"), transform={"x": "x"},
                model=Model(type="dnn_regressor", options={"max_iterations": 1, "hidden_units": [2]}))  # fmt: skip
    with pytest.raises(SpecError, match="several labels"):
        select_features(spec, TrialRunner(spec, workspace=Workspace(tmp_path), frame=rows))
