"""ML.GLOBAL_EXPLAIN: mean absolute attributions, kept by training or of rows that are named."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from function_calls import call_table

from hagane.errors import SpecError
from hagane.spec.spec import Evaluation, Model, Spec, Split
from hagane.workflow.explain import explain_file
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace


@pytest.mark.parametrize("name", ["value", "late", "grade", "boosted"])
def test_of_rows_it_is_the_mean_of_what_hagane_explain_says(name: str, models: Workspace, new_rows: pa.Table) -> None:
    some = new_rows.slice(0, 400)
    found = call_table("ML.GLOBAL_EXPLAIN", models, name, some)
    assert found.schema == pa.schema([("feature", pa.string()), ("attribution", pa.float64())])
    told = explain_file(name, some, workspace=models).attributions
    assert dict(zip(*found.to_pydict().values(), strict=True)) == pytest.approx(told, rel=1e-9)
    sizes = found["attribution"].to_pylist()
    assert sizes == sorted(sizes, reverse=True)


def test_class_by_class(models: Workspace, new_rows: pa.Table) -> None:
    some = new_rows.slice(0, 400)
    found = call_table("ML.GLOBAL_EXPLAIN", models, "grade", some, class_level_explain=True)
    assert found.schema.names == ["grade", "feature", "attribution"]
    assert found["grade"].to_pylist() == ["low"] * 3 + ["mid (ok)"] * 3 + ["top"] * 3
    for place, name in enumerate(("low", "mid (ok)", "top")):
        told = explain_file("grade", some, workspace=models, output=name).attributions
        rows = found.slice(3 * place, 3)
        assert dict(zip(rows["feature"].to_pylist(), rows["attribution"].to_pylist(), strict=True)) == pytest.approx(
            told
        )
    truths = call_table("ML.GLOBAL_EXPLAIN", models, "good", some, class_level_explain=True)
    assert truths.schema.field("good").type == pa.bool_()
    assert truths["attribution"].to_pylist()[:3] == truths["attribution"].to_pylist()[3:], "the same log odds, negated"


def test_training_keeps_that_of_the_eval_rows(shared_workspace: Workspace, rows: pa.Table) -> None:
    frame = rows.select(["x", "k", "value"])
    spec = Spec(data="rows", name="kept", label="value", model=Model(type="linear_reg"),
                split=Split(method="random", eval_fraction=0.25, test_fraction=0),
                evaluation=Evaluation(global_explain=True))  # fmt: skip
    train(spec, workspace=shared_workspace, frame=frame)
    found = call_table("ML.GLOBAL_EXPLAIN", shared_workspace, "kept")
    assert found["feature"].to_pylist()[0] in ("x", "k")
    weights = call_table("ML.WEIGHTS", shared_workspace, "kept").to_pylist()
    per_unit = {row["processed_input"]: abs(row["weight"]) for row in weights}
    by_name = dict(zip(*found.to_pydict().values(), strict=True))
    for name in ("x", "k"):
        values = np.array([v for v in frame[name].to_pylist() if v is not None], float)
        spread = np.abs(values - np.median(values)).mean()
        assert by_name[name] == pytest.approx(per_unit[name] * spread, rel=0.15), (
            "weight times distance from the median"
        )


def test_what_cannot_be_told(models: Workspace, new_rows: pa.Table) -> None:
    with pytest.raises(SpecError, match="was not asked to explain it"):
        call_table("ML.GLOBAL_EXPLAIN", models, "late")
    with pytest.raises(SpecError, match="no classes"):
        call_table("ML.GLOBAL_EXPLAIN", models, "value", new_rows.slice(0, 50), class_level_explain=True)
