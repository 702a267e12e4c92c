"""GEOGRAPHY: well-known text on a sphere of 6,371,010 m; points and their distances in SQL, other shapes in Python."""

from __future__ import annotations

from typing import Any

from hagane.sql.queries.call import Call
from hagane.sql.queries.conversions import float_text
from hagane.sql.queries.query_type import BOOL, FLOAT64, GEOGRAPHY, UNKNOWN, QueryType
from hagane.sql.queries.value import Value

_DIAMETER = "12742020e0"
_BOX = QueryType("STRUCT", fields=tuple((name, FLOAT64) for name in ("xmin", "ymin", "xmax", "ymax")))


def point(call: Call) -> Value:
    """ST_GEOGPOINT(longitude, latitude)."""
    if not call.count(2):
        return Value("NULL", UNKNOWN)
    x, y = call.typed(0, FLOAT64), call.typed(1, FLOAT64)
    call.rewriter.safe = call.safe
    failure = call.rewriter.fail("Latitude must be between -90 and 90 degrees")
    longitude = call.rewriter.bind(
        [x],
        lambda v: f"CASE WHEN {v} BETWEEN -180 AND 180 THEN {v} ELSE {v} - 360e0 * floor(({v} + 180e0) / 360e0) END",
    )
    latitude = call.rewriter.bind([y], lambda v: f"CASE WHEN abs({v}) > 90 OR isnan({v}) THEN {failure} ELSE {v} END")
    text = call.rewriter.bind(
        [Value(longitude, FLOAT64), Value(latitude, FLOAT64)],
        lambda a, b: f"('POINT(' || {float_text(a)} || ' ' || {float_text(b)} || ')')",
    )
    return Value(text, GEOGRAPHY, point=(f"({longitude})", f"({latitude})"))


def coordinate(call: Call) -> Value:
    """ST_X, ST_Y."""
    if not call.count(1):
        return Value("NULL", UNKNOWN)
    value = call.typed(0, GEOGRAPHY)
    if value.point is not None:
        x, y = value.point
        mine, other = (x, y) if call.name == "ST_X" else (y, x)
        return Value(f"CASE WHEN {other} IS NOT NULL THEN {mine} END", FLOAT64)
    return call.rewriter.call(f"hagane_{call.name.lower()}", FLOAT64, value.sql)


def _distance(call: Call) -> str:
    one, two = call.typed(0, GEOGRAPHY), call.typed(1, GEOGRAPHY)
    if one.point is None or two.point is None:
        return call.rewriter.call("hagane_st_distance", FLOAT64, one.sql, two.sql).sql
    (x, y), (u, v) = one.point, two.point
    half = f"sin(radians({v} - {y}) / 2) * sin(radians({v} - {y}) / 2) + cos(radians({y})) * cos(radians({v})) * sin(radians({u} - {x}) / 2) * sin(radians({u} - {x}) / 2)"
    return f"({_DIAMETER} * asin(least(1e0, sqrt({half}))))"


def distance(call: Call) -> Value:
    """ST_DISTANCE: between points by the haversine formula."""
    return Value(_distance(call), FLOAT64) if call.count(2) else Value("NULL", UNKNOWN)


def within_distance(call: Call) -> Value:
    """ST_DWITHIN."""
    if not call.count(3):
        return Value("NULL", UNKNOWN)
    return Value(f"({_distance(call)} <= {call.typed(2, FLOAT64).sql})", BOOL)


def line(call: Call) -> Value:
    """ST_MAKELINE(a, b), ST_MAKELINE(array)."""
    if not call.count(1, 2):
        return Value("NULL", UNKNOWN)
    if len(call.arguments) == 2:
        one, two = call.typed(0, GEOGRAPHY).sql, call.typed(1, GEOGRAPHY).sql
        listed = f"CASE WHEN {one} IS NOT NULL AND {two} IS NOT NULL THEN [{one}, {two}] END"
    else:
        listed = call.typed(0, QueryType("ARRAY", element=GEOGRAPHY)).sql
    return call.rewriter.call("hagane_st_makeline", GEOGRAPHY, listed)


def bounding_box(call: Call) -> Value:
    """ST_BOUNDINGBOX."""
    return (
        call.rewriter.call("hagane_st_boundingbox", _BOX, call.typed(0, GEOGRAPHY).sql)
        if call.count(1)
        else Value("NULL", UNKNOWN)
    )


def dump(call: Call) -> Value:
    """ST_DUMP, ST_DUMPPOINTS, ST_INTERIORRINGS."""
    type_ = QueryType("ARRAY", element=GEOGRAPHY)
    return (
        call.rewriter.call(f"hagane_{call.name.lower()}", type_, call.typed(0, GEOGRAPHY).sql)
        if call.count(1)
        else Value("NULL", UNKNOWN)
    )


def _python(gives: str, *names: str, takes: str = "GEOGRAPHY") -> dict[str, list[str]]:
    listed = ", ".join(f"{{{place}}}" for place in range(len(takes.split(","))))
    return {name: [f"{takes} -> {gives}: hagane_{name.lower()}({listed})"] for name in names}


_TWO = "GEOGRAPHY, GEOGRAPHY"
FUNCTIONS: dict[str, Any] = {
    "ST_GEOGPOINT": point,
    "ST_X": coordinate,
    "ST_Y": coordinate,
    "ST_DISTANCE": distance,
    "ST_DWITHIN": within_distance,
    "ST_MAKELINE": line,
    "ST_BOUNDINGBOX": bounding_box,
    **dict.fromkeys(("ST_DUMP", "ST_DUMPPOINTS", "ST_INTERIORRINGS"), dump),
    "ST_ASTEXT": ["GEOGRAPHY -> STRING: {0}"],
    "ST_GEOGFROM": [
        "STRING -> GEOGRAPHY: hagane_st_geogfromtext({0})",
        "BYTES -> GEOGRAPHY: hagane_st_geogfromwkb({0})",
    ],
    **_python("GEOGRAPHY", "ST_GEOGFROMTEXT", "ST_GEOGFROMGEOJSON", "ST_GEOGPOINTFROMGEOHASH", takes="STRING"),
    **_python("GEOGRAPHY", "ST_GEOGFROMWKB", takes="BYTES"),
    **_python("STRING", "ST_ASGEOJSON", "ST_GEOMETRYTYPE"),
    **_python("BYTES", "ST_ASBINARY"),
    **_python("GEOGRAPHY", "ST_STARTPOINT", "ST_ENDPOINT", "ST_CENTROID", "ST_EXTERIORRING", "ST_MAKEPOLYGON"),
    **_python("FLOAT64", "ST_AREA", "ST_LENGTH", "ST_PERIMETER"),
    **_python("BOOL", "ST_ISEMPTY", "ST_ISCLOSED", "ST_ISCOLLECTION", "ST_ISRING"),
    **_python("INT64", "ST_DIMENSION", "ST_NUMPOINTS", "ST_NUMGEOMETRIES"),
    "ST_NPOINTS": ["GEOGRAPHY -> INT64: hagane_st_numpoints({0})"],
    **_python("STRING", "ST_GEOHASH", takes="GEOGRAPHY, INT64"),
    "ST_POINTN": ["GEOGRAPHY, INT64 -> GEOGRAPHY: hagane_st_pointn({0}, {1})"],
    **_python("FLOAT64", "ST_MAXDISTANCE", "ST_AZIMUTH", takes=_TWO),
    **_python("FLOAT64", "ST_ANGLE", takes=f"{_TWO}, GEOGRAPHY"),
    **_python("BOOL", "ST_COVERS", "ST_CONTAINS", "ST_INTERSECTS", "ST_EQUALS", takes=_TWO),
    "ST_COVEREDBY": [f"{_TWO} -> BOOL: hagane_st_covers({{1}}, {{0}})"],
    "ST_WITHIN": [f"{_TWO} -> BOOL: hagane_st_contains({{1}}, {{0}})"],
    "ST_DISJOINT": [f"{_TWO} -> BOOL: (NOT hagane_st_intersects({{0}}, {{1}}))"],
    "ST_INTERSECTSBOX": [
        "GEOGRAPHY, FLOAT64, FLOAT64, FLOAT64, FLOAT64 -> BOOL: hagane_st_intersectsbox({0}, {1}, {2}, {3}, {4})"
    ],
}
