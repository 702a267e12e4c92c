"""Statements about models: what they make, refuse, and leave behind."""

from __future__ import annotations

import gc
from pathlib import Path
from types import GeneratorType

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import hagane as hg
from hagane.errors import HaganeError, NotFoundError, SqlError, StorageError
from hagane.session.session import Session
from hagane.workflow.train import train


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """With a table of 300 rows, and `price`, a model of it."""
    folder = tmp_path_factory.mktemp("models")
    random = np.random.default_rng(3)
    x = random.normal(size=300)
    table = pa.table({"x": x, "kind": np.array(["a", "b"])[random.integers(0, 2, 300)], "price": 3 * x + 1})
    pq.write_table(table, folder / "houses.parquet")
    found = Session(folder / "w")
    found.sql(f"CREATE TABLE houses AS SELECT * FROM `{folder}/houses.parquet`")
    found.sql("""
      CREATE MODEL price OPTIONS (model_type = 'LINEAR_REG', input_label_cols = ['price'], description = 'a guess')
      AS SELECT * FROM houses""")
    return found


CREATE = "CREATE {} OPTIONS (model_type = 'LINEAR_REG', input_label_cols = ['price']) AS SELECT * FROM houses"


def test_a_model_is_made_and_says_what_it_is(session: Session) -> None:
    result = session.sql(CREATE.format("OR REPLACE MODEL main.again"))
    assert (result.kind, result.is_table) == ("CREATE_MODEL", False)
    assert result.model is not None
    assert result.model.reference == "again@1"
    assert result.training is not None
    assert result.training.evaluation.metrics["r2_score"] > 0.99
    assert "again@1" in result.message
    assert session.sql(CREATE.format("OR REPLACE MODEL again")).model.version == 2  # type: ignore[union-attr]
    rows = session.sql("SELECT predicted_price, x FROM ML.PREDICT(MODEL again, TABLE houses)").rows()
    assert max(abs(row["predicted_price"] - (3 * row["x"] + 1)) for row in rows) < 0.1


def test_a_model_from_sql_is_that_of_the_same_spec_in_python(session: Session, tmp_path: Path) -> None:
    result = session.sql(CREATE.format("TEMP MODEL same"))
    assert result.training is not None
    rows = session.sql("SELECT * FROM houses").arrow()
    other = train(result.training.spec, workspace=hg.Session(tmp_path).state.workspace, frame=rows)
    assert other.evaluation == result.training.evaluation
    assert other.spec == result.training.spec


def test_the_spec_of_a_model_of_tables_trains_it_anywhere(session: Session, tmp_path: Path) -> None:
    result = session.sql(CREATE.format("TEMP MODEL alone").replace("houses", "`hagane.main.houses` WHERE x < 1"))
    assert result.training is not None
    spec = result.training.spec
    assert (spec.dialect, list(spec.tables)) == ("bigquery", ["hagane.main.houses"])
    other = train(spec, workspace=hg.Session(tmp_path).state.workspace)
    assert other.evaluation == result.training.evaluation


def test_a_name_is_made_once(session: Session) -> None:
    with pytest.raises(StorageError, match="Already Exists: Model price"):
        session.sql(CREATE.format("MODEL price"))
    assert "is there already" in session.sql(CREATE.format("MODEL IF NOT EXISTS price")).message
    with pytest.raises(StorageError, match="houses is a table"):
        session.sql(CREATE.format("MODEL houses"))
    with pytest.raises(StorageError, match="price is a model"):
        session.sql("CREATE TABLE price AS SELECT 1 AS n")
    with pytest.raises(NotFoundError, match="Not found: Dataset lake"):
        session.sql(CREATE.format("MODEL lake.price"))


def test_models_of_datasets(session: Session) -> None:
    session.sql("CREATE SCHEMA IF NOT EXISTS shore")
    session.sql(CREATE.format("MODEL `hagane.shore.price`"))
    assert session.sql("SELECT COUNT(*) AS n FROM ML.PREDICT(MODEL shore.price, TABLE houses)").value() == 300
    names = session.sql("SELECT model_name FROM shore.INFORMATION_SCHEMA.MODELS").rows()
    assert names == [{"model_name": "price"}]
    with pytest.raises(StorageError, match="still in use"):
        session.sql("DROP SCHEMA shore CASCADE")
    session.sql("DROP MODEL shore.price; DROP SCHEMA shore")


def test_transform_parameters_and_variables(session: Session) -> None:
    result = session.sql(
        """
        DECLARE most FLOAT64 DEFAULT 1.5;
        CREATE TEMP MODEL few
        TRANSFORM (x * x AS square, * EXCEPT (x, kind))
        OPTIONS (model_type = 'BOOSTED_TREE_REGRESSOR', input_label_cols = [@label], max_iterations = @rounds)
        AS WITH h AS (SELECT * FROM houses WHERE x < most) SELECT * FROM h""",
        {"label": "price", "rounds": 3},
    )
    assert result.training is not None
    spec = result.training.spec
    assert dict(spec.transform or {}).keys() == {"square"}
    assert spec.model.options["max_iterations"] == 3
    assert "most" not in spec.data
    rows = session.sql("SELECT predicted_price FROM ML.PREDICT(MODEL few, (SELECT 0.5 AS x)) LIMIT 1").rows()
    assert len(rows) == 1


def test_temporary_models_end_with_the_session(session: Session) -> None:
    with Session(session.state.workspace) as other:
        other.sql(CREATE.format("TEMP MODEL passing"))
        assert other.sql("SELECT COUNT(*) AS n FROM ML.PREDICT(MODEL passing, TABLE houses)").value() == 300
        folder = other.state.temporary_workspace().root
        assert folder.is_dir()
    assert not folder.exists()
    with pytest.raises(NotFoundError, match="Not found: Model passing"):
        session.sql("SELECT * FROM ML.PREDICT(MODEL passing, TABLE houses)")


def test_what_is_said_of_a_model_is_altered(session: Session) -> None:
    assert session.state.workspace.get("price").about.description == "a guess"
    session.sql("ALTER MODEL price SET OPTIONS (description = 'better', labels = [('team', @t)])", {"t": "x"})
    about = session.state.workspace.get("price").about
    assert (about.description, about.labels) == ("better", {"team": "x"})
    session.sql("ALTER MODEL price SET OPTIONS (expiration_timestamp = TIMESTAMP '2020-01-01 00:00:00 UTC')")
    with pytest.raises(NotFoundError, match="it expired"):
        session.sql("SELECT * FROM ML.PREDICT(MODEL price, TABLE houses)")
    session.sql("ALTER MODEL price SET OPTIONS (expiration_timestamp = NULL)")
    assert session.sql("SELECT COUNT(*) AS n FROM ML.PREDICT(MODEL price, TABLE houses)").value() == 300
    assert "no model" in session.sql("ALTER MODEL IF EXISTS nobody SET OPTIONS (description = 'x')").message


def test_a_model_is_exported_whole_or_not_at_all(session: Session, tmp_path: Path) -> None:
    session.sql("EXPORT MODEL price OPTIONS (uri = @place)", {"place": str(tmp_path / "out")})
    assert (
        hg.Bundle.load(tmp_path / "out").signature
        == hg.Bundle.load(session.state.workspace.get("price").path).signature
    )
    session.sql(f"EXPORT MODEL price OPTIONS (uri = '{tmp_path}/out')")  # over a bundle
    session.sql("EXPORT MODEL price OPTIONS (uri = 'memory://there/price')")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("dear")
    with pytest.raises(StorageError, match="is no bundle"):
        session.sql(f"EXPORT MODEL price OPTIONS (uri = '{tmp_path}/mine')")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "dear"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "out"]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("EXPORT MODEL price OPTIONS (uri = NULL)", "EXPORT MODEL needs a uri"),
        ("EXPORT MODEL price OPTIONS (url = 'x', uri = 'y')", "no option 'url'"),
        ("EXPORT MODEL prize OPTIONS (uri = 'x')", "did you mean: price"),
        ("ALTER MODEL price SET OPTIONS (descripton = 'x')", "did you mean: description"),
        ("ALTER MODEL prize SET OPTIONS (description = 'x')", "Not found: Model prize"),
        ("DROP MODEL prize", "Not found: Model prize"),
        (CREATE.format("MODEL m").replace("['price']", "['prize']"), "prize"),
        (CREATE.format("MODEL m").replace("houses", "house"), "Not found: Table house"),
        (CREATE.format("MODEL m").replace("LINEAR_REG", "ARIMA_PLUS"), "ARIMA_PLUS"),
        ("CREATE MODEL m OPTIONS (model_type = 'LINEAR_REG', input_label_cols = ['p']) AS SELECT 'x' AS a, 'y' AS p",
         "linear_reg predicts a number"),
        ("CREATE MODEL m OPTIONS (model_type = 'LOGISTIC_REG') AS SELECT x, 'one' AS label FROM houses", "class"),
    ],
)  # fmt: skip
def test_faults_are_underlined_in_the_statement(session: Session, sql: str, said: str) -> None:
    with pytest.raises(HaganeError) as error:
        session.sql(sql)
    assert said in error.value.render()
    assert "^" in error.value.render()
    assert not session.state.workspace.list("m")


def test_drop_model_removes_all_versions_unless_one_is_deployed(session: Session) -> None:
    session.sql(CREATE.format("MODEL gone"))
    session.sql(CREATE.format("OR REPLACE MODEL gone"))
    hg.deploy("gone@1", "front", workspace=session.state.workspace.root)
    with pytest.raises(StorageError, match=r"gone@1 is deployed to front"):
        session.sql("DROP MODEL gone")
    assert len(session.state.workspace.list("gone")) == 2
    hg.deploy("price", "front", workspace=session.state.workspace.root)
    assert session.sql("DROP MODEL gone").message == "dropped model gone: 2 versions"
    assert "no model" in session.sql("DROP MODEL IF EXISTS gone").message


def test_no_rows_of_a_training_stay_behind(session: Session) -> None:
    with pytest.raises(SqlError):
        session.sql(CREATE.format("MODEL m").replace("['price']", "['nothing']"))
    session.sql(CREATE.format("TEMP MODEL m"))
    assert list((session.state.workspace.root / "queries").iterdir()) == []


def test_rows_that_nobody_reads_are_let_go(session: Session) -> None:
    """A view over ML.PREDICT is looked at and not read: no stream, and so no connection, stays behind."""

    def held() -> int:
        gc.collect()
        return sum(isinstance(each, GeneratorType) for each in gc.get_objects())

    view = "CREATE OR REPLACE VIEW guessed AS SELECT * FROM ML.PREDICT(MODEL price, TABLE houses)"
    session.sql(view)
    before = held()
    for _ in range(3):
        session.sql(view)
        with pytest.raises(HaganeError):
            session.sql("SELECT * FROM ML.PREDICT(MODEL price, (SELECT 'far' AS x, 'a' AS kind))")
    assert held() == before
