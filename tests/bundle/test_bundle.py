"""Bundles predict what their graphs say, refuse what does not fit, and need little to do so."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hagane.bundle.bundle import Bundle
from hagane.bundle.instances import InstanceDecoder
from hagane.bundle.signature import Input, Signature
from hagane.bundle.write_bundle import write_bundle
from hagane.errors import BundleError, RequestError
from hagane.runtime.layout import ColumnData
from hagane.types import SqlType

ROW: dict[str, Any] = {
    "age": 40,
    "fare": 1.5,
    "job": "pilot",
    "member": True,
    "seen": "2013-01-01T05:00:00Z",
    "born": "1970-01-02",
}


@pytest.fixture
def classifier(classifier_folder: Path) -> Bundle:
    return Bundle.load(classifier_folder)


@pytest.fixture
def regressor(regressor_folder: Path) -> Bundle:
    return Bundle.load(regressor_folder)


def faults_of(ask: Callable[[], object]) -> list[tuple[str, str]]:
    with pytest.raises(RequestError) as caught:
        ask()
    return [(fault.where, fault.what) for fault in caught.value.faults]


def test_classification(classifier: Bundle) -> None:
    predictions = classifier.predict([ROW, {"age": 10}, {}])
    np.testing.assert_allclose(predictions.probabilities, [[0.35, 0.65], [0.9, 0.1], [1, 0]], rtol=1e-6)
    assert predictions.labels is not None
    assert predictions.labels.tolist() == ["yes", "no", "no"]
    rows = predictions.rows()
    assert rows[0]["predicted_late"] == "yes"
    assert [entry["label"] for entry in rows[0]["predicted_late_probs"]] == ["yes", "no"]
    assert [entry["label"] for entry in rows[2]["predicted_late_probs"]] == ["no", "yes"]
    assert sum(entry["prob"] for entry in rows[0]["predicted_late_probs"]) == pytest.approx(1)


def test_regression_and_rows_that_err(regressor: Bundle) -> None:
    predictions = regressor.predict([{"x": 3}, {"x": None}, {"x": -1}, [4.5]])
    assert predictions.rows() == [
        {"predicted_y": 6.0}, {"predicted_y": None}, {"predicted_y": -2.0, "row_error": True}, {"predicted_y": 9.0}
    ]  # fmt: skip
    assert predictions.row_errors.tolist() == [False, False, True, False]


def test_rows_that_err_are_refused_by_row_and_column(classifier: Bundle) -> None:
    rows = [ROW, {**ROW, "fare": -1.0}, ROW, [1, -2, "x", None, None, None]]
    found = faults_of(lambda: classifier.predict(rows))
    assert [where for where, _ in found] == ["instances[1].fare", "instances[3].fare"]
    assert classifier.predict(rows, on_error="null").row_errors.tolist() == [False, True, False, True]


def test_no_column_is_asked_for_where_the_text_is_long(classifier: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trial a column of a million characters would keep a server busy for minutes; the short row is told."""
    asked: list[int] = []
    erring = classifier._erring
    monkeypatch.setattr(classifier, "_erring", lambda columns: asked.append(columns["job"].num_rows) or erring(columns))
    rows = [{**ROW, "fare": -1.0}, {**ROW, "fare": -1.0, "job": "x" * 1_000_000}]
    found = faults_of(lambda: classifier.predict(rows))
    assert [where for where, _ in found] == ["instances[0].fare", "instances[1]"]
    assert asked == [6]


def test_no_rows(classifier: Bundle) -> None:
    predictions = classifier.predict([])
    assert len(predictions) == 0
    assert predictions.rows() == []
    assert predictions.probabilities is not None
    assert predictions.probabilities.shape == (0, 2)


def test_lists_and_objects_mean_the_same(classifier: Bundle) -> None:
    as_list, as_object, both = (
        classifier.predict(rows).rows() for rows in ([list(ROW.values())], [ROW], [tuple(ROW.values()), ROW])
    )
    assert as_list == as_object
    assert both == as_object * 2


def test_every_fault_of_every_row(classifier: Bundle) -> None:
    rows = [{**ROW, "age": 3.5, "agee": 1}, ROW, 5, {**ROW, "job": 7, "seen": 0}, [1, 2]]
    assert faults_of(lambda: classifier.predict(rows)) == [
        ("instances[0].age", "age is not an INT64"),
        ("instances[0].agee", "'agee' is not a column of the model"),
        ("instances[2]", "not a row"),
        ("instances[3].job", "job is not a STRING"),
        ("instances[3].seen", "seen is not a TIMESTAMP"),
        ("instances[4]", "not a row"),
    ]


def test_extra_fields_when_they_are_ignored(classifier: Bundle) -> None:
    assert classifier.predict([{**ROW, "note": object()}], extra="ignore").rows() == classifier.predict([ROW]).rows()


def test_the_nearest_name_is_told(classifier: Bundle) -> None:
    with pytest.raises(RequestError) as caught:
        classifier.predict([{"Member ": True}, {"zzz": 1}])
    near, far = caught.value.faults
    assert (near.nearest, near.where) == ("member", "instances[0]['Member ']")
    assert far.expected == "age, fare, job, member, seen, born"


def test_the_list_of_faults_is_capped_and_says_how_many_more(classifier: Bundle) -> None:
    with pytest.raises(RequestError) as caught:
        classifier.predict([{"age": "x", "fare": "x"}] * 1000)
    assert len(caught.value.faults) == 101
    assert caught.value.faults[99].where == "instances[49].fare"
    assert caught.value.faults[100].what == "and 1900 more faults"


def test_refusing_stays_cheap_with_thousands_of_columns(tmp_path: Path) -> None:
    """Every name of a request unknown, and much like all of two thousand columns."""
    inputs = tuple(Input(name=f"measurement_{index:04}", type=SqlType.FLOAT64) for index in range(2000))
    signature = Signature(
        inputs=inputs, task="regression", label="y", label_type=SqlType.FLOAT64, model_type="linear_reg"
    )
    rows = [{f"measuremint_{index:04}": 1.0 for index in range(start, start + 100)} for start in range(0, 1000, 100)]
    start = time.process_time()
    with pytest.raises(RequestError) as caught:
        InstanceDecoder(signature).decode(rows)
    assert time.process_time() - start < 2
    assert caught.value.faults[0].nearest == "measurement_0000"
    assert caught.value.faults[-1].what == "and 900 more faults"


@pytest.mark.parametrize("instances", [{"age": 3}, "rows", None, 5])
def test_instances_are_a_list(classifier: Bundle, instances: Any) -> None:
    assert faults_of(lambda: classifier.predict(instances)) == [("instances", "instances is not a list")]


def columns_of(bundle: Bundle, rows: list[Any]) -> dict[str, ColumnData]:
    return bundle.decoder().decode(rows)


@pytest.mark.parametrize("num_rows", [0, 1, 2, 7, 300])
@pytest.mark.parametrize("chunk_rows", [1, 2, 3, 64, 4096])
def test_chunks_do_not_change_answers(classifier: Bundle, num_rows: int, chunk_rows: int) -> None:
    rows = [{**ROW, "age": index, "fare": index - 5.0} for index in range(num_rows)]
    columns = columns_of(classifier, rows)
    whole, chunked = classifier.predict_columns(columns), classifier.predict_columns(columns, chunk_rows=chunk_rows)
    assert whole.rows() == chunked.rows()
    assert len(chunked) == num_rows
    np.testing.assert_array_equal(chunked.row_errors, np.arange(num_rows) < 5)


def test_columns_that_are_missing_are_all_named(classifier: Bundle) -> None:
    columns = columns_of(classifier, [ROW])
    del columns["age"], columns["job"]
    assert [what for _, what in faults_of(lambda: classifier.predict_columns(columns))] == [
        "no column age",
        "no column job",
    ]


def test_columns_that_are_not_read_are_left_alone(classifier: Bundle) -> None:
    columns = {**columns_of(classifier, [ROW]), "note": ColumnData(np.array(["x"], object))}
    assert classifier.predict_columns(columns).rows() == classifier.predict([ROW]).rows()


def test_features(classifier: Bundle) -> None:
    features = classifier.features(columns_of(classifier, [ROW]))
    assert list(features) == ["dense"]
    assert features["dense"].tolist() == [[40.0, 1.0]]


VALUE = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters()), st.lists(st.integers(), max_size=2)
)
ANY_ROW = st.one_of(
    st.fixed_dictionaries({}, optional=dict.fromkeys(ROW, VALUE)),
    st.dictionaries(st.text(st.characters()), VALUE),
    st.lists(VALUE),
    VALUE,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(ANY_ROW, max_size=4))
def test_any_rows_are_answered_or_refused(classifier: Bundle, rows: list[Any]) -> None:
    try:
        answer: dict[str, Any] = {"rows": classifier.predict(rows).rows()}
    except RequestError as error:
        answer = error.as_json()
    assert len(answer.get("rows", rows)) == len(rows)
    assert "faults" not in answer or answer["faults"]
    msgspec.json.encode(answer)


def test_threads_share_a_bundle(classifier: Bundle) -> None:
    wrong: list[object] = []

    def ask(age: int) -> None:
        for _ in range(100):
            predictions = classifier.predict([{"age": age}] * (age % 5 + 1))
            if not np.allclose(predictions.probabilities[:, 1], age / 100):  # type: ignore[index]
                wrong.append(age)

    threads = [threading.Thread(target=ask, args=(age,)) for age in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_documents(classifier: Bundle) -> None:
    assert classifier.document("spec.yaml") == b"label: late\n"
    with pytest.raises(BundleError, match=r"holds no lineage\.json"):
        classifier.document("lineage.json")


def rewritten(folder: Path, **changes: Any) -> Path:
    bundle = Bundle.load(folder)
    signature = msgspec.structs.replace(bundle.signature, **changes)
    return write_bundle(folder, model=bundle.document("model.onnx"), signature=signature, overwrite=True)


def test_a_graph_that_does_not_fit_its_signature(classifier_folder: Path) -> None:
    inputs = (
        *(Input(name=name, type=SqlType.INT64) for name in ("age", "height")),
        Input(name="town", type=SqlType.STRING),
    )
    with pytest.raises(BundleError) as caught:
        Bundle.load(rewritten(classifier_folder, inputs=inputs, task="regression"))
    assert [fault.what.partition("differ in ")[2] for fault in caught.value.faults] == [
        "input packed.float64", "input string.job", "input string.town", "output predicted_value"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "what"), [({"inputs": ()}, "no inputs"), ({"padding_version": 2}, "another padding")]
)
def test_signatures_that_cannot_be_served(classifier_folder: Path, changes: dict[str, Any], what: str) -> None:
    with pytest.raises(BundleError, match=what):
        Bundle.load(rewritten(classifier_folder, **changes))


def test_a_model_that_onnx_runtime_refuses(tmp_path: Path, classifier: Bundle) -> None:
    for content in (b"", b"\x08\x0a", b"not a model"):
        folder = write_bundle(tmp_path / "bad", model=content, signature=classifier.signature, overwrite=True)
        with pytest.raises(BundleError):
            Bundle.load(folder)


def test_the_signature_survives_json(classifier: Bundle) -> None:
    assert msgspec.json.decode(msgspec.json.encode(classifier.signature), type=Signature) == classifier.signature
    content = json.loads(classifier.document("signature.json"))
    assert content["inputs"][5] == {"name": "born", "type": "DATE", "origin": "joined from people"}


@pytest.mark.parametrize(
    ("classes", "label_type"), [((False, True), SqlType.BOOL), ((0, 1, 7), SqlType.INT64), (("", "1"), SqlType.STRING)]
)
def test_classes_keep_their_types(classifier: Bundle, classes: tuple[Any, ...], label_type: SqlType) -> None:
    signature = msgspec.structs.replace(classifier.signature, classes=classes, label_type=label_type)
    again = msgspec.json.decode(msgspec.json.encode(signature), type=Signature)
    assert [(value, type(value)) for value in again.classes] == [(value, type(value)) for value in classes]


PREDICT_ALONE = """
import sys, time
start = time.process_time()
import hagane.bundle
seconds = time.process_time() - start
bundle = hagane.bundle.Bundle.load(sys.argv[1])
assert bundle.predict([{"age": 40}]).rows()[0]["predicted_late"] == "no"
heavy = set("torch lightgbm duckdb pyarrow sklearn onnx scipy pandas polars sqlglot matplotlib uvicorn".split())
print(sorted(heavy & set(sys.modules)), seconds)
"""


def test_predicting_needs_little(classifier_folder: Path) -> None:
    runs = [
        subprocess.run(
            [sys.executable, "-c", PREDICT_ALONE, str(classifier_folder)], capture_output=True, text=True, check=True
        ).stdout
        for _ in range(3)
    ]
    assert all(run.startswith("[] ") for run in runs), runs
    assert min(float(run.split()[-1]) for run in runs) < 0.3
