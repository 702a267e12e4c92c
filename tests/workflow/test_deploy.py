"""What becomes of an endpoint when versions are deployed, shifted, rolled back; and what is refused."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from load_module import BUNDLES, load_module

from hagane.bundle.signature import Input
from hagane.bundle.write_bundle import write_bundle
from hagane.errors import BundleError, HaganeError, NotFoundError, SpecError, StorageError
from hagane.serving.endpoint_state import DeployedModel, EndpointState, state_faults
from hagane.serving.mirror_comparison import MirrorComparison
from hagane.serving.server_report import ModelStatus, ServerReport, host_name, start_time
from hagane.serving.traffic import NUM_BUCKETS, assign_buckets, key_bucket, shared_out
from hagane.spec.spec import Spec
from hagane.types import SqlType
from hagane.workflow.deploy import deploy
from hagane.workflow.rollback import rollback
from hagane.workflow.signature_changes import signature_changes
from hagane.workflow.undeploy import undeploy
from hagane.workflow.update_endpoint import update_endpoint
from hagane.workspace.watched_endpoint import WatchedEndpoint
from hagane.workspace.workspace import Workspace

MADE = load_module(BUNDLES)
DOUBLER = MADE.regressor_model()
Register = Callable[..., str]


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "home")


@pytest.fixture
def register(place: Workspace) -> Register:
    """Registers a version of the model that doubles x, with changes to its signature."""

    def add(name: str = "doubler", **changes: Any) -> str:
        signature = msgspec.structs.replace(MADE.regressor_signature(), **changes)
        with place.new_version(name) as slot:
            write_bundle(slot.path, model=DOUBLER, signature=signature)
            asked = Spec(data="f.csv", label="y")
            return slot.publish(model_type="linear_reg", task="regression", label="y", spec=asked).reference

    return add


def shares(state: EndpointState) -> dict[str, int]:
    return {each.reference: each.traffic for each in state.models}


def labels(state: EndpointState) -> dict[str, tuple[str, ...]]:
    return {each.reference: each.labels for each in state.models}


def test_the_first_deployment_makes_the_endpoint(place, register):
    state = deploy(register(), workspace=place)
    (model,) = state.models
    assert (state.name, state.revision, state.change) == ("doubler", 1, "deploy doubler@1, traffic 100")
    assert (model.reference, model.traffic, model.labels) == ("doubler@1", 100, ("stable",))
    assert model.id.isdigit()
    assert len(model.id) == 10
    assert model.path == place.models_folder / "doubler" / "1"
    assert state.traffic_split == {model.id: 100}
    assert place.endpoints.get("DOUBLER") == state == place.endpoints.list()[0]
    assert (state.changed_by, state.changed[-1]) != ("", "")


def test_a_canary_takes_its_share_and_is_promoted(place, register):
    for _ in range(2):
        register()
    deploy("doubler@1", to="prod", workspace=place)
    canary = deploy("doubler@2", to="prod", traffic=10, labels=["canary"], workspace=place)
    assert shares(canary) == {"doubler@1": 90, "doubler@2": 10}
    assert labels(canary) == {"doubler@1": ("stable",), "doubler@2": ("canary",)}
    promoted = deploy("doubler@2", to="prod", workspace=place)
    assert shares(promoted) == {"doubler@2": 100}  # nothing leads to the first any more
    assert labels(promoted) == {"doubler@2": ("canary", "stable")}
    assert promoted.models[0].id == canary.models[1].id
    kept = deploy("doubler@1", to="prod", keep=True, workspace=place)
    assert shares(kept) == {"doubler@2": 0, "doubler@1": 100}


def test_a_mirror_gets_no_traffic(place, register):
    for _ in range(3):
        register()
    deploy("doubler@1", workspace=place)
    state = deploy("doubler@2", mirror=20, workspace=place)
    assert shares(state) == {"doubler@1": 100, "doubler@2": 0}
    assert [each.mirror for each in state.models] == [0, 20]
    replaced = deploy("doubler@3", workspace=place)
    assert shares(replaced) == {"doubler@2": 0, "doubler@3": 100}  # what answers copies stays
    with pytest.raises(SpecError, match="none to mirror"):
        deploy("doubler@3", traffic=100, mirror=5, workspace=place)


def test_undeploy_shares_out_what_it_had(place, register):
    for _ in range(3):
        register()
    deploy("doubler@1", workspace=place)
    with pytest.raises(SpecError, match="the only model of doubler"):
        undeploy("stable", endpoint="doubler", workspace=place)
    deploy("doubler@2", traffic=50, workspace=place)
    state = deploy("doubler@3", traffic=40, labels=["canary"], workspace=place)
    assert shares(state) == {"doubler@1": 30, "doubler@2": 30, "doubler@3": 40}
    left = undeploy("canary", endpoint="doubler", workspace=place)
    assert shares(left) == {"doubler@1": 50, "doubler@2": 50}
    update_endpoint("doubler", traffic_split={"doubler@2": 100}, workspace=place)
    with pytest.raises(SpecError, match="doubler@2 has all traffic of doubler"):
        undeploy("doubler@2", endpoint="doubler", workspace=place)
    with pytest.raises(NotFoundError, match=r"(?s)no model 'doubler@7'.*doubler@"):
        undeploy("doubler@7", endpoint="doubler", workspace=place)
    with pytest.raises(NotFoundError, match="doubler names 2 models"):
        undeploy("doubler", endpoint="doubler", workspace=place)


def test_rollback_undoes_one_change_after_another(place, register):
    for _ in range(3):
        register()
    first = deploy("doubler@1", workspace=place)
    second = deploy("doubler@2", traffic=10, workspace=place)
    deploy("doubler@3", workspace=place)
    once = rollback("doubler", workspace=place)
    assert (once.models, once.buckets, once.restores) == (second.models, second.buckets, 2)
    twice = rollback("doubler", workspace=place)
    assert (twice.models, twice.revision, twice.restores) == (first.models, 5, 1)
    with pytest.raises(NotFoundError, match="had no other models before revision 1"):
        rollback("doubler", workspace=place)
    again = rollback("doubler", revision=3, workspace=place)
    assert shares(again) == {"doubler@3": 100}
    with pytest.raises(NotFoundError, match="no revision 9"):
        rollback("doubler", revision=9, workspace=place)
    history = place.endpoints.history("doubler")
    assert [state.revision for state in history] == [6, 5, 4, 3, 2, 1]
    assert history[0].change == "rollback to revision 3"


def test_a_rollback_leaves_settings_as_they_are(place, register):
    for _ in range(2):
        register()
    deploy("doubler@1", workspace=place)
    deploy("doubler@2", workspace=place)

    def revoke(state: EndpointState) -> EndpointState:
        return msgspec.structs.replace(state, settings={"tokens": []})

    place.endpoints.change("doubler", revoke, "revoke a token")
    state = rollback("doubler", workspace=place)  # over the change of settings: it deployed nothing
    assert (shares(state), state.settings) == ({"doubler@1": 100}, {"tokens": []})


def test_rollback_to_what_was_deleted_says_so_and_changes_nothing(place, register):
    for _ in range(2):
        register()
    deploy("doubler@1", workspace=place)
    state = deploy("doubler@2", workspace=place)
    place.delete("doubler@1")
    with pytest.raises(NotFoundError, match="doubler@1 is not registered"):
        rollback("doubler", workspace=place)
    assert place.endpoints.get("doubler") == state


def test_what_is_deployed_is_not_deleted(place, register):
    deploy(register(), to="prod", workspace=place)
    with pytest.raises(StorageError, match=r"doubler@1 is deployed to prod"):
        place.delete("doubler")
    assert place.get("doubler").path.is_dir()
    place.endpoints.delete("prod")
    place.delete("doubler")
    assert place.list() == []


def test_update_tells_every_fault_and_changes_nothing(place, register):
    for _ in range(2):
        register()
    deploy("doubler@1", workspace=place)
    before = deploy("doubler@2", traffic=10, workspace=place)
    with pytest.raises(SpecError) as caught:
        update_endpoint(
            "doubler",
            traffic_split={"doubler@1": 50, "doubler@3": 50},
            mirror={"doubler@2": 101},
            labels={"x": "doubler@9"},
            workspace=place,
        )
    assert [fault.what for fault in caught.value.faults] == [
        "no model 'doubler@3' is deployed to doubler",
        "doubler@2 cannot have 101",
        "no model 'doubler@9' is deployed to doubler",
        "the traffic split sums to 50",
    ]
    with pytest.raises(SpecError) as caught:
        update_endpoint("doubler", labels={"1x": "stable"}, key_header="a b", workspace=place)
    assert len(caught.value.faults) == 2
    with pytest.raises(NotFoundError, match=r"(?s)no endpoint 'doublr'.*did you mean: doubler"):
        update_endpoint("doublr", labels={"x": "stable"}, workspace=place)
    assert place.endpoints.get("doubler") == before
    state = update_endpoint(
        "doubler", traffic_split={"doubler@2": 100}, labels={"old": "doubler@1"}, key_header="X-User", workspace=place
    )
    assert shares(state) == {"doubler@1": 0, "doubler@2": 100}
    assert labels(state) == {"doubler@1": ("old",), "doubler@2": ("stable",)}
    assert state.key_header == "X-User"
    assert labels(update_endpoint("doubler", labels={"old": ""}, workspace=place))["doubler@1"] == ()


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"model": "doublr"}, "no model 'doublr'"),
        ({"traffic": 10}, "the traffic split sums to 10"),
        ({"traffic": 101}, "traffic cannot be 101"),
        ({"to": "a/b"}, "'a/b' cannot name an endpoint"),
        ({"labels": ["1"]}, "'1' cannot be a label"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_no_endpoint(place, register, arguments, what):
    register()
    with pytest.raises(HaganeError) as caught:
        deploy(**{"model": "doubler", "workspace": place} | arguments)
    assert what in caught.value.render()
    assert place.endpoints.list() == []


def test_a_signature_that_callers_cannot_use_is_refused_column_by_column(place, register):
    register()
    deploy("doubler@1", workspace=place)
    register(label="z")
    with pytest.raises(SpecError) as caught:
        deploy("doubler@2", workspace=place)
    assert [fault.what for fault in caught.value.faults] == [
        "doubler@2 would not answer the callers of doubler as doubler@1 does",
        "the label is another: answers would be called predicted_z",
    ]
    assert shares(place.endpoints.get("doubler")) == {"doubler@1": 100}
    assert shares(deploy("doubler@2", force=True, workspace=place)) == {"doubler@2": 100}


def test_every_kind_of_change_of_a_signature_is_told():
    old = MADE.classifier_signature()
    columns = list(old.inputs)
    assert signature_changes(old, msgspec.structs.replace(old, threshold=0.7, model_type="dnn_classifier")) == []

    def told(**changes: Any) -> list[str]:
        return [fault.what for fault in signature_changes(old, msgspec.structs.replace(old, **changes))]

    assert told(inputs=(*columns[1:], columns[0])) == [
        "the columns are in another order: rows sent as lists would be misread"
    ]
    assert told(inputs=(Input(name="age", type=SqlType.STRING), *columns[1:])) == ["the column age is another type's"]
    renamed = (Input(name="agee", type=SqlType.INT64), *columns[1:])
    changes = signature_changes(old, msgspec.structs.replace(old, inputs=renamed))
    assert [(fault.where, fault.nearest) for fault in changes] == [("age", ""), ("agee", "age")]
    assert told(inputs=tuple(columns[1:])) == ["the column age is gone: a request that has it would be refused"]
    assert told(inputs=(*columns, Input(name="new", type=SqlType.BOOL))) == [
        "the column new is new: callers do not send it"
    ]
    assert told(classes=("no", "perhaps", "yes")) == ["the classes are others"]
    assert told(task="regression", classes=()) == ["the task is another: answers would be of another kind"]
    assert told(label_type=SqlType.INT64) == ["the label is another type's"]


def test_a_bundle_that_does_not_load_is_not_deployed(place, register):
    register()
    deploy("doubler@1", workspace=place)
    register()
    (place.get("doubler@2").path / "model.onnx").write_bytes(b"no graph")
    with pytest.raises(BundleError):
        deploy("doubler@2", workspace=place)
    assert shares(place.endpoints.get("doubler")) == {"doubler@1": 100}
    with pytest.raises(NotFoundError, match="is not registered in this workspace"):
        deploy(write_bundle(place.root / "x", model=DOUBLER, signature=MADE.regressor_signature()), workspace=place)


def test_a_registry_of_the_release_before_endpoints_is_taken_on(place, register):
    register()
    with closing(sqlite3.connect(place.registry.path)) as connection:
        for table in ("endpoints", "servers", "comparisons"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("PRAGMA user_version = 1")
    assert place.endpoints.list() == []
    assert [each.reference for each in place.list()] == ["doubler@1"]
    deploy("doubler@1", workspace=place)
    assert [state.name for state in place.endpoints.list()] == ["doubler"]


def test_two_who_change_at_once_lose_nothing(place, register):
    deploy(register(), workspace=place)
    script = """
        import sys
        import msgspec
        from hagane.workspace.workspace import Workspace
        place = Workspace(sys.argv[1])
        for number in range(25):
            def edit(state):
                told = {**state.settings, f"{sys.argv[2]}-{number}": {}}
                return msgspec.structs.replace(state, settings=told)
            place.endpoints.change("doubler", edit, f"{sys.argv[2]} {number}")
    """
    runs = [subprocess.Popen([sys.executable, "-c", textwrap.dedent(script), str(place.root), name]) for name in "ab"]
    assert [run.wait(240) for run in runs] == [0, 0]
    state = place.endpoints.get("doubler")
    assert state.revision == 51
    assert set(state.settings) == {f"{name}-{number}" for name in "ab" for number in range(25)}
    assert [each.revision for each in place.endpoints.history("doubler")] == list(range(51, 0, -1))


def test_a_server_sees_every_change_and_only_changes(place, register):
    watched = WatchedEndpoint(place.root, "doubler")
    deploy(register(), workspace=place)
    assert [watched.has_changed(), watched.has_changed()] == [True, False]
    update_endpoint("doubler", labels={"blue": "stable"}, workspace=place)
    assert [watched.has_changed(), watched.has_changed()] == [True, False]
    place.registry.path.rename(place.root / "aside")  # another file in its place
    register("other")
    assert [watched.has_changed(), watched.has_changed()] == [True, False]
    watched.close()


def report(**changes: Any) -> ServerReport:
    fields: dict[str, Any] = {
        "endpoint": "doubler", "host": host_name(), "process": 1, "started": start_time(1) or 0.0,
        "models": (ModelStatus(id="1", model="doubler", version=1, state="AVAILABLE"),),
    }  # fmt: skip
    return ServerReport(**fields | changes)


def test_servers_that_died_are_forgotten(place, register):
    deploy(register(), workspace=place)
    lives, died = report(), report(started=-1.0)
    place.endpoints.report(died)
    assert place.endpoints.reports("doubler") == []
    place.endpoints.report(lives)
    assert place.endpoints.reports("doubler") == [lives]
    with closing(sqlite3.connect(place.registry.path)) as connection:
        assert connection.execute("SELECT count(*) FROM servers").fetchone() == (1,)
    with pytest.raises(StorageError, match="is being served"):
        place.endpoints.delete("doubler")
    place.endpoints.withdraw(lives)
    assert place.endpoints.reports("doubler") == []
    assert place.endpoints.delete("doubler").name == "doubler"


def test_comparisons_of_all_servers_are_one(place, register):
    deploy(register(), workspace=place)
    one = MirrorComparison(endpoint="doubler", served="1", mirrored="2", num_requests=3, num_rows=4)
    place.endpoints.add_comparison("a", one)
    place.endpoints.add_comparison("a", one)  # a server's own takes the place of its last
    place.endpoints.add_comparison("b", msgspec.structs.replace(one, num_requests=10))
    assert [each.num_requests for each in place.endpoints.comparisons("doubler")] == [13]


splits = (
    st.lists(st.integers(0, 100), min_size=1, max_size=6)
    .filter(sum)
    .map(lambda weights: dict(zip("abcdef", shared_out(100, weights), strict=False)))
)


@given(before=splits, after=splits)
def test_no_key_moves_without_need(before, after):
    first = assign_buckets((), before)
    second = assign_buckets(first, after)
    assert {id_: second.count(id_) for id_ in after} == after
    assert len(second) == NUM_BUCKETS
    moved = sum(one != two for one, two in zip(first, second, strict=True))
    assert moved == sum(max(0, after.get(id_, 0) - before.get(id_, 0)) for id_ in "abcdef")  # no fewer could


@given(total=st.integers(0, 100), weights=st.lists(st.integers(0, 100), min_size=1, max_size=8))
def test_shares_are_whole_and_in_proportion(total, weights):
    parts = shared_out(total, weights)
    assert sum(parts) == (total if sum(weights) else 0)
    assert all(
        abs(part - total * weight / max(1, sum(weights))) < 1 for part, weight in zip(parts, weights, strict=True)
    )


def test_keys_fall_evenly_into_buckets():
    counts = [0] * NUM_BUCKETS
    for number in range(100_000):
        counts[key_bucket("late", str(number).encode())] += 1
    chi_squared = sum((count - 1000) ** 2 / 1000 for count in counts)
    assert 50 < chi_squared < 170  # 99 degrees of freedom; 1e-4 of either tail


@given(st.lists(st.integers(0, 100), min_size=1, max_size=4))
def test_a_state_is_sound_if_and_only_if_its_split_sums_to_100(traffic):
    models = tuple(
        DeployedModel(id=str(index), model="m", version=index + 1, traffic=share) for index, share in enumerate(traffic)
    )
    split = {each.id: each.traffic for each in models}
    buckets = assign_buckets((), split) if sum(traffic) == 100 else ()
    assert (not state_faults(EndpointState(name="m", models=models, buckets=buckets))) == (sum(traffic) == 100)
