"""CREATE MODEL that searches: hyperparameters with num_trials, everything with an AUTOML type."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hagane.errors import HaganeError
from hagane.session.session import Session
from hagane.tuning import portfolio
from hagane.workflow.automl_search import AutoMlSearch
from hagane.workflow.read_study import list_studies
from hagane.workflow.study_of_model import study_of_model
from hagane.workspace.workspace import Workspace

TUNED = """CREATE OR REPLACE MODEL late
OPTIONS(model_type = 'LOGISTIC_REG', num_trials = 3, hparam_tuning_algorithm = 'RANDOM_SEARCH',
        hparam_tuning_objectives = ['LOG_LOSS'], l2_reg = HPARAM_RANGE(0.1, 10), input_label_cols = ['late'])
AS SELECT * FROM flights"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    random, place = np.random.default_rng(0), Workspace(tmp_path_factory.mktemp("searched") / "w")
    x = random.normal(size=(300, 2))
    rows = pa.table({"a": x[:, 0], "b": x[:, 1], "late": np.where(x[:, 0] + random.normal(size=300) > 0, "yes", "no")})
    pq.write_table(rows, place.root.parent / "rows.parquet")
    with Session(place) as session:
        session.sql(f"CREATE TABLE flights AS SELECT * FROM `{place.root.parent}/rows.parquet`")
    return place


def test_a_statement_with_trials_is_a_study_whose_best_is_the_model(workspace: Workspace) -> None:
    with Session(workspace) as session:
        result = session.sql(TUNED)
        assert result.model is not None
        study = study_of_model(result.model.reference, workspace=workspace)
        assert len(study.trials) == 3
        assert study.objective.metric == "log_loss"
        assert result.model.reference == "late@1"
        assert any("that no trial saw" in notice for notice in result.notices)
        assert session.sql("SELECT COUNT(*) AS n FROM ML.PREDICT(MODEL late, TABLE flights)").rows() == [{"n": 300}]


def test_another_statement_of_the_model_is_another_study_and_the_same_one_goes_on(workspace: Workspace) -> None:
    with Session(workspace) as session:
        first = session.sql(TUNED).model
        fewer = session.sql(TUNED + " WHERE a > -1").model
        again = session.sql(TUNED).model
    assert first is not None
    assert fewer is not None
    assert again is not None
    studies = {study_of_model(each.reference, workspace=workspace).name for each in (fewer, again)}
    assert len(studies) == len(list_studies(workspace)[0]) == 2
    assert (again.path / "model.onnx").read_bytes() == (first.path / "model.onnx").read_bytes()


def test_what_is_wrong_with_the_space_is_underlined(workspace: Workspace) -> None:
    with Session(workspace) as session, pytest.raises(HaganeError) as caught:
        session.sql(TUNED.replace("HPARAM_RANGE(0.1, 10)", "HPARAM_RANGE(10, 0.1)"))
    (fault,) = caught.value.faults
    assert fault.sql[fault.start : fault.end] == "HPARAM_RANGE(10, 0.1)"


def test_an_automl_type_searches_and_says_what_it_decided(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tuple(each for each in portfolio.PORTFOLIO if each.kind == "linear")
    monkeypatch.setattr(portfolio, "PORTFOLIO", kept)
    monkeypatch.setattr(AutoMlSearch, "_tune", lambda _: None)
    with Session(workspace) as session:
        result = session.sql(
            "CREATE MODEL found OPTIONS(model_type = 'AUTOML_CLASSIFIER', budget_hours = 1, "
            "optimization_objective = 'MINIMIZE_LOG_LOSS', input_label_cols = ['late']) AS SELECT * FROM flights"
        )
        assert result.model is not None
        assert result.model.model_type == "logistic_reg"
        assert any("linear" in notice for notice in result.notices)
        (row,) = session.sql("SELECT * FROM ML.EVALUATE(MODEL found)").rows()
        assert row["log_loss"] < 0.69
        with pytest.raises(HaganeError) as caught:
            session.sql(
                "CREATE MODEL f2 OPTIONS(model_type = 'AUTOML_REGRESSOR', budget_hours = 0) AS SELECT 1 AS label"
            )
    assert caught.value.faults[0].sql[caught.value.faults[0].start :].startswith("budget_hours")
