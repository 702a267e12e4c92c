"""The protocols' real clients against the server: `make test-clients` builds their environment and runs this."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from hagane.bundle.bundle import Bundle
from hagane.serving import ServerThread
from hagane.serving.grpc_messages import METHODS, message_class
from hagane.serving.overload_options import OverloadOptions

PYTHON = os.environ.get("HAGANE_CLIENTS", "")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON, reason="needs tritonclient and others: make test-clients"),
]
ROWS: list[dict[str, Any]] = [
    {"age": 40, "fare": 1.5, "job": "pilot", "member": True, "seen": "2013-01-01T05:00:00Z"},
    {"age": 10, "fare": 2.5, "job": "été", "member": False, "seen": "2013-06-01T05:00:00Z"},
]


@pytest.fixture(scope="module")
def server(flights: Bundle) -> Iterator[ServerThread]:
    with ServerThread(flights, version="3", grpc_port=0) as server:
        yield server


def run(script: str, *arguments: str) -> Any:
    """What a client's program prints as JSON."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment |= {"NO_PROXY": "*", "no_proxy": "*"}
    ran = subprocess.run(
        [PYTHON, "-c", script, json.dumps(ROWS), *arguments],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    return json.loads(ran.stdout)


TRITON = """
import importlib, json, sys
import numpy as np
from tritonclient.utils import InferenceServerException
rows, kind, address = json.loads(sys.argv[1]), sys.argv[2], sys.argv[3]
triton = importlib.import_module("tritonclient." + kind)
client = triton.InferenceServerClient(address)
told = {"live": client.is_server_live(), "ready": client.is_server_ready(),
        "model": client.is_model_ready("flights", "3"), "absent": client.is_model_ready("flights", "9")}
metadata = client.get_model_metadata("flights")
inputs = metadata["inputs"] if kind == "http" else metadata.inputs
told["inputs"] = [each["name"] if kind == "http" else each.name for each in inputs]
types = {"age": ("INT64", np.int64), "fare": ("FP32", np.float32), "job": ("BYTES", np.object_),
         "member": ("BOOL", bool), "seen": ("BYTES", np.object_)}
inputs = []
for name, (datatype, dtype) in types.items():
    inputs.append(triton.InferInput(name, [len(rows)], datatype))
    inputs[-1].set_data_from_numpy(np.array([row[name] for row in rows], dtype))
told["answers"] = []
kinds = [None] if kind == "grpc" else [None, True, False]
for binary in kinds:
    asked = None if binary is None else [triton.InferRequestedOutput(name, binary_data=binary)
                                         for name in ("predicted_late", "predicted_late_probs")]
    answer = client.infer("flights", inputs, outputs=asked, request_id="42")
    labels = [each.decode() if isinstance(each, bytes) else each for each in answer.as_numpy("predicted_late").tolist()]
    told["answers"].append([labels, answer.as_numpy("predicted_late_probs").tolist()])
best = client.infer("flights", inputs, outputs=[triton.InferRequestedOutput("predicted_late_probs", class_count=2)])
told["best"] = [[str(each, "utf-8") if isinstance(each, bytes) else each for each in row]
                for row in best.as_numpy("predicted_late_probs").tolist()]
bad = triton.InferInput("agee", [1], "INT64"); bad.set_data_from_numpy(np.array([1], np.int64))
try:
    client.infer("flights", [bad])
except InferenceServerException as error:
    told["error"] = [error.status(), error.message()]
print(json.dumps(told))
"""


@pytest.mark.parametrize("kind", ["http", "grpc"])
def test_tritonclient(server: ServerThread, flights: Bundle, kind: str) -> None:
    expected = flights.predict(ROWS)
    assert expected.labels is not None
    assert expected.probabilities is not None
    told = run(TRITON, kind, server.grpc_address if kind == "grpc" else server.url.removeprefix("http://"))
    assert (told["live"], told["ready"], told["model"], told["absent"]) == (True, True, True, False)
    assert told["inputs"] == list(flights.signature.names)
    assert all(each == [expected.labels.tolist(), expected.probabilities.tolist()] for each in told["answers"])
    assert told["best"] == [["0.650000:1:yes", "0.350000:0:no"], ["0.900000:0:no", "0.100000:1:yes"]]
    assert told["error"][0] in ("400", "StatusCode.INVALID_ARGUMENT")
    assert "did you mean age" in told["error"][1]


TRITON_OVERLOAD = """
import json, sys
import numpy as np
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException
client = triton.InferenceServerClient(sys.argv[2])
large = triton.InferInput("age", [5000], "INT64")
large.set_data_from_numpy(np.full(5000, 2**62))
first = client.async_infer("flights", [large], callback=lambda result, error: None)
told = {}
def refused(client_timeout=20, **options):
    try:
        client.infer("flights", [large], client_timeout=client_timeout, **options)
    except InferenceServerException as error:
        return error.status()
told["deadline"] = refused(client_timeout=0.5)
told["overload"] = refused()
told["less urgent"] = refused(headers={"priority": "u=6"})
print(json.dumps(told))
"""


def test_tritonclient_meets_the_admission(flights: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """One call is worked on, the others wait in vain: what nobody waits for is not run."""
    gone, predict, runs = threading.Event(), flights.predict, []

    def held(*args: Any, **options: Any) -> Any:
        runs.append(args)
        assert gone.wait(60)
        return predict(*args, **options)

    overload = OverloadOptions(most_waiting=2)
    with ServerThread(flights, grpc_port=0, num_threads=1, overload=overload) as server:
        monkeypatch.setattr(flights, "predict", held)
        try:
            told = run(TRITON_OVERLOAD, server.grpc_address)
        finally:
            gone.set()
    assert told == {
        "deadline": "StatusCode.DEADLINE_EXCEEDED",
        "overload": "StatusCode.RESOURCE_EXHAUSTED",
        "less urgent": "StatusCode.RESOURCE_EXHAUSTED",
    }
    assert len(runs) == 1


DESCRIPTORS = """
import json
from tritonclient.grpc import service_pb2
def told(message):
    fields = [[each.name, each.number, each.type, each.is_repeated, each.message_type.name if each.message_type else ""]
              for each in message.fields]
    return {"fields": fields, "nested": {each.name: told(each) for each in message.nested_types}}
print(json.dumps({name: told(each) for name, each in service_pb2.DESCRIPTOR.message_types_by_name.items()}))
"""


def _told(message: Any) -> dict[str, Any]:
    fields = [
        [each.name, each.number, each.type, each.is_repeated, each.message_type.name if each.message_type else ""]
        for each in message.fields
    ]
    return {"fields": fields, "nested": {each.name: _told(each) for each in message.nested_types}}


@pytest.mark.parametrize("name", [f"{name}{end}" for name in METHODS for end in ("Request", "Response")])
def test_messages_are_those_of_tritons_client(name: str) -> None:
    """Numbers, types and names, those of messages within messages too."""
    theirs = run(DESCRIPTORS)
    for each in (name, "InferParameter", "InferTensorContents"):
        assert _told(message_class(each).DESCRIPTOR) == theirs[each]


VERTEX = """
import json, sys
from google.api_core.exceptions import GoogleAPICallError
from google.auth.credentials import AnonymousCredentials
from google.cloud import aiplatform_v1
from google.cloud.aiplatform_v1.services.prediction_service.transports import PredictionServiceRestTransport
from google.protobuf import json_format
rows, address = json.loads(sys.argv[1]), sys.argv[2]
transport = PredictionServiceRestTransport(host=address, url_scheme="http", credentials=AnonymousCredentials())
client = aiplatform_v1.PredictionServiceClient(transport=transport)
endpoint = "projects/p/locations/europe-west1/endpoints/42"
answer = client.predict(endpoint=endpoint, instances=rows)
told = {"predictions": [json_format.MessageToDict(each) for each in answer._pb.predictions], "model": answer.model,
        "id": answer.deployed_model_id, "version": answer.model_version_id}
for name, call in (("error", lambda: client.predict(endpoint=endpoint, instances=[{"age": "x"}])),
                   ("explain", lambda: client.explain(endpoint=endpoint, instances=rows))):
    try:
        call()
    except GoogleAPICallError as error:
        told[name] = [error.code, type(error).__name__, error.message,
                      [each["field"] for detail in error.details for each in detail["fieldViolations"]]]
print(json.dumps(told))
"""


def test_google_cloud_aiplatform(server: ServerThread, flights: Bundle) -> None:
    """Vertex AI's own client: numbers come as doubles, as its instances are protobuf's values."""
    told = run(VERTEX, server.url.removeprefix("http://"))
    assert told["predictions"] == flights.predict(ROWS).rows()
    assert (told["id"], told["version"]) == (flights.bundle_id, "3")
    assert told["model"] == "projects/p/locations/europe-west1/models/flights"
    code, kind, message, violations = told["error"]
    assert (code, kind) == (400, "BadRequest")
    assert "age is not an INT64" in message
    assert violations[0] == "instances[0].age"
    assert told["explain"][0] == 501


VERTEX_EXPLAIN = """
import json, sys, urllib.request
from google.auth.credentials import AnonymousCredentials
from google.cloud import aiplatform_v1
from google.cloud.aiplatform_v1.services.prediction_service.transports import PredictionServiceRestTransport
from google.protobuf import json_format
address = sys.argv[2]
transport = PredictionServiceRestTransport(host=address, url_scheme="http", credentials=AnonymousCredentials())
client = aiplatform_v1.PredictionServiceClient(transport=transport)
endpoint = "projects/p/locations/europe-west1/endpoints/42"
override = {"parameters": {"topK": -1}, "metadata": {"inputs": {"fare": {"inputBaselines": [2.0]}}}}
rows = [{"fare": 3.0, "job": "pilot"}]
request = aiplatform_v1.ExplainRequest()
json_format.ParseDict({"endpoint": endpoint, "instances": rows, "explanationSpecOverride": override}, request._pb)
answer = client.explain(request)
body = json.dumps({"instances": rows}).encode()
plain = urllib.request.urlopen(f"http://{address}/v1/{endpoint}:explain", body).read()
json_format.Parse(plain, aiplatform_v1.ExplainResponse()._pb)  # refuses whatever it does not know
print(json.dumps([json_format.MessageToDict(each) for each in answer._pb.explanations]))
"""


def test_google_cloud_aiplatform_explains(rides: Bundle) -> None:
    with ServerThread(rides, version="3") as server:
        (told,) = run(VERTEX_EXPLAIN, server.url.removeprefix("http://"))
    yes, no = told["attributions"]
    assert (yes["outputIndex"], yes["outputDisplayName"]) == ([1], "yes")
    assert yes["featureAttributions"]["fare"] == pytest.approx(-no["featureAttributions"]["fare"])
    moved = yes["instanceOutputValue"] - yes["baselineOutputValue"]
    assert sum(yes["featureAttributions"].values()) == pytest.approx(moved)


MLFLOW = """
import json, sys
import pandas as pd
from mlflow.pyfunc.scoring_server.client import ScoringServerClient
rows, host, port = json.loads(sys.argv[1]), sys.argv[2], int(sys.argv[3])
client = ScoringServerClient(host, port)
client.wait_server_ready(timeout=10)
client.ping()
answer = client.invoke(pd.DataFrame(rows))
told = {"predictions": json.loads(answer.to_json())["predictions"],
        "frame": answer.get_predictions()["predicted_late"].tolist(),
        "version": client.get_version()}
try:
    client.invoke(pd.DataFrame([{"agee": 1}]))
except Exception as error:
    told["error"] = str(error)
print(json.dumps(told))
"""


def test_mlflows_scoring_client(server: ServerThread, flights: Bundle) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    told = run(MLFLOW, host, port)
    expected = flights.predict(ROWS)
    assert expected.labels is not None
    assert told["frame"] == expected.labels.tolist()
    assert told["predictions"] == expected.rows()
    assert "did you mean age" in told["error"]
