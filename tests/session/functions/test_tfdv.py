"""ML.TFDV_DESCRIBE and ML.TFDV_VALIDATE in a script."""

from __future__ import annotations

import json

import pytest

from hagane.errors import HaganeError
from hagane.session.session import Session

DESCRIBED = """
CREATE TEMP TABLE base AS
  SELECT dataset_feature_statistics_list AS s FROM ML.TFDV_DESCRIBE((SELECT n, 'a' AS t FROM UNNEST([1, 2, 3]) AS n));
CREATE TEMP TABLE study AS
  SELECT dataset_feature_statistics_list AS s FROM ML.TFDV_DESCRIBE((SELECT n, 'b' AS t FROM UNNEST([1, 2, 3]) AS n));
"""


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    with Session(tmp_path_factory.mktemp("tfdv")) as session:
        session.sql(DESCRIBED)
        yield session


def validated(session: Session, arguments: str) -> dict:
    query = f"SELECT ML.TFDV_VALIDATE(base.s, study.s{arguments}) AS a FROM base, study"
    return json.loads(session.sql(query).value())


def test_what_has_moved(session):
    found = validated(session, ", 'DRIFT'")
    measured = {each["path"]["step"][0]: each["drift_measurements"][0]["value"] for each in found["drift_skew_info"]}
    assert measured == {"n": 0.0, "t": 1.0}
    assert list(found["anomaly_info"]) == ["t"]
    assert "skew_measurements" in validated(session, "")["drift_skew_info"][0]


def test_thresholds_by_place(session):
    kinds = "'SKEW', 0.3, 'JENSEN_SHANNON_DIVERGENCE', 0.3, 'JENSEN_SHANNON_DIVERGENCE'"
    found = validated(session, f", {kinds}, [('t', 0.9), ('n', 0.1)]")
    thresholds = [each["skew_measurements"][0]["threshold"] for each in found["drift_skew_info"]]
    assert thresholds == [0.1, 0.9]


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("SELECT ML.TFDV_VALIDATE('{}', '{}', 'SKEWS')", "detection_type is unknown"),
        ("SELECT ML.TFDV_VALIDATE('no', '{}')", "statistics cannot be read"),
        ("SELECT ML.TFDV_VALIDATE('{}')", "2 to 8 arguments"),
        ("SELECT ML.TFDV_VALIDATE(1, '{}')", "statistics are JSON"),
    ],
)
def test_what_cannot_be(session, sql, told):
    with pytest.raises(HaganeError, match=told):
        session.sql(sql).arrow()


def test_null_statistics_give_null(session):
    assert session.sql("SELECT ML.TFDV_VALIDATE(NULL, '{}') IS NULL").value() is True
