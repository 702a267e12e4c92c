"""Implicit steps, spelled out."""

from __future__ import annotations

import re

import pytest

from hagane.errors import ExpressionError
from hagane.features.resolve_transform import resolve_transform
from hagane.types import Column, Schema, SqlType

SCHEMA = Schema(
    (
        Column("x", SqlType.FLOAT64),
        Column("k", SqlType.INT64),
        Column("b", SqlType.BOOL),
        Column("s", SqlType.STRING),
        Column("t", SqlType.STRING),
        Column("at", SqlType.TIMESTAMP),
        Column("day", SqlType.DATE),
    )
)
ONE_HOT = "ML.ONE_HOT_ENCODER({}, 'none', 32000, 5) OVER ()"
IMPUTER = "ML.IMPUTER({}, 'mean') OVER ()"
UNCHANGED = "{}"


@pytest.mark.parametrize(
    ("sql", "complete", "missing"),
    [
        ("x", IMPUTER, UNCHANGED),
        ("LN(x)", IMPUTER, UNCHANGED),
        ("COALESCE(x, 0)", UNCHANGED, UNCHANGED),
        ("x IS NULL", UNCHANGED, UNCHANGED),
        ("k > 3", "ML.IMPUTER(CAST(k > 3 AS INT64), 'mean') OVER ()", UNCHANGED),
        ("ML.STANDARD_SCALER(x) OVER ()", "COALESCE({}, 0)", UNCHANGED),
        ("ML.ROBUST_SCALER(k) OVER ()", "COALESCE({}, 0)", UNCHANGED),
        ("ML.STANDARD_SCALER(COALESCE(x, 1)) OVER ()", UNCHANGED, UNCHANGED),
        ("ML.IMPUTER(x, 'median') OVER () * 2.5e10", IMPUTER, UNCHANGED),
        ("s", ONE_HOT, ONE_HOT),
        ("LOWER(s)", ONE_HOT, ONE_HOT),
        ("ML.FEATURE_CROSS(STRUCT(s, t))", ONE_HOT, ONE_HOT),
        ("ML.ONE_HOT_ENCODER(s) OVER ()", UNCHANGED, UNCHANGED),
        ("ML.LABEL_ENCODER(s) OVER ()", UNCHANGED, UNCHANGED),
        ("ML.BUCKETIZE(x, [1, 2])", UNCHANGED, UNCHANGED),
        ("ML.QUANTILE_BUCKETIZE(x, 4) OVER ()", UNCHANGED, UNCHANGED),
        ("ML.HASH_BUCKETIZE(s, 10)", UNCHANGED, UNCHANGED),
        ("ML.IMPUTER(s, 'most_frequent') OVER ()", UNCHANGED, UNCHANGED),
    ],
)
def test_steps(sql: str, complete: str, missing: str) -> None:
    if sql.startswith("ML.IMPUTER(x, 'median')"):
        with pytest.raises(ExpressionError, match="COALESCE"):  # the product may overflow
            resolve_transform({"f": sql}, SCHEMA, accepts_missing=False)
    else:
        assert resolve_transform({"f": sql}, SCHEMA, accepts_missing=False) == {"f": complete.format(sql)}
    assert resolve_transform({"f": sql}, SCHEMA, accepts_missing=True) == {"f": missing.format(sql)}


@pytest.mark.parametrize("accepts_missing", [True, False])
def test_resolving_twice_changes_nothing(accepts_missing: bool) -> None:
    transform = {
        "x": "x",
        "s": "s",
        "b": "b",
        "q": "ML.STANDARD_SCALER(k) OVER ()",
        "c": "ML.FEATURE_CROSS(STRUCT(s, t))",
    }
    once = resolve_transform(transform, SCHEMA, accepts_missing=accepts_missing)
    assert resolve_transform(once, SCHEMA, accepts_missing=accepts_missing) == once


def test_each_combination_of_a_cross_is_a_feature() -> None:
    resolved = resolve_transform({"c": "ML.FEATURE_CROSS(STRUCT(s, t, LOWER(t) AS u))"}, SCHEMA, accepts_missing=True)
    assert resolved == {
        "c_s_t": ONE_HOT.format("ML.FEATURE_CROSS(STRUCT(s, t))"),
        "c_s_u": ONE_HOT.format("ML.FEATURE_CROSS(STRUCT(s, LOWER(t) AS u))"),
        "c_t_u": ONE_HOT.format("ML.FEATURE_CROSS(STRUCT(t, LOWER(t) AS u))"),
    }
    assert resolve_transform(resolved, SCHEMA, accepts_missing=True) == resolved


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ("s, t, s AS z), 3", ["s_t", "s_z", "t_z", "s_t_z"]),
        ("s, CASE WHEN t = ',)' THEN t END AS f1, s || '!' AS z), 3", ["s_f1", "s_z", "f1_z", "s_f1_z"]),
        ("s -- one, two\n, t /* x */ AS x, 'c' AS c)", ["s_x", "s_c", "x_c"]),
    ],
)
def test_combinations_hold_their_fields_whole(fields: str, names: list[str]) -> None:
    transform = {"c": f"ML.FEATURE_CROSS(STRUCT({fields})"}
    once = resolve_transform(transform, SCHEMA, accepts_missing=True)
    assert list(once) == [f"c_{name}" for name in names]
    assert resolve_transform(once, SCHEMA, accepts_missing=True) == once
    assert all(set(name.split("_")[1:]) <= set(re.findall(r"\w+", sql)) for name, sql in once.items())


def test_a_comment_does_not_swallow_the_rest() -> None:
    resolved = resolve_transform({"f": "x -- the fare"}, SCHEMA, accepts_missing=False)
    assert resolve_transform(resolved, SCHEMA, accepts_missing=False) == resolved


@pytest.mark.parametrize(
    ("sql", "way_out"),
    [
        ("at", "EXTRACT(DAYOFWEEK FROM at)"),
        ("day", "UNIX_DATE(day)"),
        ("ML.STANDARD_SCALER(x) OVER () * 2", "COALESCE(ML.STANDARD_SCALER(x) OVER () * 2, 0)"),
    ],
)
def test_refusals_name_the_way_out(sql: str, way_out: str) -> None:
    with pytest.raises(ExpressionError) as error:
        resolve_transform({"f": sql}, SCHEMA, accepts_missing=False)
    (fault,) = error.value.faults
    assert way_out in fault.next_step
    assert fault.where == "transform.f"
    assert "^^" in fault.render()


def test_names_that_clash_and_empty_transforms() -> None:
    transform = {"c_s_t": "x", "c": "ML.FEATURE_CROSS(STRUCT(s, t, s AS z))"}
    with pytest.raises(ExpressionError, match="two features are called 'c_s_t'"):
        resolve_transform(transform, SCHEMA, accepts_missing=True)
    with pytest.raises(ExpressionError, match="no feature"):
        resolve_transform({}, SCHEMA, accepts_missing=True)
