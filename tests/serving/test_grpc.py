"""The Open Inference Protocol over gRPC: called with grpcio, held to what REST answers to the same tensors."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hagane.bundle.bundle import Bundle
from hagane.errors import ServeError
from hagane.serving import ServerThread, create_app
from hagane.serving.grpc_messages import METHODS, SERVICE, message_class
from hagane.serving.tensor import Tensor


class Stub:
    """Calls by name."""

    def __init__(self, address: str) -> None:
        self.channel = grpc.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)])

    def __call__(self, name: str, /, **fields: Any) -> Any:
        call = self.channel.unary_unary(
            f"/{SERVICE}/{name}",
            request_serializer=message_class(f"{name}Request").SerializeToString,
            response_deserializer=message_class(f"{name}Response").FromString,
        )
        return call(message_class(f"{name}Request")(**fields), timeout=20)

    def refused(self, name: str, /, **fields: Any) -> tuple[str, str]:
        with pytest.raises(grpc.RpcError) as caught:
            self(name, **fields)
        return caught.value.code().name, caught.value.details()


@pytest.fixture(scope="module")
def server(flights: Bundle) -> Iterator[ServerThread]:
    with ServerThread(flights, version="3", max_rows=100, max_body_bytes=200_000, grpc_port=0) as server:
        yield server


@pytest.fixture(scope="module")
def call(server: ServerThread) -> Iterator[Stub]:
    stub = Stub(server.grpc_address)
    yield stub
    stub.channel.close()


INPUTS = [
    {"name": "age", "datatype": "INT32", "shape": [2], "contents": {"int_contents": [40, 10]}},
    {"name": "fare", "datatype": "FP64", "shape": [2], "contents": {"fp64_contents": [1.5, float("nan")]}},
    {"name": "job", "datatype": "BYTES", "shape": [2, 1], "contents": {"bytes_contents": [b"pilot", "été".encode()]}},
    {"name": "member", "datatype": "BOOL", "shape": [2], "contents": {"bool_contents": [True, False]}},
]
ROWS = [
    {"age": 40, "fare": 1.5, "job": "pilot", "member": True},
    {"age": 10, "fare": None, "job": "été", "member": False},
]


def test_the_server_and_the_model(call: Stub, server: ServerThread) -> None:
    assert call("ServerLive").live
    assert call("ServerReady").ready
    assert call("ModelReady", name="flights", version="3").ready
    rest = httpx.get(f"{server.url}/v2/models/flights", trust_env=False).json()
    told = call("ModelMetadata", name="flights")
    assert [(each.name, each.datatype, list(each.shape)) for each in told.inputs] == [
        (each["name"], each["datatype"], each["shape"]) for each in rest["inputs"]
    ]
    assert [(each.name, each.datatype, list(each.shape)) for each in told.outputs] == [
        (each["name"], each["datatype"], each["shape"]) for each in rest["outputs"]
    ]
    assert (told.name, list(told.versions), told.platform) == (rest["name"], rest["versions"], rest["platform"])
    assert call("ServerMetadata").name == "hagane"


def test_typed_contents(call: Stub, flights: Bundle) -> None:
    expected = flights.predict(ROWS)
    assert expected.probabilities is not None
    assert expected.labels is not None
    answer = call("ModelInfer", model_name="flights", id="42", inputs=INPUTS)
    assert (answer.model_name, answer.model_version, answer.id) == ("flights", "3", "42")
    label, labels, probs = answer.outputs
    assert [text.decode() for text in label.contents.bytes_contents] == expected.labels.tolist()
    assert list(labels.contents.bytes_contents) == [b"no", b"yes"] * 2
    assert list(probs.contents.fp64_contents) == expected.probabilities.ravel().tolist()
    assert list(probs.shape) == [2, 2]
    assert not answer.raw_output_contents


def test_raw_contents(call: Stub, flights: Bundle) -> None:
    values = {"age": ("INT16", np.array([40, 10], "<i2")), "fare": ("FP16", np.array([1.5, np.nan], "<f2"))}
    inputs = [{"name": name, "datatype": datatype, "shape": [2]} for name, (datatype, _) in values.items()]
    inputs.append({"name": "job", "datatype": "BYTES", "shape": [2]})
    raws = [*(array.tobytes() for _, array in values.values()), b"\x05\0\0\0pilot\x05\0\0\0\xc3\xa9t\xc3\xa9"]
    answer = call("ModelInfer", model_name="flights", inputs=inputs, raw_input_contents=raws)
    expected = flights.predict([{name: row[name] for name in ("age", "fare", "job")} for row in ROWS])
    assert np.array_equal(np.frombuffer(answer.raw_output_contents[2], "<f8").reshape(2, 2), expected.probabilities)  # type: ignore[arg-type]
    assert not answer.outputs[0].HasField("contents")


def test_some_outputs_and_the_best_classes(call: Stub) -> None:
    classes = {"name": "predicted_late_probs", "parameters": {"classification": {"int64_param": 1}}}
    answer = call("ModelInfer", model_name="flights", inputs=INPUTS[:1], outputs=[classes, {"name": "predicted_late"}])
    assert [each.name for each in answer.outputs] == ["predicted_late_probs", "predicted_late"]
    assert list(answer.outputs[0].contents.bytes_contents) == [b"0.600000:0:no", b"0.900000:0:no"]


def test_every_fault_at_once(call: Stub) -> None:
    inputs = [
        {"name": "age", "datatype": "FP32", "shape": [2], "contents": {"fp32_contents": [3.5, 2]}},
        {"name": "agee", "datatype": "INT64", "shape": [2], "contents": {"int64_contents": [1, 2]}},
        {"name": "fare", "datatype": "FP31", "shape": [2]},
        {"name": "job", "datatype": "BYTES", "shape": [2], "contents": {"bytes_contents": [b"\xff", b"x"]}},
        {"name": "member", "datatype": "FP16", "shape": [2]},
    ]
    code, text = call.refused("ModelInfer", model_name="flights", inputs=inputs, outputs=[{"name": "late"}])
    assert code == "INVALID_ARGUMENT"
    for told in (
        "inputs.age[0]",
        "inputs.agee[0]",
        "did you mean FP32",
        "inputs.job[0]",
        "raw_input_contents",
        "outputs.late",
    ):
        assert told in text, text


def test_refusals(call: Stub) -> None:
    assert call.refused("ModelMetadata", name="flight")[0] == "NOT_FOUND"
    assert not call("ModelReady", name="flight").ready
    assert not call("ModelReady", name="flights", version="9").ready
    assert call.refused("ModelInfer", model_name="flights", model_version="9")[0] == "NOT_FOUND"
    assert call.refused("ModelInfer", model_name="flights")[0] == "INVALID_ARGUMENT"
    assert (
        call.refused("ModelInfer", model_name="flights", inputs=INPUTS, raw_input_contents=[b"x"])[0]
        == "INVALID_ARGUMENT"
    )
    many = {"name": "age", "datatype": "INT64", "shape": [101], "contents": {"int64_contents": [1] * 101}}
    assert "at most 100" in call.refused("ModelInfer", model_name="flights", inputs=[many])[1]
    bad = {
        "name": "job",
        "datatype": "BYTES",
        "shape": [90],
        "contents": {"bytes_contents": ["é".encode() * 90 + b"\xff"] * 90},
    }
    code, text = call.refused("ModelInfer", model_name="flights", inputs=[bad])
    assert (code, "more)" in text) == ("INVALID_ARGUMENT", True)
    large = {"name": "job", "datatype": "BYTES", "shape": [1], "contents": {"bytes_contents": [b"x" * 300_000]}}
    assert call.refused("ModelInfer", model_name="flights", inputs=[large])[0] == "RESOURCE_EXHAUSTED"


def test_our_own_failures_tell_an_id_and_no_more(call: Stub, flights: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **options: object) -> None:
        raise RuntimeError("the secret inside")

    monkeypatch.setattr(flights, "predict", fail)
    code, text = call.refused("ModelInfer", model_name="flights", inputs=INPUTS)
    assert (code, "id" in text, "secret" in text) == ("INTERNAL", True, False)


TENSOR = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["age", "job", "member", "x", ""]),
        "datatype": st.sampled_from(["INT64", "BYTES", "BOOL", "FP16", "FP64", ""]),
        "shape": st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 3), max_size=3),
    },
    optional={
        "contents": st.fixed_dictionaries(
            {},
            optional={
                "int64_contents": st.lists(st.integers(-(2**63), 2**63 - 1), max_size=3),
                "bytes_contents": st.lists(st.binary(max_size=5), max_size=3),
                "fp64_contents": st.lists(st.floats(), max_size=3),
            },
        )
    },
)


@given(st.lists(TENSOR, max_size=3), st.lists(st.binary(max_size=20), max_size=3))
def test_any_tensors_are_answered_or_refused(flights: Bundle, tensors: list[Any], raws: list[bytes]) -> None:
    from hagane.serving.exchange import Exchange
    from hagane.serving.grpc_inference import GrpcInference
    from hagane.serving.http import HttpError, Request

    app = create_app(flights)
    exchange = Exchange(Request("POST", "", {}, {}), app.endpoint.first)
    request = message_class("ModelInferRequest")(model_name="flights", inputs=tensors, raw_input_contents=raws)
    try:
        answer = GrpcInference(app).infer(request, exchange)
    except HttpError as error:
        refused = error
    else:
        assert len(answer.outputs) == 3
        return
    assert refused.status in (400, 413)
    assert refused.faults


@given(st.lists(st.text(max_size=6), max_size=5))
def test_texts_survive_their_bytes(texts: list[str]) -> None:
    tensor = Tensor("x", "BYTES", (len(texts),), texts)
    assert Tensor.from_raw("x", "BYTES", tensor.shape, tensor.raw(), []) == tensor


def test_a_port_in_use(server: ServerThread, flights: Bundle) -> None:
    port = int(server.grpc_address.rpartition(":")[2])
    with pytest.raises(ServeError, match="gRPC cannot listen"):
        ServerThread(flights, grpc_port=port).start()


def test_calls_in_flight_are_finished(flights: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server stops while a call is worked on."""
    import threading

    begun, predict = threading.Event(), flights.predict
    server = ServerThread(flights, grpc_port=0).start()
    stub = Stub(server.grpc_address)

    def slow(*args: Any, **options: Any) -> Any:
        begun.set()
        threading.Event().wait(0.5)
        return predict(*args, **options)

    monkeypatch.setattr(flights, "predict", slow)
    answers: list[Any] = []
    caller = threading.Thread(target=lambda: answers.append(stub("ModelInfer", model_name="flights", inputs=INPUTS)))
    caller.start()
    assert begun.wait(10)
    server.stop()
    caller.join()
    assert len(answers[0].outputs) == 3
    assert stub.refused("ServerLive")[0] == "UNAVAILABLE"
    stub.channel.close()


def test_without_grpc_the_server_says_what_to_install(flights_folder: Path) -> None:
    script = (
        "import sys; sys.modules['grpc'] = None\n"
        "from hagane.serving import serve\n"
        "from hagane.errors import ServeError\n"
        "try: serve(sys.argv[1], port=0, grpc_port=0)\n"
        "except ServeError as error: print(error.faults[0].next_step)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, str(flights_folder)], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "pip install 'hagane[grpc]'\n"


def test_every_method_has_its_messages() -> None:
    assert all(message_class(f"{name}{end}") for name in METHODS for end in ("Request", "Response"))
