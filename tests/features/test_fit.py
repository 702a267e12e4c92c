"""Fitting: in the database where that is proven equal, over the graph's own output elsewhere; training rows only."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from hagane.data.open_table import open_table
from hagane.data.split import split_table
from hagane.errors import ExpressionError
from hagane.features import measure_nodes as measure_nodes_module
from hagane.features.encoder import Encoder
from hagane.features.fit import fit_transform
from hagane.features.transform import Transform
from hagane.spec.spec import Split

RANDOM = np.random.default_rng(3)
ROWS = 3_000
TABLE = pa.table(
    {
        "x": pa.array(RANDOM.normal(2, 3, ROWS), mask=RANDOM.random(ROWS) < 0.1),
        "k": pa.array(RANDOM.integers(-50, 50, ROWS), mask=RANDOM.random(ROWS) < 0.1),
        "big": RANDOM.integers(-(2**62), 2**62, ROWS),
        "b": pa.array((RANDOM.random(ROWS) < 0.3).tolist(), mask=RANDOM.random(ROWS) < 0.1),
        "at": pa.array(RANDOM.integers(-(10**16), 10**16, ROWS), pa.timestamp("us", tz="UTC")),
        "s": pa.array(RANDOM.choice(["a", "b", "é", "zz"], ROWS).tolist(), mask=RANDOM.random(ROWS) < 0.1),
        "t": RANDOM.choice(["p", "q"], ROWS).tolist(),
    }
)
PUSHED = {
    "k": "ML.STANDARD_SCALER(k) OVER ()",
    "big": "ML.MIN_MAX_SCALER(big) OVER ()",
    "b": "ML.ONE_HOT_ENCODER(CAST(b AS STRING)) OVER ()",
    "k_text": "ML.ONE_HOT_ENCODER(CAST(MOD(k, 7) AS STRING)) OVER ()",
    "weekday": "ML.ONE_HOT_ENCODER(CAST(EXTRACT(DAYOFWEEK FROM at) AS STRING)) OVER ()",
    "week": "ML.QUANTILE_BUCKETIZE(EXTRACT(WEEK FROM at), 5) OVER ()",
    "seconds": "ML.STANDARD_SCALER(UNIX_SECONDS(at)) OVER ()",
    "cross": "ML.ONE_HOT_ENCODER(ML.FEATURE_CROSS(STRUCT(s, t))) OVER ()",
    "case": "ML.IMPUTER(CASE WHEN k > 3 THEN k WHEN s = 'a' THEN 0 END, 'median') OVER ()",
    "safe": "ML.IMPUTER(DIV(k, k - 1), 'mean') OVER ()",
}


def test_pushed_down_and_streamed_agree_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    table = open_table(TABLE)
    pushed = fit_transform(PUSHED, table, accepts_missing=True)
    monkeypatch.setattr(measure_nodes_module, "can_push_down", lambda expression: False)
    streamed = fit_transform(PUSHED, table, accepts_missing=True)
    assert streamed.parameters == pushed.parameters


def test_derived_expressions_are_measured_on_the_graphs_output() -> None:
    transform = fit_transform(
        {"log": "ML.IMPUTER(LN(x), 'mean') OVER ()", "upper": "ML.ONE_HOT_ENCODER(UPPER(s)) OVER ()"},
        open_table(TABLE),
        accepts_missing=True,
    )
    x = TABLE["x"].to_numpy()
    log, upper = transform.parameters
    assert log.parameters["value"] == pytest.approx(np.log(x[x > 0]).mean(), rel=1e-10)
    assert upper.parameters["values"] == ("A", "B", "ZZ", "É")


def test_parquet_and_memory_give_the_same(tmp_path) -> None:  # type: ignore[no-untyped-def]
    import pyarrow.parquet as pq

    pq.write_table(TABLE, tmp_path / "table.parquet")
    expressions = {**PUSHED, "x": "x", "s": "s", "log": "LN(x)"}
    in_memory = fit_transform(expressions, open_table(TABLE), accepts_missing=False)
    assert fit_transform(expressions, open_table(tmp_path / "table.parquet"), accepts_missing=False) == in_memory


def test_only_training_rows_are_learned_from() -> None:
    part = ["TRAIN"] * 2_000 + ["TEST"] * 1_000
    table = open_table(TABLE.append_column("part", pa.array(part)))
    splits = split_table(table, Split(method="column", column="part"))
    expressions = {"x": "ML.STANDARD_SCALER(x) OVER ()", "s": "s", "log": "ML.IMPUTER(LN(x), 'median') OVER ()"}
    from_split = fit_transform(expressions, splits.train, accepts_missing=True)
    from_rows = fit_transform(expressions, open_table(TABLE.slice(0, 2_000)), accepts_missing=True)
    assert from_split.parameters == from_rows.parameters
    assert from_split.parameters != fit_transform(expressions, table, accepts_missing=True).parameters


def test_a_query_is_fitted_like_a_table() -> None:
    assert fit_transform({"n": "n", "s": "s"}, open_table(
        "SELECT range AS n, 'w' || (range % 3)::VARCHAR AS s FROM range(100)"), accepts_missing=False
    ).parameters[1].parameters["values"] == ("w0", "w1", "w2")  # fmt: skip


def test_empty_training_data_are_fitted_without_a_crash() -> None:
    transform = fit_transform(
        {**PUSHED, "log": "LN(x)", "s": "s"}, open_table(TABLE.slice(0, 0)), accepts_missing=False
    )
    assert len(transform.features) == 12


def test_every_fault_of_every_feature_at_once() -> None:
    with pytest.raises(ExpressionError) as error:
        fit_transform({"a": "missing_column", "b": "at", "c": "LN(s)"}, open_table(TABLE), accepts_missing=True)
    assert [fault.where for fault in error.value.faults] == ["transform.a", "transform.b", "transform.c"]


AROUND = {
    "cross": "ML.FEATURE_CROSS(STRUCT(ML.QUANTILE_BUCKETIZE(x, 3) OVER () AS bucket, s, t), 3)",
    "upper": "UPPER(ML.IMPUTER(s, 'most_frequent') OVER ())",
    "side": "IF(b, ML.QUANTILE_BUCKETIZE(k, 4) OVER (), 'none')",
    "pair": "[ML.IMPUTER(s, 'most_frequent') OVER (), t]",
}


def test_text_around_an_analyzer_learns_its_vocabulary_from_what_that_gives() -> None:
    """Against the same in two steps by hand: buckets by numpy, the texts as columns, encoders of those columns."""
    table = open_table(TABLE)
    frame = TABLE.to_pandas()
    known = np.sort(frame["x"].dropna())
    points = [known[int(np.ceil(len(known) * share)) - 1] for share in (1 / 3, 2 / 3)]
    bucket = [None if np.isnan(x) else f"bin_{1 + sum(x >= point for point in points)}" for x in frame["x"]]
    ks = np.sort(frame["k"].dropna())
    cuts = [ks[int(np.ceil(len(ks) * share)) - 1] for share in (0.25, 0.5, 0.75)]
    side = [
        "none" if b is not True else None if np.isnan(k) else f"bin_{1 + sum(k >= cut for cut in cuts)}"
        for k, b in zip(frame["k"], TABLE["b"].to_pylist(), strict=True)
    ]
    common = frame["s"].value_counts().sort_index().idxmax()
    filled = frame["s"].fillna(common).tolist()
    by_hand = pa.table(
        {
            "bucket": pa.array(bucket, pa.string()), "s": TABLE["s"], "t": TABLE["t"],
            "upper": [text.upper() for text in filled], "side": pa.array(side, pa.string()),
            "pair": list(map(list, zip(filled, frame["t"], strict=True))),
        }
    )  # fmt: skip
    expected = fit_transform(
        {"cross": "ML.FEATURE_CROSS(STRUCT(bucket, s, t), 3)", "upper": "upper", "side": "side", "pair": "pair"},
        open_table(by_hand), accepts_missing=False,
    )  # fmt: skip
    found = fit_transform(AROUND, table, accepts_missing=False)
    again = Transform.from_json(found.to_json())
    assert again.parameters == found.parameters
    assert fit_transform(dict(found.expressions), table, accepts_missing=False).expressions == found.expressions
    for rows, transform in ((TABLE, found), (TABLE, again)):
        (batch,) = open_table(rows).batches()
        (wanted,) = open_table(by_hand).batches()
        one, other = Encoder(transform).encode_batch(batch), Encoder(expected).encode_batch(wanted)
        ids = [feature.name for feature in transform.ids]
        assert sorted(ids) == sorted(feature.name for feature in expected.ids)
        for index, name in enumerate(ids):
            same = [feature.name for feature in expected.ids].index(name)
            assert transform.ids[index].vocabulary == expected.ids[same].vocabulary
            np.testing.assert_array_equal(one.ids[:, index], other.ids[:, same])
        np.testing.assert_array_equal(one.sparse[0].ids, other.sparse[0].ids)


def test_an_analyzer_that_is_written_inside_another_is_refused() -> None:
    nested = "ML.ONE_HOT_ENCODER(UPPER(ML.IMPUTER(s, 'most_frequent') OVER ())) OVER ()"
    with pytest.raises(ExpressionError, match="an analyzer inside an analyzer"):
        fit_transform({"f": nested}, open_table(TABLE), accepts_missing=True)
    one_hot = "ML.FEATURE_CROSS(STRUCT(ML.ONE_HOT_ENCODER(s) OVER () AS s, t))"
    with pytest.raises(ExpressionError, match="is a whole feature"):
        fit_transform({"f": one_hot}, open_table(TABLE), accepts_missing=True)
