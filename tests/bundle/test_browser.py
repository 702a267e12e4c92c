"""A bundle runs in the browser's engine, onnxruntime-web, as it does here: with the code that docs/serving.md shows."""

from __future__ import annotations

import datetime
import json
import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import hagane
from hagane.bundle.bundle import Bundle

ONNXRUNTIME_WEB = "1.30.0"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
PACKAGES = CACHE / f"hagane-tests/onnxruntime-web-{ONNXRUNTIME_WEB}"
SNIPPET = Path(__file__).parents[2] / "docs" / "browser.mjs"
SCRIPT = Path(__file__).with_name("run_in_browser_engine.mjs")

TRANSFORM = {
    "log": "LN(1 + ABS(x))",
    "power": "POW(ABS(x), 0.3) + SQRT(ABS(x)) + EXP(x / 10)",
    "rounded": "ROUND(x, 2) - FLOOR(x) + LEAST(x, 1.5) + SAFE_DIVIDE(x, i)",
    "whole": "MOD(i, 7) + DIV(i, 3) + ABS(i)",
    "bucket": "ML.BUCKETIZE(x, [-1, 0, 2.5])",
    "hash": "ML.HASH_BUCKETIZE(s, 13)",
    "scaled": "ML.STANDARD_SCALER(x) OVER ()",
    "one_hot": "ML.ONE_HOT_ENCODER(LOWER(TRIM(s)) || UPPER(LEFT(s, 2)), 'none', 100, 0) OVER ()",
    "crossed": "ML.LABEL_ENCODER(ML.FEATURE_CROSS(STRUCT(LEFT(s, 1) AS a, CAST(b AS STRING) AS b)), 100, 0) OVER ()",
    "length": "LENGTH(s) + BYTE_LENGTH(LOWER(s)) + STRPOS(s, 'a')",
    "replaced": "LENGTH(REPLACE(s, 'a', 'bcd')) + LENGTH(REVERSE(s))",
    "parts": "ML.ONE_HOT_ENCODER(SPLIT(s, ' ')[SAFE_OFFSET(1)] || RPAD(s, 2, '-'), 'none', 100, 0) OVER ()",
    "extracted": "LENGTH(REGEXP_EXTRACT(s, r'([a-zé]+)$')) + LENGTH(REGEXP_EXTRACT(s, r'\\S*?[a ]'))",
    "repeated": "LENGTH(REPEAT(s, 3)) + COSINE_DISTANCE([x, 1], [1, 2])",
    "matches": "REGEXP_CONTAINS(s, r'^[a-zé]+$') OR s LIKE '%日%' OR STARTS_WITH(s, 'B')",
    "hour": "EXTRACT(HOUR FROM t AT TIME ZONE 'America/New_York')",
    "week": "EXTRACT(ISOWEEK FROM d) + EXTRACT(WEEK(TUESDAY) FROM t)",
    "days": "DATE_DIFF(DATE(t, 'Asia/Tokyo'), d, WEEK) + DATE_DIFF(LAST_DAY(d), DATE_TRUNC(d, QUARTER), DAY)",
    "later": "UNIX_DATE(DATE_ADD(d, INTERVAL i MONTH)) / 1000",
    "month": "ML.ONE_HOT_ENCODER(FORMAT_TIMESTAMP('%b', t), 'none', 100, 0) OVER ()",
    "read": "UNIX_DATE(PARSE_DATE('%F', FORMAT_DATE('%F', d))) / 1000",
    "angles": "SIN(x) + COS(x) + ATAN2(x, i) + ASIN(MOD(i, 2)) + TANH(x) + SINH(x / 9) + ASINH(x)",
    "bits": "(i & 6) + (i << 2) + BIT_COUNT(i ^ 5)",
    "cast": "SAFE_CAST(CAST(i AS STRING) AS FLOAT64) + IFNULL(SAFE_CAST(s AS INT64), 3)",
    "parsed": "UNIX_SECONDS(CAST(CAST(t AS STRING) AS TIMESTAMP)) / 1e9",
    "parsed_day": "UNIX_DATE(CAST(CAST(d AS STRING) AS DATE)) / 1e4",
    "words": "ML.TF_IDF(ML.NGRAMS(TEXT_ANALYZE(s), [1, 2]), 50, 1) OVER ()",
    "characters": "ML.BAG_OF_WORDS(ML.NGRAMS(SPLIT(s, ''), [1, 2], ''), 50, 1) OVER ()",
    "several": "ML.MULTI_HOT_ENCODER(ARRAY_CONCAT(SPLIT(s, ' '), [LEFT(s, 1)]), 50, 1) OVER ()",
    "norm": "ML.LP_NORM([x, 1.0], 2) + ML.DISTANCE([x, 1.0], [2.0, 3.0], 'MANHATTAN')",
    "unit": "ML.NORMALIZER([x, 2.0])",
    "around": "ML.FEATURE_CROSS(STRUCT(ML.QUANTILE_BUCKETIZE(x, 3) OVER () AS x, LEFT(s, 1) AS s))",
    "chosen": "CASE WHEN b THEN x WHEN i > 3 THEN 2.5 ELSE COALESCE(x, -1) END",
}


def rows(count: int) -> list[dict[str, Any]]:
    chance = random.Random(7)
    texts = ["a", "Anna b", "日本 x", "é", "", "  Bob\tb ", "straße", "😀 a", "ab cd ef"]
    start = datetime.datetime(2013, 1, 1, tzinfo=datetime.UTC)
    made = [
        {
            "x": round(chance.gauss(0, 3), 3),
            "i": chance.randrange(-20, 20),
            "b": chance.random() < 0.5,
            "s": chance.choice(texts),
            "t": (start + datetime.timedelta(seconds=chance.randrange(10**8))).isoformat().replace("+00:00", "Z"),
            "d": (start + datetime.timedelta(days=chance.randrange(4000))).date().isoformat(),
        }
        for _ in range(count)
    ]
    return [{name: None if chance.random() < 0.05 else value for name, value in row.items()} for row in made]


def table(made: list[dict[str, Any]]) -> pa.Table:
    columns = {name: [row[name] for row in made] for name in "xibstd"}
    moment, day = datetime.datetime.fromisoformat, datetime.date.fromisoformat
    label = [(row["x"] or 0) + (row["i"] or 0) / 10 + (row["s"] == "a") for row in made]
    return pa.table({
        **columns,
        "t": pa.array([None if text is None else moment(text) for text in columns["t"]], pa.timestamp("us", "UTC")),
        "d": pa.array([None if text is None else day(text) for text in columns["d"]], pa.date32()),
        "y": pa.array(label, pa.float64()),
    })  # fmt: skip


@pytest.fixture(scope="module")
def bundle_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    trained = hagane.train(table(rows(400)), label="y", transform=TRANSFORM, model="linear_reg", workspace=home)
    return Path(trained.path)


@pytest.fixture(scope="module")
def packages() -> Path:
    """onnxruntime-web, fetched once into the user's cache."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        pytest.skip("node and npm are not here")
    if not (PACKAGES / "node_modules" / "onnxruntime-web" / "package.json").exists():
        PACKAGES.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--prefix", str(PACKAGES), "--no-audit", "--no-fund", "--ignore-scripts",
                   f"onnxruntime-web@{ONNXRUNTIME_WEB}"]  # fmt: skip
        try:
            subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
        except subprocess.SubprocessError as error:
            pytest.skip(f"onnxruntime-web {ONNXRUNTIME_WEB} cannot be fetched: {error}")
    return PACKAGES


def in_browser_engine(packages: Path, folder: Path, batches: list[list[dict[str, Any]]], scratch: Path) -> list[Any]:
    file = scratch / "batches.json"
    file.write_text(json.dumps(batches), encoding="utf-8")
    command = ["node", str(SCRIPT), str(packages), str(SNIPPET), str(folder), str(file)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    answers: list[Any] = json.loads(run.stdout)
    return answers


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_browser_predicts_the_same(bundle_folder: Path, packages: Path, tmp_path: Path) -> None:
    """Values within 1e-9: the engine's float64 Log, Exp and Pow may differ in the last bits."""
    made = rows(500)
    batches = [made[-1:], made[-66:], made[-4:]]
    bundle = Bundle.load(bundle_folder)
    for batch, answer in zip(batches, in_browser_engine(packages, bundle_folder, batches, tmp_path), strict=True):
        expected = bundle.predict(batch, on_error="null").rows()
        values = [np.nan if row["predicted_y"] is None else row["predicted_y"] for row in expected]
        got = [np.nan if value is None else value for value in answer["predicted_value"]]
        np.testing.assert_allclose(got, values, rtol=1e-9, atol=1e-9)
        assert [bool(error) for error in answer["row_error"]] == [row.get("row_error", False) for row in expected]
