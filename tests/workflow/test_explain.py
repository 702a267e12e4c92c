"""Explanations of whole tables, and what matters over all of their rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.inspection import permutation_importance as sklearns
from typer.testing import CliRunner

import hagane as hg
from hagane.bundle.bundle import Bundle
from hagane.data.open_table import open_table
from hagane.errors import BundleError, DataError, RequestError, SpecError
from hagane.fronts.cli.app import app
from hagane.fronts.python import TrainedModel
from hagane.spec.spec import Model, Spec
from hagane.workflow.explain import explain_file
from hagane.workflow.permutation_importance import permutation_importance
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace

OPTIONS = {"max_iterations": 15}


@pytest.fixture(scope="module")
def made(mixed: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Path]:
    """Two models, and rows to explain."""
    folder = tmp_path_factory.mktemp("explained")
    workspace = Workspace(folder / "workspace")
    for name, label, family in (("grades", "grade", "boosted_tree_classifier"), ("values", "value", "linear_reg")):
        others = tuple({"grade", "value", "good"} - {label})
        options = OPTIONS if family.startswith("boosted") else {}
        spec = Spec(data="mixed", name=name, label=label, exclude=others, model=Model(type=family, options=options))
        train(spec, workspace=workspace, frame=mixed)
    pq.write_table(mixed, folder / "rows.parquet")
    return workspace, folder / "rows.parquet"


def test_a_table_is_explained_row_by_row(made: tuple[Workspace, Path], tmp_path: Path) -> None:
    workspace, rows = made
    out = tmp_path / "out.parquet"
    summary = explain_file("grades", str(rows), out, workspace=workspace, top_k=3)
    table = pq.read_table(out)
    told = ["top_feature_attributions", "baseline_prediction_value", "prediction_value", "approximation_error"]
    assert table.schema.names[:6] == ["predicted_grade", "probability", *told]
    bundle = Bundle.load(workspace.bundle_path("grades"))
    model = TrainedModel(bundle, workspace)
    names = list(bundle.signature.names)
    instances = [{**row, "at": row["at"] and row["at"].isoformat(), "day": row["day"] and row["day"].isoformat()}
                 for row in table.slice(2_040, 20).select(names).to_pylist()]  # fmt: skip
    expected = model.explain_rows(instances).rows(top_k=3)
    for found, row in zip(table.slice(2_040, 20).to_pylist(), expected, strict=True):
        for name in ("predicted_grade", "top_feature_attributions", "baseline_prediction_value", "prediction_value"):
            assert found[name] == row[name]
        assert found["probability"] == row["predicted_grade_probs"][0]["prob"]
    assert (summary.num_rows, summary.path) == (3_000, out)
    assert summary.largest_error < 1e-9


def test_what_matters_is_the_mean_of_the_rows(made: tuple[Workspace, Path]) -> None:
    workspace, rows = made
    model = hg.load("values", workspace=workspace.root)
    table = model.explain(pq.read_table(rows), top_k=100)
    sums: dict[str, float] = {}
    for told in table["top_feature_attributions"].to_pylist():
        for each in told:
            sums[each["feature"]] = sums.get(each["feature"], 0.0) + abs(each["attribution"]) / 3_000
    found = model.global_explain(str(rows))
    assert found.attributions == pytest.approx(sums)
    assert list(found.attributions) == sorted(sums, key=lambda name: -sums[name])
    assert found.baseline is not None
    assert hg.explain("values", pq.read_table(rows), top_k=100, workspace=workspace.root) == table


def test_permutation_importance_is_scikit_learns(made: tuple[Workspace, Path]) -> None:
    """Means over shuffles of the same rows: within what shuffles differ by."""
    workspace, rows = made
    bundle = Bundle.load(workspace.bundle_path("values"))
    found = permutation_importance(bundle, open_table(str(rows)))
    table = pq.read_table(rows)
    names = list(bundle.signature.names)
    frame = table.select(names).to_pandas(types_mapper=None)

    class Estimator:
        """Enough of one for scikit-learn."""

        def fit(self) -> None: ...

        def score(self, x: object, y: np.ndarray) -> float:
            answers = TrainedModel(bundle, workspace).predict(pa.Table.from_pandas(x, table.select(names).schema))
            return -float(np.sqrt(np.mean((answers["predicted_value"].to_numpy() - y) ** 2)))

    expected = sklearns(Estimator(), frame, table["value"].to_numpy(), n_repeats=3, random_state=0)
    by_name = dict(zip(names, expected.importances_mean, strict=True))
    for name, increase in found.increases.items():
        assert increase == pytest.approx(by_name[name], abs=0.02 + 5 * found.deviations[name])
    assert found.loss == "root_mean_squared_error"
    assert found == permutation_importance(bundle, open_table(str(rows)))


def test_a_column_of_no_use_costs_nothing_when_shuffled(made: tuple[Workspace, Path]) -> None:
    workspace, rows = made
    bundle = Bundle.load(workspace.bundle_path("grades"))
    found = permutation_importance(bundle, open_table(str(rows)))
    assert found.loss == "log_loss"
    assert found.increases["x"] > 0.1 > abs(found.increases["at"])


def test_what_cannot_be_explained(made: tuple[Workspace, Path], tmp_path: Path) -> None:
    workspace, rows = made
    with pytest.raises(RequestError, match="did you mean: mid"):
        explain_file("grades", str(rows), workspace=workspace, output="midd")
    with pytest.raises(SpecError, match="1 or more"):
        explain_file("grades", str(rows), workspace=workspace, top_k=0)
    query = f"SELECT * EXCLUDE (grade) FROM '{rows}'"
    with pytest.raises(DataError, match="grade"):
        explain_file("grades", query, workspace=workspace, permutation=True)
    bundle = Bundle.load(workspace.bundle_path("grades"))
    from hagane.bundle.write_bundle import write_bundle

    old = write_bundle(tmp_path / "old", model=bundle.document("model.onnx"), signature=bundle.signature)
    with pytest.raises(BundleError, match="train it again"):
        explain_file(old, str(rows), tmp_path / "out.parquet", workspace=workspace)
    assert not (tmp_path / "out.parquet").exists()


def test_no_rows(made: tuple[Workspace, Path], tmp_path: Path) -> None:
    workspace, rows = made
    out = tmp_path / "none.parquet"
    summary = explain_file("grades", f"SELECT * FROM '{rows}' LIMIT 0", out, workspace=workspace)
    assert summary.num_rows == pq.read_table(out).num_rows == 0
    assert set(summary.attributions.values()) == {0.0}


def test_the_command(made: tuple[Workspace, Path], tmp_path: Path) -> None:
    workspace, rows = made
    arguments = ["explain", "grades", str(rows), "--workspace", str(workspace.root), "--permutation",
                 "--html", str(tmp_path / "what.html"), "--plots", str(tmp_path / "plots"), "--output", "mid",
                 "--space", "output"]  # fmt: skip
    ended = CliRunner().invoke(app, arguments)
    assert ended.exit_code == 0, ended.output
    assert "what matters" in ended.output
    assert "log_loss when shuffled" in ended.output
    assert "Permutation importance" in (tmp_path / "what.html").read_text()
    pictures = sorted(path.name for path in (tmp_path / "plots").iterdir())
    assert pictures == ["attributions.png", "permutation_importance.png"]
    assert all((tmp_path / "plots" / name).read_bytes()[:4] == b"\x89PNG" for name in pictures)
