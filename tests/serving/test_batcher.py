"""Requests that came at once are answered as if each had come alone, to the last bit."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.bundle.bundle import Bundle
from hagane.bundle.predictions import Predictions
from hagane.serving import ServerThread, create_app
from hagane.serving.admission import Unlimited
from hagane.serving.app import App
from hagane.serving.exchange import Exchange
from hagane.serving.http import Request, Response
from hagane.serving.served_model import ServedModel


def ask_at_once(app: App, sent: list[tuple[str, bytes]], **options: Any) -> list[tuple[int, bytes]]:
    """What the application answers to requests that come in one turn of the event loop."""

    async def run() -> list[Response]:
        loop = asyncio.get_running_loop()
        answered = [loop.create_future() for _ in sent]
        for (path, body), future in zip(sent, answered, strict=True):
            app.handle(Request("POST", path, {}, {}, body, **options), future.set_result)
        return await asyncio.gather(*answered)

    return [(response.status, response.body) for response in asyncio.run(run())]


@pytest.fixture
def sizes(flights: Bundle, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Of the batches that are run."""
    seen: list[int] = []
    run = flights.predict_values
    monkeypatch.setattr(flights, "predict_values", lambda values: seen.append(len(values)) or run(values))
    return seen


PATHS = (
    "/predict", "/v1/projects/p/locations/l/endpoints/e:predict", "/v1/projects/p/locations/l/endpoints/e:rawPredict",
    "/v1/models/flights:predict", "/v1/models/flights/versions/1:predict",
)  # fmt: skip


def test_400_at_once_equal_400_alone(flights: Bundle, sizes: list[int]) -> None:
    app = create_app(flights)
    app.admission = Unlimited()
    jobs = ["pilot", "nurse", "鋼", None]
    sent = [
        (
            PATHS[index % len(PATHS)],
            json.dumps(
                {"instances": [{"age": index * 7 % 101, "job": jobs[index % 4], "fare": index / 7}] * (1 + index % 3)}
            ).encode(),
        )
        for index in range(400)
    ]
    alone = [ask_at_once(app, [each])[0] for each in sent]
    sizes.clear()
    assert ask_at_once(app, sent) == alone
    assert {status for status, _ in alone} == {200}
    assert len({body for _, body in alone}) > 100
    assert max(sizes) > 32
    assert max(sizes) <= 64
    assert len(sizes) < 40


def test_over_sockets_too(flights: Bundle, sizes: list[int]) -> None:
    bodies = [json.dumps({"instances": [{"age": index, "fare": 1.5}]}) for index in range(100)]

    async def ask(url: str) -> list[bytes]:
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            answers = await asyncio.gather(*(client.post("/predict", content=body) for body in bodies))
            return [answer.content for answer in answers]

    with ServerThread(flights) as server:
        together = asyncio.run(ask(server.url))
        with httpx.Client(base_url=server.url, trust_env=False) as client:
            assert together == [client.post("/predict", content=body).content for body in bodies]
    assert len(sizes) > 100


def test_rows_that_err_are_refused_each_with_its_own_faults(flights: Bundle) -> None:
    """A row errs where fare is negative."""
    app = create_app(flights)
    sent = [
        ("/predict", json.dumps({"instances": [{"fare": fare, "age": 3} for fare in fares]}).encode())
        for fares in ([1], [-1], [2, -2, 3, -3], [4, 5])
    ]
    alone = [ask_at_once(app, [each])[0] for each in sent]
    assert ask_at_once(app, sent) == alone
    assert [status for status, _ in alone] == [200, 400, 400, 200]
    assert b"instances[1].fare" in alone[2][1]
    assert b"instances[3].fare" in alone[2][1]


def test_rows_that_err_are_marked_where_they_are_answered(doubler_folder: Path) -> None:
    app = create_app(Bundle.load(doubler_folder))
    sent = [("/predict", json.dumps({"instances": [{"x": x}]}).encode()) for x in (1, -1, None, 2)]
    rows = [json.loads(body)["predictions"][0] for _, body in ask_at_once(app, sent)]
    assert [row["predicted_y"] for row in rows] == [2, -2, None, 4]
    assert ["row_error" in row for row in rows] == [False, True, False, False]


def test_where_a_batch_fails_only_the_one_to_blame_does(flights: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(flights)
    run = flights.predict_values

    def fail(values: list[Any]) -> Predictions:
        if any("poison" in row for row in values):
            raise RuntimeError("as ONNX Runtime would")
        return run(values)

    sent = [("/predict", json.dumps({"instances": [{"job": job}]}).encode()) for job in ("pilot", "poison", "nurse")]
    before = [ask_at_once(app, [each])[0] for each in sent]
    monkeypatch.setattr(flights, "predict_values", fail)
    after = ask_at_once(app, sent)
    assert [after[0], after[2]] == [before[0], before[2]]
    assert after[1][0] == 500


def test_who_waits_no_more_is_not_run(flights: Bundle, sizes: list[int]) -> None:
    class Late:
        """Gives every other request no time."""

        def __init__(self) -> None:
            self.inside = self.entered = 0

        def enter(self, exchange: Exchange) -> None:
            self.entered += 1
            self.inside += 1
            exchange.deadline = float("-inf" if self.entered % 2 else "inf")

        def leave(self, exchange: Exchange) -> None:
            self.inside -= 1

    app = create_app(flights)
    app.admission = late = Late()
    sizes.clear()
    answers = ask_at_once(app, [("/predict", b'{"instances": [{"age": 3}]}')] * 6)
    assert [status for status, _ in answers] == [504, 200] * 3
    assert sizes == [3]
    assert late.inside == 0


def test_observers_see_each_request(flights: Bundle) -> None:
    seen: list[Exchange] = []

    class Eye:
        def observe(self, exchange: Exchange) -> None:
            seen.append(exchange)

    app = create_app(flights)
    app.observers = (Eye(),)
    ask_at_once(app, [("/predict", b'{"instances": [{"age": %d}, {"job": "pilot"}]}' % age) for age in range(3)])
    for age, exchange in enumerate(seen):
        assert exchange.predictions is not None
        assert len(exchange.predictions) == 2
        rows = [{name: value for name, value in row.items() if value is not None} for row in exchange.instances]  # type: ignore[attr-defined]
        assert rows == [{"age": age}, {"job": "pilot"}]
        assert exchange.predictions.rows() == flights.predict(list(exchange.instances)).rows()  # type: ignore[call-overload]
        assert exchange.response is not None


def test_batches_are_counted(flights: Bundle) -> None:
    app = create_app(flights)
    body = b'{"instances": [{"age": 3}, {"age": 4}]}'
    ask_at_once(app, [("/predict", body)] * 3)
    told: list[bytes] = []
    app.handle(Request("GET", "/metrics", {}, {}), lambda response: told.append(response.body))
    counted = [line for line in told[0].decode().splitlines() if "batch" in line and "_sum" in line]
    assert sorted(line.rpartition(" ")[2] for line in counted) == ["3", "6"], counted


def test_a_loop_that_ended_with_requests_in_work_does_not_stop_the_next(flights: Bundle) -> None:
    app = create_app(flights)

    async def leave() -> None:
        app.handle(Request("POST", "/predict", {}, {}, b'{"instances": [{}]}'), lambda response: None)

    loop = asyncio.new_event_loop()
    loop.call_soon(loop.stop)
    task = loop.create_task(leave())
    loop.run_until_complete(task)
    loop.close()
    for _ in range(2):
        assert ask_at_once(app, [("/predict", b'{"instances": [{}]}')])[0][0] == 200


def test_predictions_split_are_those_of_the_parts(flights: Bundle) -> None:
    rows = [{"age": age, "fare": -1.0 if age % 3 else 1.0} for age in range(10)]
    whole = flights.predict(rows, on_error="null")
    parts = whole.split([3, 0, 1, 6])
    assert [len(part) for part in parts] == [3, 0, 1, 6]
    for part, own in zip(parts, (rows[:3], [], rows[3:4], rows[4:]), strict=True):
        alone = flights.predict(own, on_error="null")
        assert part.rows() == alone.rows()
        assert dataclasses.replace(part).rows() == alone.rows()


# the short way of reading a body against the long one, through every protocol


@pytest.fixture(scope="module")
def both(flights: Bundle) -> tuple[App, App]:
    """The application as it is, and one that has no short way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ServedModel, "typed_rows", None)
        long = create_app(flights, max_rows=3)
    long.model.__dict__["typed_rows"] = None  # it is looked at in each request, too
    return create_app(flights, max_rows=3), long


FITTING: dict[str, st.SearchStrategy[Any]] = {
    "age": st.integers(-5, 200),
    "fare": st.floats(-1, 100) | st.integers(-1, 100),
    "job": st.sampled_from(["pilot", "nurse", ""]),
    "member": st.booleans(),
    "seen": st.sampled_from(["2013-01-01T05:00:00Z", "2013-01-01"]),
    "born": st.sampled_from(["1970-01-02"]),
}
ODD = st.sampled_from([None, "x", 3.0, 2**63, True, [1], {"b64": "eA=="}, "NaN"])
ROW = st.fixed_dictionaries({}, optional=FITTING)
ODD_ROW = st.fixed_dictionaries({}, optional={**{name: each | ODD for name, each in FITTING.items()}, "agee": ODD})
MORE = st.sampled_from([{}] * 4 + [{"parameters": {}}, {"parameters": {"a": 1}}, {"signature_name": ""}, {"x": 1}])
FIELD = st.sampled_from(["instances"] * 3 + ["dataframe_records", "inputs", "examples"])


BODY = st.builds(
    lambda before, field, rows, more: before + json.dumps({field: rows, **more}).encode(),
    st.sampled_from([b"", b" ", b"\xef\xbb\xbf", b"x"]),
    FIELD,
    st.lists(ROW, max_size=4) | st.lists(ODD_ROW, max_size=4) | ODD,
    MORE,
)
COLUMN_BODY = st.builds(
    lambda columns, more: json.dumps({"inputs": columns, **more}).encode(),
    st.integers(0, 4).flatmap(
        lambda size: st.fixed_dictionaries(
            {}, optional={name: st.lists(each, min_size=size, max_size=size) for name, each in FITTING.items()}
        )
    )
    | st.fixed_dictionaries({}, optional={name: st.lists(each | ODD, max_size=2) for name, each in FITTING.items()})
    | st.dictionaries(st.sampled_from([*FITTING, "x"]), ODD),
    MORE,
)
MORE_PATHS = ("/invocations", "/page/predict", "/v1/models/other:predict", "/v1/models/flights:classify")


@settings(deadline=None, max_examples=200)
@given(BODY, st.sampled_from([*PATHS, *MORE_PATHS]))
def test_every_body_is_answered_as_the_long_way_answers_it(both: tuple[App, App], body: bytes, path: str) -> None:
    answers = [ask_at_once(app, [(path, body)] * 2, id="one") for app in both]
    assert answers[0] == answers[1]


@settings(deadline=None, max_examples=200)
@given(COLUMN_BODY, st.sampled_from(["/v1/models/flights:predict", "/invocations", "/v1/models/other:predict"]))
def test_columns_are_answered_as_the_long_way_answers_them(both: tuple[App, App], body: bytes, path: str) -> None:
    answers = [ask_at_once(app, [(path, body)] * 2, id="one") for app in both]
    assert answers[0] == answers[1]


def test_plain_columns_are_run_in_batches(flights: Bundle, sizes: list[int]) -> None:
    app = create_app(flights)
    sizes.clear()
    body = b'{"inputs": {"age": [40, 10, null], "job": ["pilot", "nurse", "pilot"]}}'
    answers = ask_at_once(app, [("/v1/models/flights:predict", body)] * 2)
    assert sizes == [6]
    rows = [{"age": 40, "job": "pilot"}, {"age": 10, "job": "nurse"}, {"job": "pilot"}]
    assert json.loads(answers[0][1])["outputs"]["predicted_late"] == [
        row["predicted_late"] for row in flights.predict(rows).rows()
    ]


# what comes as lists, tensors, data frames and CSV

Form = tuple[str, dict[bytes, bytes], bytes]
ROW_OF_ALL = {"age": 40, "fare": 1.5, "job": "pilot", "member": True, "seen": "2013-01-01", "born": None}
VALUES = {name: each | st.none() for name, each in FITTING.items()}
WHOLE_ROW = st.fixed_dictionaries(VALUES)
SIGNATURE_ORDER = ["age", "fare", "job", "member", "seen", "born"]


def as_json(path: str, value: Any) -> Form:
    return path, {}, json.dumps(value).encode()


def in_order(rows: list[dict[str, Any]]) -> list[list[Any]]:
    return [[row[name] for name in SIGNATURE_ORDER] for row in rows]


def infer_body(rows: list[dict[str, Any]], odd: dict[str, Any]) -> dict[str, Any]:
    kinds = {"age": "INT64", "fare": "FP64", "member": "BOOL"}
    return {
        "inputs": [
            {
                "name": name,
                "shape": [len(rows)],
                "datatype": kinds.get(name, "BYTES"),
                "data": [row[name] for row in rows],
            }
            for name in SIGNATURE_ORDER
        ],
        **odd,
    }


def binary_body(ages: list[int], fares: list[float], jobs: list[str]) -> Form:
    texts = b"".join(len(text.encode()).to_bytes(4, "little") + text.encode() for text in jobs)
    blobs = [np.array(ages, "<i8").tobytes(), np.array(fares, "<f8").tobytes(), texts]
    inputs = [
        {"name": name, "shape": [len(ages)], "datatype": kind, "parameters": {"binary_data_size": len(blob)}}
        for name, kind, blob in zip(("age", "fare", "job"), ("INT64", "FP64", "BYTES"), blobs, strict=True)
    ]
    head = json.dumps({"inputs": inputs, "parameters": {"binary_data_output": True}}).encode()
    headers = {b"inference-header-content-length": str(len(head)).encode()}
    return "/v2/models/flights/infer", headers, head + b"".join(blobs)


def csv_body(rows: list[dict[str, Any]]) -> Form:
    lines = [",".join("" if value is None else json.dumps(value).strip('"') for value in row) for row in in_order(rows)]
    return "/invocations", {b"content-type": b"text/csv"}, "\n".join([",".join(SIGNATURE_ORDER), *lines]).encode()


ROWS = st.lists(WHOLE_ROW, min_size=1, max_size=4)
ODD_ROWS = st.lists(st.fixed_dictionaries({name: each | ODD for name, each in VALUES.items()}), min_size=1, max_size=4)
SPLIT = st.sampled_from([SIGNATURE_ORDER, SIGNATURE_ORDER[:-1], [*SIGNATURE_ORDER[:-1], "age"], None])
LONG_FORM = st.one_of(
    (ROWS | ODD_ROWS).map(lambda rows: as_json("/predict", {"instances": in_order(rows)})),
    (ROWS | ODD_ROWS).map(lambda rows: as_json("/v1/models/flights:predict", {"instances": in_order(rows)})),
    (ROWS | ODD_ROWS).map(
        lambda rows: as_json("/v1/models/flights:predict", {"instances": rows, "signature_name": ""})
    ),
    (ROWS | ODD_ROWS).map(
        lambda rows: as_json("/v1/models/flights:classify", {"examples": rows, "context": {"age": 3}})
    ),
    (ROWS | ODD_ROWS).map(lambda rows: as_json("/invocations", {"inputs": rows})),
    (ROWS | ODD_ROWS).map(lambda rows: as_json("/invocations", {"instances": in_order(rows), "params": {}})),
    st.builds(
        lambda rows, names: as_json("/invocations", {"dataframe_split": {"columns": names, "data": in_order(rows)}}),
        ROWS | ODD_ROWS,
        SPLIT,
    ),
    st.builds(
        lambda rows, odd: as_json("/v2/models/flights/infer", infer_body(rows, odd)),
        ROWS | ODD_ROWS,
        st.sampled_from([{}, {}, {"id": "a"}, {"outputs": [{"name": "predicted_late"}]}, {"outputs": [{"name": "x"}]}]),
    ),
    st.integers(1, 4).flatmap(
        lambda size: st.builds(
            binary_body,
            st.lists(st.integers(-(2**63), 2**63 - 1), min_size=size, max_size=size),
            st.lists(st.floats(), min_size=size, max_size=size),
            st.lists(st.text(max_size=4), min_size=size, max_size=size),
        )
    ),
    (ROWS | ODD_ROWS).map(csv_body),
)


def ask_forms(app: App, forms: list[Form], **options: Any) -> list[Response]:
    """What is answered to them when they come in one turn of the event loop."""

    async def run() -> list[Response]:
        loop = asyncio.get_running_loop()
        answered = [loop.create_future() for _ in forms]
        for (path, headers, body), future in zip(forms, answered, strict=True):
            app.handle(Request("POST", path, {}, headers, body, id="one", **options), future.set_result)
        return await asyncio.gather(*answered)

    return asyncio.run(run())


@settings(deadline=None, max_examples=200)
@given(st.lists(LONG_FORM, min_size=1, max_size=4))
def test_every_form_is_answered_as_the_long_way_answers_it_alone(both: tuple[App, App], forms: list[Form]) -> None:
    together = ask_forms(both[0], forms)
    assert together == [ask_forms(both[1], [form])[0] for form in forms]


ONE = [ROW_OF_ALL]


@pytest.mark.parametrize(
    "form",
    [
        as_json("/predict", {"instances": in_order(ONE)}),
        as_json("/v1/models/flights:predict", {"instances": in_order(ONE)}),
        as_json("/v1/models/flights:classify", {"examples": ONE}),
        as_json("/v2/models/flights/infer", infer_body(ONE, {})),
        binary_body([40], [1.5], ["pilot"]),
        *(as_json("/invocations", {form: ONE}) for form in ("dataframe_records", "instances", "inputs")),
        as_json("/invocations", {"dataframe_split": {"columns": SIGNATURE_ORDER, "data": in_order(ONE)}}),
        as_json("/invocations", {"inputs": {name: [value] for name, value in ROW_OF_ALL.items()}}),
        csv_body(ONE),
    ],
    ids=lambda form: form[0],
)
def test_every_form_is_run_in_batches(flights: Bundle, sizes: list[int], form: Form) -> None:
    app = create_app(flights)
    sizes.clear()
    answers = ask_forms(app, [form] * 5)
    assert {answer.status for answer in answers} == {200}
    assert sizes == [5]


def test_calls_of_grpc_are_run_in_batches_bit_by_bit_as_alone(flights: Bundle, sizes: list[int]) -> None:
    message_class = pytest.importorskip("hagane.serving.grpc_messages").message_class
    path = pytest.importorskip("hagane.serving.grpc_protocol").call_path("ModelInfer")
    forms: list[Form] = []
    for age in range(40):
        age_tensor = {"name": "age", "datatype": "INT32", "shape": [1], "contents": {"int_contents": [age]}}
        fare = {"name": "fare", "datatype": "FP64", "shape": [1], "contents": {"fp64_contents": [age / 7]}}
        message = message_class("ModelInferRequest")(model_name="flights", inputs=[age_tensor, fare])
        forms.append((path, {}, message.SerializeToString()))
    app = create_app(flights)
    alone = [ask_forms(app, [form], is_call=True)[0] for form in forms]
    sizes.clear()
    assert ask_forms(app, forms, is_call=True) == alone
    assert sizes == [40]
    assert {answer.status for answer in alone} == {200}


def test_rows_with_much_text_are_run_alone(flights: Bundle, sizes: list[int]) -> None:
    app = create_app(flights)
    sizes.clear()
    form = as_json("/predict", {"instances": in_order([{**ROW_OF_ALL, "job": "x" * 20_000}])})
    assert [answer.status for answer in ask_forms(app, [form] * 2)] == [200, 200]
    assert sizes == []
