"""Statistics and anomalies as TensorFlow Data Validation writes them."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from hagane.errors import DataError
from hagane.monitoring.compare_distributions import compare_distributions
from hagane.monitoring.drift_options import DriftOptions
from hagane.monitoring.input_column import input_columns
from hagane.monitoring.measure_features import Detail, measure_features
from hagane.monitoring.read_tfdv_statistics import read_tfdv_statistics
from hagane.monitoring.tfdv_statistics import tfdv_statistics
from hagane.monitoring.tfdv_validate import tfdv_validate


def rows(seed: int, shift: float = 0.0) -> pa.Table:
    rng = np.random.default_rng(seed)
    return pa.table(
        {
            "x": pa.array(rng.normal(shift, 1, 200), mask=rng.random(200) < 0.1),
            "n": rng.integers(0, 5, 200),
            "job": rng.choice(["nurse", "pilot"], 200, p=[0.9, 0.1] if shift else [0.2, 0.8]),
            "tags": [["a"] * (index % 3) for index in range(200)],
        }
    )


def measured(table: pa.Table) -> tuple[str, dict[str, Any]]:
    connection = duckdb.connect()
    connection.register("input", table)
    detail = Detail(num_quantiles=10)
    features = measure_features(connection, "SELECT * FROM input", input_columns(table.schema), detail)
    return json.dumps(tfdv_statistics(table.num_rows, features)), {each.name: each.distribution for each in features}


def test_statistics_say_what_was_measured():
    text, distributions = measured(rows(1))
    message = json.loads(text)
    [dataset] = message["datasets"]
    x, n, job, tags = dataset["features"]
    assert dataset["num_examples"] == "200"
    assert ("type" in n, x["type"], job["type"]) == (False, "FLOAT", "STRING")  # INT is the first of the enumeration
    values = rows(1)["x"].drop_null().to_numpy()
    assert x["num_stats"]["std_dev"] == pytest.approx(values.std())
    assert x["num_stats"]["common_stats"]["num_missing"] == str(200 - len(values))
    standard, quantiles = x["num_stats"]["histograms"]
    assert ("type" in standard, quantiles["type"]) == (False, "QUANTILES")
    assert sum(bucket["sample_count"] for bucket in standard["buckets"] if "sample_count" in bucket) == len(values)
    assert len(quantiles["buckets"]) == 10
    assert job["string_stats"]["unique"] == "2"
    assert [bucket["label"] for bucket in job["string_stats"]["rank_histogram"]["buckets"]] == ["pilot", "nurse"]
    assert "low_rank" not in job["string_stats"]["rank_histogram"]["buckets"][0]
    assert tags["string_stats"]["common_stats"]["max_num_values"] == "2"
    assert read_tfdv_statistics(text) == distributions


def test_camel_case_is_read_too():
    stats = {
        "numStats": {"histograms": [{"type": "STANDARD", "buckets": [{"highValue": "Infinity", "sampleCount": 4}]}]}
    }
    found = read_tfdv_statistics(json.dumps({"datasets": [{"features": [{"path": {"step": ["x"]}, **stats}]}]}))
    [bucket] = found["x"].buckets
    assert (bucket.low, bucket.high, bucket.count) == (0.0, float("inf"), 4.0)


@pytest.mark.parametrize("detection", ["SKEW", "DRIFT"])
def test_anomalies_are_the_drift_of_the_rows(detection):
    (base, before), (study, after) = measured(rows(1)), measured(rows(2, shift=3))
    found = json.loads(tfdv_validate(base, study, detection))
    drifts = compare_distributions(before, after, DriftOptions())
    measurements = {
        info["path"]["step"][0]: info[f"{detection.lower()}_measurements"][0] for info in found["drift_skew_info"]
    }
    assert {name: each["value"] for name, each in measurements.items()} == {each.input: each.value for each in drifts}
    assert set(found["anomaly_info"]) == {"x", "job"}
    job = found["anomaly_info"]["job"]
    assert job["reason"][0]["type"] == "COMPARATOR_L_INFTY_HIGH"
    assert job["description"].endswith("difference is: nurse")
    side = "training and serving" if detection == "SKEW" else "previous and current"
    assert found["anomaly_info"]["x"]["short_description"].endswith(side)
    assert f"{detection.lower()}_comparator" in found["baseline"]["feature"][0]


def test_arguments_in_their_order():
    (base, _), (study, _) = measured(rows(1)), measured(rows(2, shift=3))
    kinds = (0.9, "JENSEN_SHANNON_DIVERGENCE", 0.99, "JENSEN_SHANNON_DIVERGENCE", {"job": 0.05})
    found = json.loads(tfdv_validate(base, study, "drift", *kinds))
    assert set(found["anomaly_info"]) == {"job"}
    thresholds = [info["drift_measurements"][0]["threshold"] for info in found["drift_skew_info"]]
    assert thresholds == [0.99, 0.99, 0.05, 0.9]


@pytest.mark.parametrize("text", ["", "[1]", '{"datasets": [1]}', '{"datasets": [{"features": [{}, 2]}]}', "{" * 5000])
def test_what_is_no_statistics_is_refused(text):
    with pytest.raises(DataError, match="statistics cannot be read"):
        tfdv_validate(text, "{}", "SKEW")


def test_all_wrong_arguments_are_told():
    with pytest.raises(DataError) as caught:
        tfdv_validate("{}", "{}", "SKEWS", 1.0, "L2", -0.1, "L_INFTY", {"a": 3.0})
    assert len(caught.value.faults) == 6
