"""Models from files and endpoints, in SQL alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from load_module import BUNDLES, load_module

from hagane.bundle.bundle import Bundle
from hagane.bundle.write_bundle import write_bundle
from hagane.errors import DataError, SpecError, SqlError
from hagane.serving import ServerThread
from hagane.session.session import Session

FILE = Path(__file__).parents[1] / "workflow" / "imports" / "xgboost" / "logistic.json"


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path / "workspace")


def test_a_file_is_imported_and_predicts(session: Session) -> None:
    created = session.sql(
        f"CREATE MODEL churn INPUT(a FLOAT64, b FLOAT64, c FLOAT64) OUTPUT(chance FLOAT64) "
        f"OPTIONS(model_type = 'XGBOOST', model_path = '{FILE.parent}/logi*.json')"
    )
    assert created.model is not None
    assert created.model.reference == "churn@1"
    found = session.sql("SELECT * FROM ML.PREDICT(MODEL churn, (SELECT 7 AS id, 0.5 AS a, 1.0 AS b, 0.0 AS c))").arrow()
    assert found.schema.names == ["chance", "id", "a", "b", "c"]
    assert 0 < found["chance"][0].as_py() < 1
    importance = {row["feature"]: row for row in session.sql("SELECT * FROM ML.FEATURE_IMPORTANCE(MODEL churn)").rows()}
    trees = json.loads(FILE.read_text())["learner"]["gradient_booster"]["model"]["trees"]
    splits = [
        (names, gain)
        for tree in trees
        for names, gain, left in zip(tree["split_indices"], tree["loss_changes"], tree["left_children"], strict=True)
        if left != -1
    ]
    for place, name in enumerate("abc"):
        gains = [gain for index, gain in splits if index == place]
        assert importance[name]["importance_weight"] == len(gains)
        assert importance[name]["importance_gain"] == pytest.approx(sum(gains) / max(1, len(gains)))


def test_an_endpoint_is_registered_and_asked(session: Session, tmp_path: Path) -> None:
    made = load_module(BUNDLES)
    folder = write_bundle(tmp_path / "served", model=made.regressor_model(), signature=made.regressor_signature())
    bundle = Bundle.load(folder)
    (name,), answer = bundle.signature.names, bundle.signature.prediction_name
    with ServerThread(bundle).start() as server:
        session.sql(
            f"CREATE OR REPLACE MODEL far INPUT({name} FLOAT64) OUTPUT({answer} FLOAT64) "
            f"REMOTE WITH CONNECTION `us.conn` OPTIONS(endpoint = '{server.url}')"
        )
        found = session.sql(
            f"SELECT {answer} AS y, remote_model_status AS status, {name} "
            f"FROM ML.PREDICT(MODEL far, (SELECT 3.0 AS {name} UNION ALL SELECT 4.0)) ORDER BY {name}"
        ).arrow()
    expected = [row[answer] for row in bundle.predict([{name: 3.0}, {name: 4.0}]).rows()]
    assert found["y"].to_pylist() == expected
    assert found["status"].to_pylist() == ["", ""]


@pytest.mark.parametrize(
    ("text", "error", "what"),
    [
        ("CREATE MODEL m OPTIONS(model_type = 'ONNX')", SqlError, "a ONNX model needs model_path"),
        ("CREATE MODEL m OPTIONS(model_type = 'ONNX', model_path = 'no*.onnx')", DataError, "names no model"),
        ("CREATE MODEL m OPTIONS(model_type = 'TENSORFLOW', model_path = 'm')", SpecError, "run in TensorFlow"),
        (
            "CREATE MODEL m INPUT(x FLOAT64) OUTPUT(y FLOAT64) REMOTE WITH CONNECTION DEFAULT OPTIONS(endpoint = 'file:///x')",
            SpecError,
            "over HTTP alone",
        ),
    ],
)
def test_faults_are_underlined(text: str, error: type[Exception], what: str, session: Session) -> None:
    with pytest.raises(error, match=what) as raised:
        session.sql(text)
    fault = raised.value.faults[0]  # type: ignore[attr-defined]
    assert fault.sql == text
    assert text[fault.start : fault.end].startswith(("model_path", "endpoint", "CREATE MODEL"))
