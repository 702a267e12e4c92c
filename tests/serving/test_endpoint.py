"""A server that follows an endpoint: who answers, what it takes up, what it does not, and what it tells."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest
from load_module import BUNDLES, load_module

from hagane.bundle.write_bundle import write_bundle
from hagane.errors import NotFoundError, ServeError
from hagane.features.emit import Emitter
from hagane.serving import ServerThread, recent_requests
from hagane.serving.mirror import Mirror
from hagane.serving.recent_requests import RecentRequests
from hagane.serving.traffic import key_bucket
from hagane.spec.spec import Spec
from hagane.workflow.deploy import deploy
from hagane.workflow.rollback import rollback
from hagane.workflow.undeploy import undeploy
from hagane.workflow.update_endpoint import update_endpoint
from hagane.workspace.endpoint_in_workspace import EndpointInWorkspace
from hagane.workspace.endpoints import Endpoints
from hagane.workspace.workspace import Workspace

WAIT_SECONDS = 60.0


SIGNATURE = load_module(BUNDLES).regressor_signature()


def times(factor: float) -> bytes:
    """A graph that answers factor * x; a row errs where x is negative."""
    e = Emitter()
    x, flat = e.input("packed.float64", np.float64, ("n", 1)), e.constant([-1])
    product = e.node("Mul", x, e.constant(np.float64([factor])))
    e.output("predicted_value", e.node("Reshape", product, flat), np.float64, ("n",))
    e.output("row_error", e.node("Reshape", e.node("Less", x, e.constant(np.float64([0]))), flat), np.bool_, ("n",))
    return bytes(e.model().SerializeToString())


class Place:
    """A workspace whose model `m` answers, in version v, v * x."""

    def __init__(self, root: Path) -> None:
        self.workspace = Workspace(root)

    def register(self, count: int = 1) -> None:
        for _ in range(count):
            with self.workspace.new_version("m") as slot:
                signature = msgspec.structs.replace(SIGNATURE, model_name="m")
                write_bundle(slot.path, model=times(slot.version), signature=signature)
                spec = Spec(data="f.csv", label="y")
                slot.publish(model_type="linear_reg", task="regression", label="y", spec=spec)

    def deploy(self, version: int, **more: Any) -> Any:
        return deploy(f"m@{version}", workspace=self.workspace, **more)

    def server(self, **more: Any) -> ServerThread:
        return ServerThread(endpoint=EndpointInWorkspace(root=str(self.workspace.root), name="m"), **more)

    def reports(self) -> Any:
        return self.workspace.endpoints.reports("m")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "home")


@pytest.fixture
def ask() -> Iterator[Callable[..., httpx.Response]]:
    with httpx.Client(trust_env=False, timeout=30) as client:

        def asked(server: ServerThread, path: str = "/predict", x: float = 1.0, **headers: str) -> httpx.Response:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return client.post(server.url + path, json={"instances": [{"x": x}]}, headers=named)

        yield asked


def until(true: Callable[[], object]) -> None:
    """Wait for what has to come about."""
    end = time.monotonic() + WAIT_SECONDS
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


def served(place: Place, revision: int) -> Callable[[], bool]:
    return lambda: any(each.revision == revision for each in place.reports())


def mirror_of(server: ServerThread) -> Mirror:
    assert server.app is not None
    return next(each for each in server.app.observers if isinstance(each, Mirror))


def answer(response: httpx.Response) -> float:
    assert response.status_code == 200, response.text
    return float(response.json()["predictions"][0]["predicted_y"])


def test_a_version_is_taken_up_while_the_server_answers(place, ask):
    place.register(2)
    place.deploy(1)
    with place.server() as server:
        first = ask(server)
        assert answer(first) == 1.0
        assert first.json()["modelVersionId"] == "1"
        assert first.headers["x-hagane-model-version"] == "1"
        assert first.headers["x-hagane-deployed-model-id"] == first.json()["deployedModelId"]
        place.deploy(2)
        until(lambda: answer(ask(server)) == 2.0)
        until(served(place, 2))
        (report,) = place.reports()
        until(lambda: [each.state for each in place.reports()[0].models] == ["AVAILABLE"])
        assert (report.url, report.problem) == (server.url, "")
        rollback("m", workspace=place.workspace)
        until(lambda: answer(ask(server)) == 1.0)
        assert ask(server).json()["deployedModelId"] == first.json()["deployedModelId"]
    assert place.reports() == []


def test_a_version_that_does_not_load_is_not_taken(place, ask):
    place.register(2)
    place.deploy(1)
    with place.server() as server:
        path = place.workspace.get("m@2").path / "model.onnx"
        whole = path.read_bytes()
        place.deploy(2)
        until(served(place, 2))
        rollback("m", workspace=place.workspace)
        until(served(place, 3))
        path.write_bytes(b"damaged")
        place.workspace.endpoints.change("m", lambda state: place.workspace.endpoints.history("m")[1], "again")
        until(lambda: place.reports()[0].problem)
        (report,) = place.reports()
        assert (report.revision, report.wanted_revision) == (3, 4)
        assert "m@2" in report.problem
        states = {each.version: (each.state, bool(each.error)) for each in report.models if each.state != "UNLOADING"}
        assert states == {1: ("AVAILABLE", False), 2: ("END", True)}
        assert all("m@2" not in each.error for each in report.models), "that is told before it"
        assert answer(ask(server)) == 1.0
        metadata = httpx.get(server.url + "/metadata", trust_env=False).json()["endpoint"]
        assert (metadata["revision"], metadata["wantedRevision"]) == (3, 4)
        assert "m@2" in metadata["problem"]
        path.write_bytes(whole)  # it is tried again by itself
        until(lambda: answer(ask(server)) == 2.0)
        until(served(place, 4))
        assert place.reports()[0].problem == ""


def test_requests_are_kept_for_warming_up_and_not_for_long(place, ask, monkeypatch):
    place.register(1)
    place.deploy(1)
    with place.server() as server:
        (recent,) = (each for each in server.app.observers if isinstance(each, RecentRequests))
        ask(server)
        until(lambda: len(recent.requests) == 1)
        monkeypatch.setattr(recent_requests, "KEPT_SECONDS", 0.0)
        until(lambda: not recent.requests)


def test_an_endpoint_that_is_deleted_is_served_on_and_told_in_a_line(place, ask, caplog, monkeypatch):
    place.register(1)
    place.deploy(1)
    with place.server() as server:
        monkeypatch.setattr(Endpoints, "reports", lambda self, name: [])  # as where the server has not told yet
        place.workspace.endpoints.delete("m")
        until(lambda: "no endpoint 'm'" in caplog.text)
        assert answer(ask(server)) == 1.0
    assert "Traceback" not in caplog.text


def test_a_server_that_starts_with_a_broken_newest_state_serves_the_one_before(place, ask):
    place.register(2)
    place.deploy(1)
    place.deploy(2)
    model = place.workspace.get("m@2").path / "model.onnx"
    model.write_bytes(b"damaged")
    with place.server() as server:
        assert answer(ask(server)) == 1.0
        until(lambda: place.reports() and place.reports()[0].problem)
        assert (place.reports()[0].revision, place.reports()[0].wanted_revision) == (1, 2)
    (place.workspace.get("m@1").path / "model.onnx").write_bytes(b"damaged")
    with pytest.raises(ServeError, match="no state of the endpoint m can be served"):
        place.server().start()
    with pytest.raises(NotFoundError, match="no endpoint 'n'"):
        ServerThread(endpoint=EndpointInWorkspace(root=str(place.workspace.root), name="n")).start()


def test_requests_are_divided_as_the_split_says(place, ask):
    place.register(2)
    place.deploy(1)
    place.deploy(2, traffic=30, labels=["canary"])
    with place.server() as server:
        drawn = Counter(answer(ask(server)) for _ in range(400))
        assert 70 < drawn[2.0] < 175  # binomial(400, 0.3): 1e-7 of either tail
        by_key = {f"user-{index}": answer(ask(server, X_Hagane_Key=f"user-{index}")) for index in range(60)}
        assert all(answer(ask(server, X_Hagane_Key=key)) == found for key, found in by_key.items())
        state = place.workspace.endpoints.get("m")
        version = {each.id: float(each.version) for each in state.models}
        assert by_key == {key: version[state.buckets[key_bucket("m", key.encode())]] for key in by_key}
        update_endpoint("m", traffic_split={"stable": 60, "canary": 40}, workspace=place.workspace)
        until(served(place, 3))
        later = {key: answer(ask(server, X_Hagane_Key=key)) for key in by_key}
        assert {(by_key[key], later[key]) for key in by_key} <= {(1.0, 1.0), (1.0, 2.0), (2.0, 2.0)}
        update_endpoint("m", key_header="X-User", workspace=place.workspace)
        until(served(place, 4))
        assert {key: answer(ask(server, X_User=key)) for key in by_key} == later


def test_versions_labels_and_ids_name_who_answers(place, ask):
    place.register(2)
    place.deploy(1)
    state = place.deploy(2, traffic=50, labels=["canary"])
    with place.server() as server:
        for number, label in ((1, "stable"), (2, "canary")):
            for named in (f"versions/{number}", f"labels/{label}", f"versions/{state.models[number - 1].id}"):
                got = ask(server, f"/v1/models/m/{named}:predict")
                assert got.headers["x-hagane-model-version"] == str(number)
                assert got.json()["predictions"][0]["predicted_y"] == number
            tensor = {"name": "x", "shape": [1], "datatype": "FP64", "data": [1.0]}
            infer = httpx.post(
                f"{server.url}/v2/models/m/versions/{number}/infer", json={"inputs": [tensor]}, trust_env=False
            ).json()
            assert (infer["model_version"], infer["outputs"][0]["data"]) == (str(number), [float(number)])
            status = httpx.get(f"{server.url}/v1/models/m/versions/{number}", trust_env=False).json()
            assert [each["version"] for each in status["model_version_status"]] == [str(number)]
        missing = ask(server, "/v1/models/m/versions/7:predict")
        assert missing.status_code == 404
        assert missing.json() == {"error": "version: no version '7' of m here; expected 1, 2"}
        assert ask(server, "/v1/models/m/labels/canry:predict").json()["error"].endswith("did you mean canary?")
        every = httpx.get(f"{server.url}/v1/models/m", trust_env=False).json()
        assert {each["version"]: each["state"] for each in every["model_version_status"]} == {
            "1": "AVAILABLE",
            "2": "AVAILABLE",
        }
        assert httpx.get(f"{server.url}/v2/models/m", trust_env=False).json()["versions"] == ["1", "2"]
        update_endpoint("m", labels={"blue": "m@2"}, workspace=place.workspace)
        until(lambda: ask(server, "/v1/models/m/labels/blue:predict").status_code == 200)
        undeploy("m@2", endpoint="m", workspace=place.workspace)
        until(lambda: ask(server, "/v1/models/m/labels/blue:predict").status_code == 404)
        assert answer(ask(server)) == 1.0


def test_versions_over_grpc(place):
    grpc = pytest.importorskip("grpc")
    from hagane.serving.grpc_messages import SERVICE, message_class

    place.register(2)
    place.deploy(1)
    place.deploy(2, traffic=50)
    with place.server(grpc_port=0) as server, grpc.insecure_channel(server.grpc_address) as channel:
        call = channel.unary_unary(
            f"/{SERVICE}/ModelInfer",
            request_serializer=message_class("ModelInferRequest").SerializeToString,
            response_deserializer=message_class("ModelInferResponse").FromString,
        )
        request = message_class("ModelInferRequest")(model_name="m")
        tensor = request.inputs.add(name="x", datatype="FP64", shape=[1])
        tensor.contents.fp64_contents.append(3.0)
        seen = {call(request, timeout=30).model_version for _ in range(40)}
        assert seen == {"1", "2"}
        for number in ("1", "2"):
            request.model_version = number
            got = call(request, timeout=30)
            assert (got.model_version, list(got.outputs[0].contents.fp64_contents)) == (number, [3.0 * int(number)])
        request.model_version = ""
        place.register(1)
        state = place.deploy(3, mirror=100)
        until(served(place, state.revision))
        assert place.reports()[0].problem == ""
        keyed = {call(request, timeout=30, metadata=[("x-hagane-key", "Ada")]).model_version for _ in range(12)}
        assert len(keyed) == 1
        until(lambda: server.app and sum(one.num_requests for one in mirror_of(server).comparisons) == 12)
        assert all(one.num_refused == 0 for one in mirror_of(server).comparisons)


def test_what_left_is_freed_without_the_garbage_collector(place, ask):
    place.register(2)
    place.deploy(1)
    with place.server() as server:
        assert server.app is not None
        answer(ask(server))
        bundle = weakref.ref(server.app.endpoint.first.model.bundle)
        gc.collect()
        gc.disable()
        try:
            place.deploy(2)
            until(lambda: answer(ask(server)) == 2.0)
            until(lambda: bundle() is None)
        finally:
            gc.enable()
        until(lambda: [each.version for each in place.reports()[0].models] == [2])


def test_a_version_that_refuses_what_callers_send_is_not_taken(place, ask):
    place.register(1)
    place.deploy(1)
    with place.server() as server:
        for _ in range(3):
            answer(ask(server))
        with place.workspace.new_version("m") as slot:
            column = msgspec.structs.replace(SIGNATURE.inputs[0], name="z")
            signature = msgspec.structs.replace(SIGNATURE, model_name="m", inputs=(column,))
            write_bundle(slot.path, model=times(2), signature=signature)
            slot.publish(model_type="linear_reg", task="regression", label="y", spec=Spec(data="f.csv", label="y"))
        place.deploy(2, force=True)
        until(lambda: place.reports()[0].problem)
        assert "refuses all of the last 3 requests" in place.reports()[0].problem
        assert answer(ask(server)) == 1.0


@pytest.mark.slow
def test_swaps_under_load_fail_no_request_and_every_answer_is_one_versions_own(place):
    place.register(6)
    place.deploy(1)
    paths = ("/predict", "/v1/models/m:predict", "/v2/models/m/infer", "/invocations")
    stop, failures, counts = threading.Event(), [], Counter[int]()

    def body(path: str, x: float) -> dict[str, Any]:
        if path.endswith("infer"):
            return {"inputs": [{"name": "x", "shape": [1], "datatype": "FP64", "data": [x]}]}
        return {"instances": [{"x": x}]}

    def value(path: str, got: Any) -> float:
        if path.endswith("infer"):
            return float(got["outputs"][0]["data"][0])
        first = got["predictions"][0]
        return float(first["predicted_y"] if isinstance(first, dict) else first)

    def load(server: ServerThread, path: str) -> None:
        with httpx.Client(base_url=server.url, trust_env=False, timeout=60) as client:
            for number in range(10**9):
                if stop.is_set():
                    return
                x = number % 50
                try:
                    got = client.post(path, json=body(path, x / 7))
                    version = int(got.headers["x-hagane-model-version"])
                    if got.status_code != 200 or value(path, got.json()) != version * (x / 7):
                        failures.append((path, x, got.status_code, got.text))
                    counts[version] += 1
                except Exception as error:
                    failures.append((path, x, 0, repr(error)))

    with place.server() as server:
        threads = [threading.Thread(target=load, args=(server, path)) for path in paths]
        for thread in threads:
            thread.start()
        for number in range(30):
            state = place.deploy(number % 6 + 1, keep=number % 5 == 0, traffic=(100, 100, 40)[number % 3])
            until(served(place, state.revision))
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert set(counts) == set(range(1, 7))


def test_mirrored_requests_are_compared_and_nobody_hears_them(place, ask):
    place.register(2)
    place.deploy(1)
    place.deploy(2, mirror=100)
    seen: list[Any] = []

    class Log:
        def observe(self, exchange: Any) -> None:
            pass

        def observe_mirror(self, exchange: Any) -> None:
            seen.append((exchange.deployment.model.version, exchange.predictions.values.tolist(), exchange.request.id))

    with place.server() as server:
        assert server.app is not None
        server.app.observers += (Log(),)
        for number in range(1, 21):
            assert answer(ask(server, x=number, X_Request_Id=f"r{number}")) == number
        ask(server, x=-1.0)
        ask(server, "/v1/models/m/versions/2:predict", x=3.0)  # asked of one version: its alone
        until(lambda: len(seen) == 21)
    assert seen[:20] == [("2", [2.0 * number], f"r{number}") for number in range(1, 21)]
    (one,) = place.workspace.endpoints.comparisons("m")
    assert (one.served_reference, one.mirrored_reference) == ("m@1", "m@2")
    assert (one.num_requests, one.num_rows, one.num_refused, one.num_dropped) == (21, 21, 0, 0)
    assert (one.num_errors_both, one.num_errors_served, one.num_errors_mirrored) == (1, 0, 0)
    (label,) = one.labels
    assert label.differences.mean == pytest.approx((sum(range(1, 21)) + 1) / 21)
    assert label.differences.largest == 20.0


def test_a_mirror_that_cannot_keep_up_drops_and_counts(place, ask, monkeypatch):
    place.register(2)
    place.deploy(1)
    place.deploy(2, mirror=100)
    monkeypatch.setattr("hagane.serving.mirror.MOST_WAITING", 3)
    gate = threading.Event()
    with place.server() as server:
        assert server.app is not None
        (mirrored,) = (each for each, _ in server.app.endpoint.mirrors)
        whole = mirrored.model.answer

        def slow(rows: Any) -> Any:
            gate.wait(WAIT_SECONDS)
            return whole(rows)

        object.__setattr__(mirrored.model, "answer", slow)
        for _ in range(20):
            assert answer(ask(server)) == 1.0
        told = httpx.get(server.url + "/metrics", trust_env=False).text
        gate.set()
    (one,) = place.workspace.endpoints.comparisons("m")
    assert one.num_dropped >= 16
    assert f'hagane_mirror_dropped_total{{endpoint="m",model="m",version="2"}} {one.num_dropped}' in told
    assert 1 <= one.num_requests <= 5


def test_a_new_version_is_warmed_with_what_the_log_holds(place, ask, tmp_path):
    pytest.importorskip("pyarrow")
    from hagane.serving.request_log.log_settings import LogSettings

    place.register(2)
    place.deploy(1)
    settings = LogSettings(logs=str(tmp_path / "logs"))
    with place.server(request_log=settings) as server:
        for number in range(5):
            answer(ask(server, x=100.0 + number))
    asked: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        from hagane.bundle.bundle import Bundle

        whole = Bundle.predict

        def predict(bundle: Any, instances: Any, **more: Any) -> Any:
            asked.extend(instances)
            return whole(bundle, instances, **more)

        patch.setattr(Bundle, "predict", predict)
        with place.server(request_log=settings) as server:
            assert answer(ask(server)) == 1.0
    assert {100.0 + number for number in range(5)} <= {row.get("x") for row in asked if isinstance(row, dict)}
