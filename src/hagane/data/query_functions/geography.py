"""Functions of GEOGRAPHY, a row at a time, over well-known text."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from hagane.data.query_functions import shapes
from hagane.data.query_functions.query_function import QueryFunction
from hagane.data.query_functions.shapes import Part, Place, Shape, angle, distance, vector, write_text

_read = functools.lru_cache(maxsize=65_536)(shapes.read_text)
_LETTERS = "0123456789bcdefghjkmnpqrstuvwxyz"


def _point(place: Place) -> Shape:
    return (Part(0, (((shapes.wrapped(place[0]), place[1]),),)),)


def _one_place(shape: Shape) -> Place:
    if len(shape) != 1 or shape[0].dimension != 0:
        raise ValueError("a single point is expected")
    return shape[0].rings[0][0]


def _one_line(shape: Shape) -> tuple[Place, ...]:
    if len(shape) != 1 or shape[0].dimension != 1:
        raise ValueError("a single line is expected")
    return shape[0].rings[0]


def _places(shape: Shape) -> list[Place]:
    return [place for part in shape for place in part.places]


def azimuth(one: Place, two: Place) -> float | None:
    """Clockwise from the north, in radians; NULL of one place."""
    if one == two:
        return None
    (x, y), (u, v) = (tuple(map(math.radians, place)) for place in (one, two))
    turned = math.atan2(
        math.sin(u - x) * math.cos(v), math.cos(y) * math.sin(v) - math.sin(y) * math.cos(v) * math.cos(u - x)
    )
    return turned % (2 * math.pi)


def turn(one: Place, middle: Place, two: Place) -> float | None:
    """Clockwise from the first arm to the second."""
    first, second = azimuth(middle, one), azimuth(middle, two)
    return None if first is None or second is None else (second - first) % (2 * math.pi)


def geohash(place: Place, length: int) -> str:
    """Of so many letters, at most 20."""
    if length < 1:
        raise ValueError("a geohash has letters")
    ends, made, bits, even = [[-180.0, 180.0], [-90.0, 90.0]], "", 0, True
    for count in range(1, min(length, 20) * 5 + 1):
        low, high = ends[not even]
        middle = (low + high) / 2
        above = place[not even] >= middle
        ends[not even][not above] = middle
        bits, even = bits * 2 + above, not even
        if count % 5 == 0:
            made, bits = made + _LETTERS[bits], 0
    return made


def geohash_center(text: str) -> Shape:
    """The middle of the cell."""
    ends, even = [[-180.0, 180.0], [-90.0, 90.0]], True
    for letter in text.lower():
        if letter not in _LETTERS:
            raise ValueError(f"{letter!r} is no letter of a geohash")
        for bit in range(4, -1, -1):
            low, high = ends[not even]
            ends[not even][not (_LETTERS.index(letter) >> bit & 1)] = (low + high) / 2
            even = not even
    return _point((sum(ends[0]) / 2, sum(ends[1]) / 2))


def make_line(texts: list[str | None]) -> Shape:
    """Through points and lines."""
    places = [place for text in texts if text is not None for part in _read(text) for place in part.rings[0]]
    return (Part(1, (tuple(places),)),) if len(places) > 1 else _point(places[0]) if places else ()


def make_polygon(shell: Shape) -> Shape:
    """A line closed."""
    ring = _one_line(shell)
    ring = ring if ring[0] == ring[-1] else (*ring, ring[0])
    if len(ring) < 4:
        raise ValueError("a polygon has three places")
    return (Part(2, (ring,)),)


def centroid(shape: Shape) -> Shape:
    """Of points the middle; of lines and polygons refused."""
    if not shape:
        return ()
    if any(part.dimension for part in shape):
        raise ValueError("the centroid of lines and polygons is not computed here")
    total = tuple(map(sum, zip(*(vector(place) for place in _places(shape)), strict=True)))
    return shape if len(shape) == 1 else _point(shapes.place_of(total))  # type: ignore[arg-type]


def length(shape: Shape) -> float:
    """Metres of lines."""
    return sum(angle(a, b) for part in shape if part.dimension == 1 for a, b in part.edges) * shapes.RADIUS


def perimeter(shape: Shape) -> float:
    """Metres around polygons."""
    return sum(angle(a, b) for part in shape if part.dimension == 2 for a, b in part.edges) * shapes.RADIUS


def geometry_type(shape: Shape) -> str:
    """`ST_Point`, …"""
    if not shape:
        return "ST_GeometryCollection"
    name = ("Point", "LineString", "Polygon")[shape[0].dimension]
    if len(shape) > 1:
        return f"ST_Multi{name}" if len({part.dimension for part in shape}) == 1 else "ST_GeometryCollection"
    return f"ST_{name}"


def is_closed(shape: Shape) -> bool:
    """Whether no line has ends."""
    return bool(shape) and all(part.dimension != 1 or part.rings[0][0] == part.rings[0][-1] for part in shape)


def equals(one: Shape, two: Shape) -> bool:
    """Whether both have the same places."""
    return set(one) == set(two) or (bool(one) and shapes.covers(one, two) and shapes.covers(two, one))


def box(shape: Shape) -> dict[str, float] | None:
    """Least and greatest longitude and latitude of the vertices."""
    places = _places(shape)
    if not places:
        return None
    xs, ys = zip(*places, strict=True)
    return {"xmin": min(xs), "ymin": min(ys), "xmax": max(xs), "ymax": max(ys)}


def in_box(shape: Shape, west: float, south: float, east: float, north: float) -> bool:
    """Whether a point is within; lines and polygons are refused."""
    if any(part.dimension for part in shape):
        raise ValueError("ST_INTERSECTSBOX takes points here")
    inside = [west <= x <= east if west <= east else x >= west or x <= east for x, _ in _places(shape)]
    return any(within and south <= y <= north for within, (_, y) in zip(inside, _places(shape), strict=True))


def max_distance(one: Shape, two: Shape) -> float:
    """The greatest between vertices, in metres."""
    return max(angle(vector(a), vector(b)) for a in _places(one) for b in _places(two)) * shapes.RADIUS


def contains(one: Shape, two: Shape) -> bool:
    """As `covers`, but what lies on the border alone is not contained."""
    if not shapes.covers(one, two):
        return False
    border = tuple(Part(1, part.rings) for part in one if part.dimension == 2)
    inside = [place for place in _places(two) if not border or distance(_point(place), border) > 1e-6]
    return bool(inside) or any(part.dimension for part in two)


def _shape(
    function: Callable[..., Any], gives: str, *more: str, shapes_: int = 1, arrow: pa.DataType | None = None
) -> QueryFunction:
    """A function whose first arguments are shapes."""

    def row(*values: Any) -> Any:
        made = function(*(_read(text) for text in values[:shapes_]), *values[shapes_:])
        if isinstance(made, tuple):
            return write_text(made)
        return [write_text(part) for part in made] if isinstance(made, list) else made

    return QueryFunction((*("VARCHAR",) * shapes_, *more), gives, row, arrow=arrow)


def _nth(line: tuple[Place, ...], place: int) -> Shape | None:
    at = place - 1 if place > 0 else len(line) + place
    return _point(line[at]) if place and 0 <= at < len(line) else None


_BOX = pa.struct([(name, pa.float64()) for name in ("xmin", "ymin", "xmax", "ymax")])
_FLAG, _TEXT, _REAL, _WHOLE = "BOOLEAN", "VARCHAR", "DOUBLE", "BIGINT"
FUNCTIONS: dict[str, QueryFunction] = {
    "st_geogfromtext": _shape(lambda shape: shape, _TEXT),
    "st_geogfromgeojson": QueryFunction((_TEXT,), _TEXT, lambda text: write_text(shapes.read_json(text))),
    "st_geogfromwkb": QueryFunction(("BLOB",), _TEXT, lambda held: write_text(shapes.read_binary(held))),
    "st_geogpointfromgeohash": QueryFunction((_TEXT,), _TEXT, lambda text: write_text(geohash_center(text))),
    "st_asgeojson": _shape(shapes.write_json, _TEXT),
    "st_asbinary": _shape(shapes.write_binary, "BLOB"),
    "st_geohash": _shape(lambda shape, n: geohash(_one_place(shape), n), _TEXT, _WHOLE),
    "st_x": _shape(lambda shape: _one_place(shape)[0], _REAL),
    "st_y": _shape(lambda shape: _one_place(shape)[1], _REAL),
    "st_area": _shape(lambda shape: float(sum(shapes.area_of(part) for part in shape if part.dimension == 2)), _REAL),
    "st_length": _shape(length, _REAL),
    "st_perimeter": _shape(perimeter, _REAL),
    "st_distance": _shape(lambda one, two: distance(one, two) if one and two else None, _REAL, shapes_=2),
    "st_maxdistance": _shape(lambda one, two: max_distance(one, two) if one and two else None, _REAL, shapes_=2),
    "st_azimuth": _shape(lambda one, two: azimuth(_one_place(one), _one_place(two)), _REAL, shapes_=2),
    "st_angle": _shape(lambda a, b, c: turn(_one_place(a), _one_place(b), _one_place(c)), _REAL, shapes_=3),
    "st_covers": _shape(shapes.covers, _FLAG, shapes_=2),
    "st_contains": _shape(contains, _FLAG, shapes_=2),
    "st_intersects": _shape(lambda one, two: bool(one and two) and distance(one, two) <= 0, _FLAG, shapes_=2),
    "st_equals": _shape(equals, _FLAG, shapes_=2),
    "st_intersectsbox": _shape(in_box, _FLAG, _REAL, _REAL, _REAL, _REAL),
    "st_dimension": _shape(lambda shape: max((part.dimension for part in shape), default=-1), _WHOLE),
    "st_geometrytype": _shape(geometry_type, _TEXT),
    "st_isempty": _shape(lambda shape: not shape, _FLAG),
    "st_isclosed": _shape(is_closed, _FLAG),
    "st_iscollection": _shape(lambda shape: len(shape) > 1, _FLAG),
    "st_isring": _shape(lambda shape: len(shape) == 1 and shape[0].dimension == 1 and is_closed(shape), _FLAG),
    "st_numpoints": _shape(lambda shape: sum(len(ring) for part in shape for ring in part.rings), _WHOLE),
    "st_numgeometries": _shape(len, _WHOLE),
    "st_pointn": _shape(lambda shape, n: _nth(_one_line(shape), n), _TEXT, _WHOLE),
    "st_startpoint": _shape(lambda shape: _nth(_one_line(shape), 1), _TEXT),
    "st_endpoint": _shape(lambda shape: _nth(_one_line(shape), -1), _TEXT),
    "st_centroid": _shape(centroid, _TEXT),
    "st_exteriorring": _shape(lambda shape: (Part(1, (_ring(shape)[0],)),), _TEXT),
    "st_interiorrings": _shape(lambda shape: [(Part(1, (ring,)),) for ring in _ring(shape)[1:]], "VARCHAR[]"),
    "st_dump": _shape(lambda shape: [(part,) for part in shape], "VARCHAR[]"),
    "st_dumppoints": _shape(
        lambda shape: [_point(place) for part in shape for ring in part.rings for place in ring], "VARCHAR[]"
    ),
    "st_makeline": QueryFunction(("VARCHAR[]",), _TEXT, lambda texts: write_text(make_line(texts))),
    "st_makepolygon": _shape(make_polygon, _TEXT),
    "st_boundingbox": _shape(box, "STRUCT(xmin DOUBLE, ymin DOUBLE, xmax DOUBLE, ymax DOUBLE)", arrow=_BOX),
}


def _ring(shape: Shape) -> tuple[tuple[Place, ...], ...]:
    if len(shape) != 1 or shape[0].dimension != 2:
        raise ValueError("a single polygon is expected")
    return shape[0].rings
