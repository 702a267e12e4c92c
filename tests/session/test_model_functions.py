"""Functions over models where tables stand: in a session's queries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hagane.errors import SqlError
from hagane.session.parquet_rows import ParquetRows
from hagane.session.session import Session

CREATE = """
CREATE MODEL late
TRANSFORM (ML.STANDARD_SCALER(x) OVER () AS xs, ML.BUCKETIZE(k, [-2, 2]) AS bucket, job, late)
OPTIONS (model_type = 'LOGISTIC_REG', input_label_cols = ['late'], enable_global_explain = TRUE)
AS SELECT x, k, job, late FROM people
"""


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder: Path = tmp_path_factory.mktemp("functions")
    random = np.random.default_rng(0)
    x, k = random.normal(size=700), random.integers(-5, 6, 700)
    job = np.array(["pilot", "clerk", None])[random.integers(0, 3, 700)]
    late = (x + 0.3 * k + (job == "pilot") + random.normal(size=700) > 0.3).astype(np.int64)
    table = pa.table({"id": np.arange(700), "x": x, "k": k, "job": job, "late": late})
    pq.write_table(table, folder / "people.parquet")
    made = Session(folder / "workspace")
    made.sql(f"CREATE TABLE people AS SELECT * FROM `{folder}/people.parquet`")
    made.sql(CREATE)
    return made


def test_the_probability_of_a_class_as_it_is_usually_read(session: Session) -> None:
    rows = session.sql("""
        SELECT id, (SELECT prob FROM UNNEST(predicted_late_probs) WHERE label = 1) AS p,
               predicted_late_probs[OFFSET(0)].prob AS first, predicted_late
        FROM ML.PREDICT(MODEL late, TABLE people) ORDER BY id
    """).rows()
    assert [row["id"] for row in rows] == list(range(700))
    assert all(row["p"] == row["first"] for row in rows)
    assert all(row["predicted_late"] == int(row["p"] >= 0.5) for row in rows)


def test_rows_of_a_table_and_of_a_query_are_answered_alike(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table is read from its files; the query by DuckDB."""
    read: list[ParquetRows] = []
    reader = ParquetRows.reader
    monkeypatch.setattr(ParquetRows, "reader", lambda rows: (read.append(rows), reader(rows))[1])
    asked = "SELECT * FROM ML.PREDICT(MODEL late, {}) ORDER BY id"
    one, other = (
        session.sql(asked.format(each)).arrow() for each in ("TABLE people", "(SELECT * FROM people WHERE TRUE)")
    )
    assert one.equals(other)
    assert len(read) == 1


def test_evaluated_through_predictions(session: Session) -> None:
    """Accuracy and confusion by hand in SQL."""
    (row,) = session.sql("""
        WITH answers AS (
          SELECT * FROM ML.PREDICT(MODEL `hagane.main.late`, (SELECT * FROM people), STRUCT(0.4 AS threshold)))
        SELECT e.accuracy, e.recall, (SELECT AVG(IF(predicted_late = late, 1, 0)) FROM answers) AS by_hand,
               (SELECT COUNTIF(predicted_late = 1) / COUNT(*) FROM answers WHERE late = 1) AS recall_by_hand
        FROM ML.EVALUATE(MODEL late, TABLE people, STRUCT(0.4 AS threshold)) AS e
    """).rows()
    assert (row["accuracy"], row["recall"]) == pytest.approx((row["by_hand"], row["recall_by_hand"]))
    curve = session.sql("SELECT * FROM ML.ROC_CURVE(MODEL late, TABLE people, GENERATE_ARRAY(0.2, 0.6, 0.2))").rows()
    assert [each["threshold"] for each in curve] == pytest.approx([0.2, 0.4, 0.6])
    assert curve[1]["recall"] == pytest.approx(row["recall"])
    matrix = session.sql("SELECT SUM(_0 + _1) AS n FROM ML.CONFUSION_MATRIX(MODEL late, TABLE people)").value()
    assert matrix == 700


def test_features_weights_and_attributions_by_name(session: Session) -> None:
    features = session.sql("SELECT * FROM ML.TRANSFORM(MODEL late, TABLE people) LIMIT 0").arrow()
    assert features.schema.names == ["xs", "bucket", "job", "id", "late"]
    weights = session.sql("SELECT processed_input FROM ML.WEIGHTS(MODEL late)").arrow()
    assert weights["processed_input"].to_pylist() == ["xs", "bucket", "job", "__INTERCEPT__"]
    inputs = session.sql("SELECT input FROM ML.FEATURE_INFO(MODEL late)").arrow()
    assert inputs["input"].to_pylist() == ["x", "k", "job"]
    explained = session.sql("SELECT feature, attribution FROM ML.GLOBAL_EXPLAIN(MODEL late)").rows()
    assert {row["feature"] for row in explained} == {"x", "k", "job"}
    added = session.sql("""
        SELECT ANY_VALUE(prediction_value) - ANY_VALUE(baseline_prediction_value) - SUM(a.attribution) AS missing
        FROM ML.EXPLAIN_PREDICT(MODEL late, TABLE people), UNNEST(top_feature_attributions) AS a GROUP BY id
    """).rows()
    assert max(abs(row["missing"]) for row in added) < 1e-9


def test_weights_of_what_transform_gives_add_up(session: Session) -> None:
    """As in BigQuery a weight is for a unit of the TRANSFORM's output: xs, and not x."""
    weights = {row["processed_input"]: row for row in session.sql("SELECT * FROM ML.WEIGHTS(MODEL late)").rows()}
    features = session.sql("SELECT * FROM ML.TRANSFORM(MODEL late, TABLE people) ORDER BY id").rows()
    answers = session.sql("""
        SELECT LN(p / (1 - p)) AS log_odds
        FROM (SELECT id, predicted_late_probs[OFFSET(0)].prob AS p FROM ML.PREDICT(MODEL late, TABLE people))
        ORDER BY id
    """).rows()
    by_category = {
        name: {each["category"]: each["weight"] for each in weights[name]["category_weights"]}
        for name in ("bucket", "job")
    }
    added = [
        weights["__INTERCEPT__"]["weight"]
        + weights["xs"]["weight"] * row["xs"]
        + sum(by_category[name]["_null_filler" if row[name] is None else row[name]] for name in ("bucket", "job"))
        for row in features
    ]
    assert added == pytest.approx([row["log_odds"] for row in answers], abs=1e-9)


def test_a_model_over_what_another_one_answered(session: Session) -> None:
    found = session.sql("""
        SELECT AVG(p) AS p FROM (
          SELECT predicted_late_probs[OFFSET(0)].prob AS p
          FROM ML.PREDICT(MODEL late, (SELECT * EXCEPT (late, predicted_late_probs) REPLACE (x + predicted_late AS x)
                                       FROM ML.PREDICT(MODEL late, TABLE people))))
    """).value()
    plain = session.sql(
        "SELECT AVG(predicted_late_probs[OFFSET(0)].prob) AS p FROM ML.PREDICT(MODEL late, TABLE people)"
    ).value()
    assert found > plain


def test_values_that_a_function_does_not_take(session: Session) -> None:
    with pytest.raises(SqlError, match=r"ML\.PREDICT takes 0 values"):
        session.sql("SELECT * FROM ML.PREDICT(MODEL late, TABLE people, 0.7)")
    with pytest.raises(SqlError, match=r"ML\.ROC_CURVE takes 0 to 1 value"):
        session.sql("SELECT * FROM ML.ROC_CURVE(MODEL late, TABLE people, [0.5], [0.6])")
