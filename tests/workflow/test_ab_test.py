"""A/B tests: the metrics against numpy's, the verdicts, what is refused."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from load_module import BUNDLES, load_module

from hagane.bundle.write_bundle import write_bundle
from hagane.errors import DataError, HaganeError, SpecError
from hagane.fronts.cli.run import run
from hagane.metrics.anytime_difference import Moments, anytime_difference
from hagane.serving import ServerThread
from hagane.spec.spec import Spec
from hagane.workflow.ab_test import ab_test
from hagane.workflow.deploy import deploy
from hagane.workspace.endpoint_in_workspace import EndpointInWorkspace
from hagane.workspace.workspace import Workspace

MADE = load_module(BUNDLES)


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    """The endpoint `flights`, half of whose requests go to version 1, half to version 2."""
    found = Workspace(tmp_path / "home")
    for _ in range(2):
        with found.new_version("flights") as slot:
            signature = MADE.classifier_signature()
            write_bundle(slot.path, model=MADE.classifier_model(), signature=signature)
            spec = Spec(data="f.csv", label="late")
            slot.publish(model_type="logistic_reg", task="classification", label="late", spec=spec)
    deploy("flights@1", workspace=found)
    deploy("flights@2", traffic=50, workspace=found)
    return found


def rows(place: Workspace, a: tuple[Any, Any], b: tuple[Any, Any]) -> pa.Table:
    """Predictions and truths of both versions, and some rows that count for neither."""
    ids = [each.id for each in place.endpoints.get("flights").models]
    ids = sorted(ids, key=lambda id_: next(m.version for m in place.endpoints.get("flights").models if m.id == id_))
    parts = [
        pa.table({"deployed_model_id": [id_] * len(truth), "prediction": predicted, "truth": truth})
        for id_, (predicted, truth) in zip([*ids, "0"], (a, b, a), strict=True)
    ]
    unknown = pa.table(
        {"deployed_model_id": [ids[1]], "prediction": a[0][:1], "truth": pa.nulls(1, parts[0]["truth"].type)}
    )
    return pa.concat_tables([*parts, unknown])


def test_accuracy_is_numpys_and_the_better_one_is_named(place):
    draw = np.random.default_rng(0)
    truth = draw.choice(["yes", "no"], 3_000)
    hits_a, hits_b = draw.random(3_000) < 0.7, draw.random(3_000) < 0.8
    wrong = np.where(truth == "yes", "no", "yes")
    data = rows(place, (np.where(hits_a, truth, wrong), truth), (np.where(hits_b, truth, wrong), truth))
    found = ab_test("flights", metric="accuracy", data=data, workspace=place)
    assert (found.a.reference, found.b.reference) == ("flights@1", "flights@2")
    assert (found.a.num_rows, found.b.num_rows) == (3_000, 3_000)
    assert (found.a.value, found.b.value) == (pytest.approx(hits_a.mean()), pytest.approx(hits_b.mean()))
    exact = anytime_difference(
        Moments.of_share(3_000, hits_a.sum()), Moments.of_share(3_000, hits_b.sum()), resolution=0.01
    )
    assert (found.difference, found.lower, found.upper) == pytest.approx(exact[:3])
    assert found.verdict == "b_is_better"
    assert found.text.startswith("flights@2 is better: the difference in accuracy is between +0.0")
    turned = ab_test("flights", metric="accuracy", data=data, a="flights@2", b="flights@1", workspace=place)
    assert (turned.verdict, turned.difference) == ("a_is_better", pytest.approx(-found.difference))


def test_errors_and_log_losses_are_numpys(place):
    draw = np.random.default_rng(1)
    truth, near, far = draw.normal(0, 1, 2_000), draw.normal(0, 0.5, 2_000), draw.normal(0, 0.6, 2_000)
    data = rows(place, (truth + far, truth), (truth + near, truth))
    root = ab_test("flights", metric="rmse", data=data, resolution=0.02, workspace=place)
    assert (root.a.value, root.b.value) == pytest.approx((np.sqrt((far**2).mean()), np.sqrt((near**2).mean())))
    assert root.verdict == "b_is_better"
    flat = ab_test("flights", metric="mean_absolute_error", data=data, resolution=0.02, workspace=place)
    assert flat.b.value == pytest.approx(np.abs(near).mean())
    outcome, sure = draw.random(2_000) < 0.3, np.full(2_000, 0.3)
    data = rows(place, (sure, outcome), (np.where(outcome, 0.0, 1.0), outcome))
    loss = ab_test("flights", metric="log_loss", data=data, workspace=place)
    assert loss.a.value == pytest.approx(-np.log(np.where(outcome, 0.3, 0.7)).mean())
    assert loss.b.value == pytest.approx(-math.log(1e-15))
    assert loss.verdict == "a_is_better"  # lower is better


def test_the_verdicts_between(place):
    draw = np.random.default_rng(2)
    many = draw.random(60_000) < 0.5
    data = rows(place, (many, many), (many, many))
    assert ab_test("flights", metric="accuracy", data=data, workspace=place).verdict == "no_difference"
    same = ab_test("flights", metric="outcome", data=data, resolution=0.03, workspace=place)
    assert same.verdict == "no_difference"
    assert same.text.startswith("no difference larger than 0.03: it is between -0.0")
    some = ab_test(
        "flights", metric="outcome", data=rows(place, (many[:500],) * 2, (many[500:1_000],) * 2), workspace=place
    )
    assert some.verdict == "keep_on"
    assert 10_000 < some.rows_needed < 1_000_000
    assert "rows in all tell a difference of 0.01" in some.text
    few = ab_test("flights", metric="outcome", data=rows(place, (many[:50],) * 2, (many,) * 2), workspace=place)
    assert few.text == "keep on: 100 rows of each version are needed before anything can be said"


def test_what_cannot_be_tested_is_refused(place):
    data = rows(place, ([1.0, 2.0], [1.0, 2.0]), ([1.0, 2.0], [1.0, 2.0]))
    with pytest.raises(SpecError, match=r"(?s)no A/B test by 'acuracy'.*did you mean: accuracy"):
        ab_test("flights", metric="acuracy", data=data, workspace=place)
    with pytest.raises(SpecError, match="rmse has no resolution of its own"):
        ab_test("flights", metric="rmse", data=data, workspace=place)
    with pytest.raises(SpecError) as caught:
        ab_test("flights", metric="rmse", data=data, resolution=-1, level=2, workspace=place)
    assert len(caught.value.faults) == 2
    with pytest.raises(DataError, match="the truth is no outcome"):
        ab_test("flights", metric="outcome", data=data, workspace=place)
    with pytest.raises(DataError, match="the rows have no column truth"):
        ab_test("flights", metric="accuracy", data=data.drop_columns("truth"), workspace=place)
    with pytest.raises(HaganeError, match="deployed_model_id"):
        ab_test("flights", metric="accuracy", data=data.drop_columns("deployed_model_id"), workspace=place)
    with pytest.raises(SpecError, match="which two versions of flights"):
        ab_test("flights", metric="accuracy", data=data, a="flights@1", b="flights@1", workspace=place)


def test_a_request_log_with_its_truth_is_read(place, tmp_path, capsys):
    httpx = pytest.importorskip("httpx")
    from hagane.serving.request_log.log_settings import LogSettings

    settings = LogSettings(logs=str(place.logs_folder))
    where = EndpointInWorkspace(root=str(place.root), name="flights")
    seen = {"1": 0, "2": 0}
    with ServerThread(endpoint=where, request_log=settings) as server, httpx.Client(trust_env=False) as client:
        feedback = []
        for number in range(300):
            row = {"age": 80 if number % 2 else 10, "fare": 1.0, "job": "cook"}
            got = client.post(
                server.url + "/predict", json={"instances": [row]}, headers={"x-request-id": f"r{number}"}
            )
            version = got.json()["modelVersionId"]
            right = "yes" if number % 2 else "no"
            told = right if version == "2" or number % 3 else "no" if right == "yes" else "yes"
            feedback.append({"request_id": f"r{number}", "truth": told})
            seen[version] += 1
        answered = client.post(server.url + "/feedback", json={"feedback": feedback})
        assert answered.status_code < 300, answered.text[:300]
    found = ab_test("flights", metric="accuracy", workspace=place)
    assert (found.a.num_rows, found.b.num_rows) == (seen["1"], seen["2"])
    assert found.b.value == 1.0
    assert 0.4 < found.a.value < 0.9
    loss = ab_test("flights", metric="log_loss", workspace=place)
    assert loss.b.value == pytest.approx(-(math.log(0.8) + math.log(0.9)) / 2, abs=0.03)
    assert run(["endpoints", "ab", "flights", "--metric", "accuracy", "--workspace", str(place.root)]) == 0
    shown = capsys.readouterr().out
    assert "flights@2" in shown
    assert found.text[:12] in shown
    assert run(["endpoints", "ab", "flights", "--metric", "accuracy", "--json", "--workspace", str(place.root)]) == 0
    assert msgspec.json.decode(capsys.readouterr().out)["ab_test"]["verdict"] == found.verdict


def test_versions_that_got_their_shares(place):
    truth = np.array(["yes", "no"] * 500)
    found = ab_test("flights", metric="accuracy", data=rows(place, (truth, truth), (truth, truth)), workspace=place)
    ratio = found.sample_ratio
    assert ratio is not None
    assert (ratio.of, ratio.a, ratio.b, ratio.share_of_b) == ("rows", 1_000, 1_001, 0.5)
    assert not ratio.is_mismatch
    assert "got what the split says" in ratio.text


def test_a_sample_ratio_mismatch_is_told_beside_the_verdict(place):
    """Against scipy's own test, and by requests where rows have their ids: ten rows of one request are one draw."""
    chisquare = pytest.importorskip("scipy.stats").chisquare
    truth = np.array(["yes", "no"] * 500)
    table = rows(place, (truth, truth), (truth[:800], truth[:800]))
    found = ab_test("flights", metric="accuracy", data=table, workspace=place).sample_ratio
    assert found is not None
    assert found.p_value == pytest.approx(chisquare([1_000, 801]).pvalue)
    assert found.is_mismatch
    assert found.text.startswith("sample ratio mismatch: the versions got 1,000 and 801 rows, of which B")
    ten = table.append_column("request_id", pa.array([f"r{at // 10}" for at in range(len(table))]))
    by_request = ab_test("flights", metric="accuracy", data=ten, workspace=place).sample_ratio
    assert by_request is not None
    assert (by_request.of, by_request.is_mismatch) == ("requests", False)


def test_rows_from_before_the_split_say_nothing_of_it(place):
    truth = np.array(["yes", "no"] * 500)
    table = rows(place, (truth, truth), (truth[:100], truth[:100]))

    def at(microseconds):
        times = pa.array([microseconds] * len(table), pa.timestamp("us", "UTC"))
        return ab_test("flights", metric="accuracy", data=table.append_column("time", times), workspace=place)

    assert at(0).sample_ratio is None
    assert at(4_000_000_000_000_000).sample_ratio.is_mismatch
