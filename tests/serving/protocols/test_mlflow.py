"""MLflow's scoring server: its exact shapes as golden files, and every form in which pandas writes a frame."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pandas as pd
import pytest

from hagane import __version__
from hagane.bundle.bundle import Bundle

ROW: dict[str, Any] = {
    "age": 40,
    "fare": 1.5,
    "job": "pilot",
    "member": True,
    "seen": "2013-01-01T05:00:00Z",
    "born": "1970-01-02",
}
SPLIT = {"columns": list(ROW), "index": [7], "data": [list(ROW.values())]}
CSV = b'age,fare,job,member,seen\r\n40.0,1.5,pilot,True,2013-01-01 05:00:00\r\n,,"a, b",false,\r\n'
POST = "POST"
CASES: dict[str, tuple[str, str, Any]] = {
    "dataframe_split": (POST, "/invocations", {"dataframe_split": SPLIT, "params": {}}),
    "no_rows": (POST, "/invocations", {"dataframe_records": []}),
    "ping": ("GET", "/ping", None),
    "health": ("GET", "/health", None),
    "every_fault": (
        POST,
        "/invocations",
        {"dataframe_records": [{"age": 3.5, "agee": 1, "fare": "9.5"}, 7], "params": {"top_k": 3}, "x": 1},
    ),
    "every_fault_of_a_split": (
        POST,
        "/invocations",
        {"dataframe_split": {"columns": ["age", "job"], "data": [[1, 2], [1], 5, ["x", None]]}},
    ),
    "no_data": (POST, "/invocations", {"dataframe_split": {"columns": ["age"]}}),
    "two_forms": (POST, "/invocations", {"instances": [], "inputs": []}),
    "no_form": (POST, "/invocations", {"dataframe": []}),
    "no_such_path": (POST, "/invocations/flights", {"instances": [ROW]}),
}
Golden = Callable[..., Any]


@pytest.mark.parametrize("case", CASES)
def test_golden(golden: Golden, case: str) -> None:
    golden("mlflow", case, *CASES[case])


@pytest.mark.parametrize(
    ("case", "body", "content_type"),
    [
        ("csv", CSV, "text/csv; charset=utf-8"),
        ("csv_faults", b"age,agee,job\nforty,1,x\n1,2\n3.5,,\n9223372036854775808,,\n", "text/csv"),
        ("csv_twice", b"age,job,age\n1,x,2\n", "text/csv"),
        ("csv_no_header", b"", "text/csv"),
        ("csv_quote_without_end", b'age,job\n1,"x\n', "text/csv"),
        ("csv_latin", b"job\n\xe9t\xe9\n", "text/csv"),
        ("other_type", CSV, "application/x-parquet"),
    ],
)
def test_golden_csv(golden: Golden, case: str, body: bytes, content_type: str) -> None:
    golden("mlflow", case, "POST", "/invocations", body, headers={"content-type": content_type})


def frame() -> pd.DataFrame:
    rows = [ROW, {**ROW, "age": 7, "job": None, "fare": float("nan")}, {**ROW, "age": 99, "job": 'a "b", c\nd'}]
    return pd.DataFrame(rows)


def expected(flights: Bundle) -> Any:
    return flights.predict(json.loads(frame().to_json(orient="records"))).rows()


@pytest.mark.parametrize("form", ["dataframe_split", "dataframe_records", "instances", "inputs", "columns", "lists"])
def test_what_pandas_writes(client: httpx.Client, flights: Bundle, form: str) -> None:
    """Every form, written by pandas, against the bundle's own answer."""
    data = frame()
    bodies = {
        "dataframe_split": {"dataframe_split": json.loads(data.to_json(orient="split"))},
        "dataframe_records": {"dataframe_records": json.loads(data.to_json(orient="records"))},
        "instances": {"instances": json.loads(data.to_json(orient="records"))},
        "inputs": {"inputs": json.loads(data.to_json(orient="records"))},
        "columns": {"inputs": {name: json.loads(data[name].to_json(orient="values")) for name in data}},
        "lists": {"instances": json.loads(data.to_json(orient="values"))},
    }
    answer = client.post("/invocations", json=bodies[form])
    assert answer.json() == {"predictions": expected(flights)}


def test_csv_as_pandas_writes_it(client: httpx.Client, flights: Bundle) -> None:
    """Ages become floats where one is missing, NaN an empty field: as in any frame."""
    data = frame()
    data["age"] = data["age"].astype("float64")
    body = data.to_csv(index=False).encode()
    answer = client.post("/invocations", content=body, headers={"content-type": "text/csv"})
    assert answer.json() == {"predictions": expected(flights)}


def test_the_training_files_words_for_null(flights: Bundle, tmp_path: Any) -> None:
    import msgspec

    from hagane.bundle.write_bundle import write_bundle
    from hagane.serving import ServerThread

    signature = msgspec.structs.replace(flights.signature, null_words=("?",))
    folder = write_bundle(tmp_path / "words", model=flights.document("model.onnx"), signature=signature)
    with ServerThread(folder) as server:
        answer = httpx.post(
            f"{server.url}/invocations",
            content=b"age,job\n?,?\n",
            headers={"content-type": "text/csv"},
            trust_env=False,
        )
    assert answer.json()["predictions"] == flights.predict([{}]).rows()


def test_the_servers_own_paths(client: httpx.Client) -> None:
    assert (client.get("/ping").status_code, client.get("/ping").content) == (200, b"\n")
    assert client.get("/version").text == __version__
