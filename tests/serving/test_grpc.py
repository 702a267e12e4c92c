"""The Open Inference Protocol over gRPC: called with grpcio, held to what REST answers to the same tensors."""

from __future__ import annotations

import contextlib
import math
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import numpy as np
import pytest
from google.rpc import error_details_pb2, status_pb2
from hypothesis import given
from hypothesis import strategies as st

from hagane.bundle.bundle import Bundle
from hagane.errors import ServeError
from hagane.serving import ServerThread, create_app
from hagane.serving.deadline import timeout_seconds
from hagane.serving.grpc_messages import METHODS, SERVICE, message_class
from hagane.serving.grpc_protocol import call_path
from hagane.serving.http import Request, Response
from hagane.serving.overload_options import OverloadOptions
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

    def future(self, name: str, /, *metadata: tuple[str, str], timeout: float = 20, **fields: Any) -> Any:
        """The same, not waited for."""
        call = self.channel.unary_unary(
            f"/{SERVICE}/{name}",
            request_serializer=message_class(f"{name}Request").SerializeToString,
            response_deserializer=message_class(f"{name}Response").FromString,
        )
        return call.future(message_class(f"{name}Request")(**fields), timeout=timeout, metadata=metadata)

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
    monkeypatch.setattr(flights, "predict_values", fail)
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
    message = message_class("ModelInferRequest")(model_name="flights", inputs=tensors, raw_input_contents=raws)
    told: list[Response] = []
    request = Request("POST", call_path("ModelInfer"), {}, {}, message.SerializeToString(), is_call=True)
    create_app(flights).handle(request, told.append)
    if told[0].status == 200:
        assert len(message_class("ModelInferResponse").FromString(told[0].body).outputs) == 3
    else:
        assert told[0].status in (400, 413)
        assert told[0].body


@given(st.lists(st.text(max_size=6), max_size=5))
def test_texts_survive_their_bytes(texts: list[str]) -> None:
    tensor = Tensor("x", "BYTES", (len(texts),), texts)
    assert Tensor.from_raw("x", "BYTES", tensor.shape, tensor.raw(), []) == tensor


def test_a_port_in_use(server: ServerThread, flights: Bundle) -> None:
    port = int(server.grpc_address.rpartition(":")[2])
    with pytest.raises(ServeError, match="gRPC cannot listen"):
        ServerThread(flights, grpc_port=port).start()


# the way of a call is that of every other request


class Held:
    """A model whose runs on threads wait until they are let go."""

    def __init__(self, bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.gone = threading.Semaphore(0), threading.Event()
        self.num_runs = 0
        self._predict = bundle.predict
        monkeypatch.setattr(bundle, "predict", self._run)

    def _run(self, *args: Any, **options: Any) -> Any:
        self.num_runs += 1
        self.begun.release()
        assert self.gone.wait(20)
        return self._predict(*args, **options)


LARGE = [{"name": "age", "datatype": "INT64", "shape": [5_000], "contents": {"int64_contents": [2**62] * 5_000}}]
"""Too large for the event loop: it is run on a thread."""


@pytest.fixture
def busy(flights: Bundle, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[ServerThread, Stub, Held]]]:
    """A server of one thread that is at work on a call, and `Held` until it may go on."""
    calls = []
    with contextlib.ExitStack() as ends:

        def start(**overload: Any) -> tuple[ServerThread, Stub, Held]:
            options = OverloadOptions(**overload)
            server = ends.enter_context(ServerThread(flights, grpc_port=0, num_threads=1, overload=options))
            held, stub = Held(flights, monkeypatch), Stub(server.grpc_address)
            ends.callback(stub.channel.close)
            ends.callback(held.gone.set)
            calls.append(stub.future("ModelInfer", model_name="flights", inputs=LARGE))  # one let go is cancelled
            assert held.begun.acquire(timeout=20)
            return server, stub, held

        yield start


def test_too_many_calls_are_turned_away_with_when_to_come_again(busy: Any) -> None:
    _, stub, _ = busy(most_waiting=1)
    with pytest.raises(grpc.RpcError) as caught:
        stub("ModelInfer", model_name="flights", inputs=LARGE)
    error, told = caught.value, dict(caught.value.trailing_metadata())
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "the server has too much to do" in error.details()
    assert int(told["retry-after"]) * 1000 == int(told["grpc-retry-pushback-ms"]) > 0
    assert told["x-request-id"]
    status = status_pb2.Status.FromString(told["grpc-status-details-bin"])
    retry = error_details_pb2.RetryInfo()
    assert status.details[0].Unpack(retry)
    assert (status.code, status.message) == (error.code().value[0], error.details())
    assert retry.retry_delay.seconds == int(told["retry-after"])
    assert stub("ServerReady").ready  # what only reads is always answered


def test_the_small_do_not_wait_for_the_large(busy: Any) -> None:
    _, stub, _ = busy(most_waiting=1)
    assert len(stub("ModelInfer", model_name="flights", inputs=INPUTS).outputs) == 3


def test_the_less_urgent_are_turned_away_first(busy: Any) -> None:
    _, stub, held = busy(most_waiting=2)
    late = stub.future("ModelInfer", ("priority", "u=7"), model_name="flights", inputs=LARGE)
    assert late.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    usual = stub.future("ModelInfer", model_name="flights", inputs=LARGE)
    held.gone.set()
    assert len(usual.result().outputs) == 3


@pytest.mark.parametrize("how", ["cancelled", "gRPC's deadline", "a header's"])
def test_what_nobody_waits_for_is_not_run(busy: Any, how: str) -> None:
    server, stub, held = busy()
    admission, seen = server.app.admission, list[Any]()
    enter = admission.enter
    admission.enter = lambda exchange: (seen.append(exchange), enter(exchange))
    more = [("x-request-timeout", "100ms")] if how == "a header's" else []
    timeout = 0.2 if how == "gRPC's deadline" else 20
    call = stub.future("ModelInfer", *more, timeout=timeout, model_name="flights", inputs=LARGE)
    while admission.waiting < 2 and not call.done():
        pass
    if how == "cancelled":
        call.cancel()
        assert call.code() is grpc.StatusCode.CANCELLED
        given_up = lambda: any(each.deadline == -math.inf for each in seen)  # noqa: E731
        while not given_up():
            pass
    elif how == "a header's":
        threading.Event().wait(0.2)
        held.gone.set()
    if how != "cancelled":
        assert call.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    held.gone.set()
    while admission.waiting:
        pass
    assert held.num_runs == 1


def test_the_earlier_of_two_deadlines_counts() -> None:
    headers = {b"x-request-timeout": b"5", b"grpc-timeout": b"250m"}
    assert timeout_seconds(headers, 60) == timeout_seconds({b"grpc-timeout": b"250m"}, 60) == 0.25
    assert timeout_seconds({**headers, b"x-request-timeout": b"100ms"}, 60) == 0.1


def test_many_at_once_are_answered_as_if_each_had_come_alone(call: Stub) -> None:
    asked = [
        [{"name": "age", "datatype": "INT64", "shape": [1], "contents": {"int64_contents": [age]}}, *more]
        for age in range(50)
        for more in (
            [],
            [{"name": "job", "datatype": "BYTES", "shape": [1], "contents": {"bytes_contents": [b"pilot"]}}],
        )
    ]
    alone = [call("ModelInfer", model_name="flights", inputs=inputs) for inputs in asked]
    futures = [call.future("ModelInfer", model_name="flights", inputs=inputs) for inputs in asked]
    assert [future.result() for future in futures] == alone
    assert len({each.SerializeToString() for each in alone}) > 3


def test_faults_can_be_read_by_programs(call: Stub) -> None:
    inputs = [{"name": "agee", "datatype": "INT64", "shape": [1], "contents": {"int64_contents": [1]}}]
    with pytest.raises(grpc.RpcError) as caught:
        call("ModelInfer", model_name="flights", inputs=inputs)
    told = dict(caught.value.trailing_metadata())
    request = error_details_pb2.BadRequest()
    assert status_pb2.Status.FromString(told["grpc-status-details-bin"]).details[0].Unpack(request)
    assert [each.field for each in request.field_violations] == ["inputs.agee[0]"]


def test_what_is_no_message(call: Stub) -> None:
    broken = call.channel.unary_unary(f"/{SERVICE}/ModelInfer")
    with pytest.raises(grpc.RpcError) as caught:
        broken(b"\xff\xff", timeout=20)
    assert (caught.value.code(), "cannot be read" in caught.value.details()) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        True,
    )


def test_calls_in_flight_are_finished(flights: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server stops while a call is worked on."""
    server = ServerThread(flights, grpc_port=0).start()
    stub, held = Stub(server.grpc_address), Held(flights, monkeypatch)
    call = stub.future("ModelInfer", model_name="flights", inputs=LARGE)
    assert held.begun.acquire(timeout=20)
    threading.Timer(0.3, held.gone.set).start()
    server.stop()
    assert len(call.result().outputs) == 3
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
