"""Distances on earth: closed forms and vectors that we did not compute by the haversine formula."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest

from hagane.data.open_table import open_table
from hagane.errors import ExpressionError
from hagane.sql.bind import bind
from hagane.sql.to_duckdb import to_duckdb
from hagane.types import Column, Schema, SqlType

RADIUS = 6_371_010.0
SCHEMA = Schema(tuple(Column(name, SqlType.FLOAT64) for name in ("a", "b", "c", "d")))
DISTANCE = "ST_DISTANCE(ST_GEOGPOINT(a, b), st_geogpoint(c, d))"


def distances(points: list[tuple[float, float, float, float]]) -> list[float | None]:
    columns = {name: [float(point[i]) for point in points] for i, name in enumerate(SCHEMA.names)}
    found = open_table(pa.table(columns)).query(f"SELECT {to_duckdb(bind(DISTANCE, SCHEMA))} AS v FROM data")
    return list(found["v"].to_pylist())


def test_arcs_of_known_length():
    quarter = math.pi / 2 * RADIUS
    found = distances([(0, 0, 0, 90), (-90, 0, 90, 0), (180, 0, -180, 0), (10, 50, 10, 50), (0, -90, 77, 90)])
    assert found == pytest.approx([quarter, 2 * quarter, 0, 0, 2 * quarter], abs=1e-6)


def test_angles_between_vectors():
    random = np.random.default_rng(0)
    points = np.column_stack([random.uniform(-180, 180, 200), random.uniform(-90, 90, 200)] * 1)
    others = points + random.uniform(-1, 1, points.shape) * np.array([60, 30])
    others[:, 1] = np.clip(others[:, 1], -90, 90)

    def vector(where: np.ndarray) -> np.ndarray:
        longitude, latitude = np.radians(where).T
        return np.column_stack(
            [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)]
        )

    one, other = vector(points), vector(others)
    angles = np.arctan2(np.linalg.norm(np.cross(one, other), axis=1), (one * other).sum(axis=1))
    found = distances([(*a, *b) for a, b in zip(points.tolist(), others.tolist(), strict=True)])
    np.testing.assert_allclose(np.array(found, dtype=float), RADIUS * angles, rtol=1e-7)


def test_a_latitude_beyond_the_pole_has_no_distance():
    assert distances([(0, 90.5, 0, 0)]) == [None]


@pytest.mark.parametrize("sql", ["ST_DISTANCE(a, b)", "ST_DISTANCE(ST_GEOGPOINT(a), ST_GEOGPOINT(b, c))"])
def test_other_geographies_are_refused(sql: str):
    with pytest.raises(ExpressionError, match="a distance is that of two points"):
        bind(sql, SCHEMA)


@pytest.mark.parametrize(
    ("array", "points"),
    [
        ("GENERATE_ARRAY(1, 3)", (1.0, 2.0, 3.0)),
        ("GENERATE_ARRAY(-78, -70, 0.01)", tuple(-78 + i * 0.01 for i in range(801))),
        ("GENERATE_ARRAY(0, 1, 0.1)", tuple(i * 0.1 for i in range(11))),
        ("GENERATE_ARRAY(0, 5, 2)", (0.0, 2.0, 4.0)),
    ],
)
def test_points_of_buckets_by_steps(array: str, points: tuple[float, ...]):
    call = bind(f"ML.BUCKETIZE(a, {array})", SCHEMA)
    assert call.modifiers[0] == points


@pytest.mark.parametrize(
    "array", ["GENERATE_ARRAY(1, a)", "GENERATE_ARRAY(1, 2, 0)", "GENERATE_ARRAY(2, 1)", "GENERATE_ARRAY(0, 1, 1e-9)"]
)
def test_what_is_no_series_of_points(array: str):
    with pytest.raises(ExpressionError) as caught:
        bind(f"ML.BUCKETIZE(a, {array})", SCHEMA)
    (fault,) = caught.value.faults
    assert fault.sql[fault.start : fault.end].startswith("GENERATE_ARRAY")
