"""Which features an ensemble's members see: written for each family, or named and checked."""

from __future__ import annotations

import pyarrow as pa
import pytest

from hagane.bundle.bundle import Bundle
from hagane.data.open_table import open_table
from hagane.errors import SpecError
from hagane.models.ensemble_options import EnsembleOptions
from hagane.spec.read_yaml import read_yaml
from hagane.spec.spec import Model, Spec
from hagane.statistics.measure import measure_statistics
from hagane.types import Column, Schema, SqlType
from hagane.workflow.check_declared import check_declared
from hagane.workflow.hyperparameters import hyperparameters
from hagane.workflow.init import init
from hagane.workflow.resolve import Resolved, check_with_schema, resolve
from hagane.workflow.train import train
from hagane.workflow.write_report import lineage_of
from hagane.workspace.workspace import Workspace

SCHEMA = Schema((Column("x", SqlType.FLOAT64), Column("job", SqlType.STRING), Column("y", SqlType.BOOL)))
MEMBERS = [{"type": "boosted_tree_classifier"}, {"type": "logistic_reg"}, {"type": "random_forest_classifier"}]


def spec_of(members: list[dict], transform: dict[str, str] | None = None, **more: object) -> Spec:
    model = Model(type="ensemble_classifier", options={"members": members})
    return Spec(data="f", label="y", transform=transform, model=model, **more)


def resolved_on(spec: Spec, rows: pa.Table) -> Resolved:
    table = open_table(rows)
    check_with_schema(spec, table.schema)
    return resolve(spec, table.schema, measure_statistics(table))


def rows(n: int = 400) -> pa.Table:
    numbers = [None if i % 7 == 0 else i % 31 / 3 for i in range(n)]
    return pa.table({"x": numbers, "job": [f"j{i % 5}" for i in range(n)], "y": [i % 31 > 15 for i in range(n)]})


def test_each_family_is_given_a_column_in_the_form_that_suits_it() -> None:
    found = resolved_on(spec_of(MEMBERS), rows())
    transform = found.spec.transform
    assert transform is not None
    assert transform["x"] == "x"
    assert transform["x_scaled"] == "COALESCE(ML.STANDARD_SCALER(x) OVER (), 0)"
    assert [name for name in transform if name.startswith("job")] == ["job"], "what is the same for both is there once"
    assert isinstance(found.options, EnsembleOptions)
    trees, linear, forest = (set(member.features or ()) for member in found.options.members)
    assert trees == forest
    assert trees >= {"x", "job"}
    assert linear >= {"x_scaled", "job"}
    assert "x" not in linear
    assert "x_scaled" not in trees
    again = resolved_on(found.spec, rows())
    assert (again.spec, again.options) == (found.spec, found.options), "a resolved spec is resolved"


def test_members_of_one_kind_have_plain_names() -> None:
    found = resolved_on(spec_of([{"type": "logistic_reg"}]), rows())
    assert (found.spec.transform or {})["x"] == "COALESCE(ML.STANDARD_SCALER(x) OVER (), 0)"


def test_a_feature_that_may_be_null_is_refused_where_none_may_be_with_what_to_write() -> None:
    members = [{"type": "boosted_tree_classifier"}, {"type": "logistic_reg", "features": ["x", "jobb"]},
               {"type": "dnn_classifier"}]  # fmt: skip
    with pytest.raises(SpecError) as raised:
        check_with_schema(spec_of(members, {"x": "x", "job": "job", "s": "ML.STANDARD_SCALER(x) OVER ()"}), SCHEMA)
    told = [(fault.where.removeprefix("model.options."), fault.what) for fault in raised.value.faults]
    null = "may be NULL, and {} takes no missing values"
    assert told == [
        ("members[1].features", "the transform has no feature 'jobb'"),
        ("members[1].features", f"the feature 'x' {null.format('logistic_reg')}"),
        ("members[2].features", f"the feature 'x' {null.format('dnn_classifier')}"),
        ("members[2].features", f"the feature 's' {null.format('dnn_classifier')}"),
    ]
    faults = raised.value.faults
    assert faults[0].nearest == "job"
    assert "x_filled: ML.IMPUTER(x, 'mean') OVER (), and name that one here" in faults[1].next_step
    assert "s_filled: COALESCE(ML.STANDARD_SCALER(x) OVER (), 0)" in faults[3].next_step
    filled = {"x": "x", "x_filled": "ML.IMPUTER(x, 'mean') OVER ()", "job": "job"}
    members[1]["features"], members[2]["features"] = ["x_filled", "job"], ["x_filled"]
    check_with_schema(spec_of(members, filled), SCHEMA)


def test_a_cross_is_named_once_and_stands_for_all_of_its_features() -> None:
    columns = {"a": ["p", "q"] * 200, "b": ["r", "s", "t", "u"] * 100, "c": ["v", "w"] * 200, "y": [True, False] * 200}
    crosses = {"ab": "ML.FEATURE_CROSS(STRUCT(a, b, c), 2)"}
    found = resolved_on(spec_of([{"type": "logistic_reg", "features": ["ab"]}], crosses), pa.table(columns))
    assert isinstance(found.options, EnsembleOptions)
    assert found.options.members[0].features == tuple(found.spec.transform or ())
    assert len(found.spec.transform or ()) == 3


def test_what_bigquerys_defaults_are_to_the_members() -> None:
    found = resolved_on(spec_of(MEMBERS, defaults="bigquery"), rows())
    assert isinstance(found.options, EnsembleOptions)
    assert found.options.members[0].options["learn_rate"] == 0.3
    assert found.options.members[2].options["max_tree_depth"] == 15


def test_init_writes_an_ensemble_that_can_be_trained(tmp_path, workspace: Workspace) -> None:
    path = tmp_path / "rows.csv"
    lines = [f"{i % 31 / 3},j{i % 5},{'yes' if (i % 31 > 15) ^ (i % 9 == 0) else 'no'}" for i in range(600)]
    path.write_text("\n".join(["x,job,y", *lines]))
    text = init(str(path), "y", model="ensemble_classifier")
    spec = read_yaml(text)
    check_declared(spec)
    types = [member["type"] for member in spec.model.options["members"]]
    assert types == ["boosted_tree_classifier", "random_forest_classifier", "dnn_classifier"]
    quick = [{"max_iterations": 5}, {"num_parallel_tree": 5}, {"max_iterations": 1}]
    for member, less in zip(spec.model.options["members"], quick, strict=True):
        member["options"] |= less
    result = train(spec, workspace=workspace)
    name, value = result.evaluation.headline()
    assert value > {"roc_auc": 0.8}[name]
    told = lineage_of(Bundle.load(result.bundle)).members
    assert [member.type for member in told] == types
    assert [member.weight for member in told] == pytest.approx([1 / 3] * 3)
    assert list(result.spec.model.options["members"][2]["features"]) == ["x_scaled", "job"]


def test_an_array_of_numbers_is_a_feature_for_each_element(workspace: Workspace) -> None:
    n = 300
    frame = pa.table({"v": [[i % 7 / 2, i % 11 / 3] for i in range(n)], "y": [i % 7 > 3 for i in range(n)]})
    members = [{"type": "boosted_tree_classifier", "options": {"max_iterations": 5}, "features": ["v"]},
               {"type": "logistic_reg", "features": ["v"]}]  # fmt: skip
    result = train(spec_of(members, {"v": "v", "w": "v[OFFSET(1)] + 1"}), workspace=workspace, frame=frame)
    assert set(result.model.importance()) == {"v_0", "v_1", "w"}
    assert result.model.importance()["w"] == 0


def test_what_is_open_in_a_member_is_a_hyperparameter(workspace: Workspace) -> None:
    trees = {"max_iterations": 4, "learn_rate": "HPARAM_RANGE(0.05, 0.5)"}
    members = [{"type": "boosted_tree_classifier", "options": trees, "weight": "HPARAM_CANDIDATES([0.5, 2.0])"},
               {"type": "logistic_reg"}]  # fmt: skip
    spec = spec_of(members)
    names = ["model.options.members[0].options.learn_rate", "model.options.members[0].weight"]
    assert [found.name for found in hyperparameters(spec)] == names
    result = train(spec, workspace=workspace, frame=rows(), hparams=dict(zip(names, (0.25, 2.0), strict=True)))
    first = result.spec.model.options["members"][0]
    assert (first["options"]["learn_rate"], first["weight"]) == (0.25, 2.0)
