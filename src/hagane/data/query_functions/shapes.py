"""Points, lines and polygons on BigQuery's sphere, as well-known text; edges are arcs of great circles."""

from __future__ import annotations

import itertools
import json
import math
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

RADIUS = 6_371_010.0
"""Metres, as S2 has it."""
Place = tuple[float, float]
"""Longitude and latitude in degrees."""
Vector = tuple[float, float, float]
_KINDS = ("POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION")
_TOKEN = re.compile(r"\s*([A-Za-z]+|[(),]|[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)")


@dataclass(frozen=True, slots=True)
class Part:
    """One point, line or polygon: `rings` are its runs of places, the outer ring of a polygon first."""

    dimension: int
    rings: tuple[tuple[Place, ...], ...]

    @property
    def places(self) -> list[Place]:
        """Its vertices, the last of a closed ring left out."""
        if self.dimension < 2:
            return [place for ring in self.rings for place in ring]
        return [place for ring in self.rings for place in ring[:-1]]

    @property
    def edges(self) -> Iterator[tuple[Vector, Vector]]:
        """Its arcs."""
        for ring in self.rings:
            vectors = [vector(place) for place in ring]
            yield from itertools.pairwise(vectors)


Shape = tuple[Part, ...]


def read_text(text: str) -> Shape:
    """Well-known text. Raises ValueError.

    >>> read_text("point( 1  2 )")
    (Part(dimension=0, rings=(((1.0, 2.0),),)),)
    """
    tokens, at = [], 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if not found:
            raise ValueError("this is no well-known text")
        tokens.append(found[1])
        at = found.end()
    reader = iter([*tokens, ""])
    parts = tuple(_geometry(reader, next(reader).upper()))
    if next(reader, "") != "":
        raise ValueError("this is no well-known text")
    return parts


def _geometry(tokens: Iterator[str], kind: str) -> list[Part]:
    if kind not in _KINDS:
        raise ValueError(f"there is no geometry {kind or 'without a name'}")
    first = next(tokens)
    if first.upper() == "EMPTY":
        return []
    if first != "(":
        raise ValueError("a parenthesis is missing")
    if kind == "GEOMETRYCOLLECTION":
        parts, sign = [], ","
        while sign == ",":
            parts += _geometry(tokens, next(tokens).upper())
            sign = next(tokens)
        return parts
    return _parts(kind, _nested(tokens))


def _nested(tokens: Iterator[str]) -> list[Any]:
    """What stands up to the closing parenthesis: places, or lists of them."""
    found: list[Any] = []
    numbers: list[float] = []
    for token in tokens:
        if token == "(":
            found.append(_nested(tokens))
        elif token in (",", ")"):
            if numbers:
                found.append(_place(numbers))
                numbers = []
            if token == ")":
                return found
        else:
            numbers.append(float(token))
    raise ValueError("a parenthesis is missing")


def _place(numbers: list[float]) -> Place:
    if len(numbers) != 2 or not all(map(math.isfinite, numbers)):
        raise ValueError("a place has a longitude and a latitude")
    if abs(numbers[1]) > 90:
        raise ValueError("Latitude must be between -90 and 90 degrees")
    return wrapped(numbers[0]), numbers[1]


def wrapped(longitude: float) -> float:
    """Within -180 and 180."""
    return longitude if -180 <= longitude <= 180 else (longitude + 180) % 360 - 180


def _parts(kind: str, held: list[Any]) -> list[Part]:
    match kind:
        case "POINT":
            return [Part(0, (tuple(held),))]
        case "MULTIPOINT":
            return [Part(0, ((place[0] if isinstance(place, list) else place,),)) for place in held]
        case "LINESTRING":
            return [_line(held)]
        case "MULTILINESTRING":
            return [_line(line) for line in held]
        case "POLYGON":
            return [_polygon(held)]
        case _:
            return [_polygon(rings) for rings in held]


def _line(places: list[Place]) -> Part:
    if len(places) < 2:
        raise ValueError("a line has two places")
    return Part(1, (tuple(places),))


def _polygon(rings: list[list[Place]]) -> Part:
    if any(len(ring) < 4 or ring[0] != ring[-1] for ring in rings):
        raise ValueError("a ring is closed, and has three places")
    return Part(2, tuple(tuple(ring) for ring in rings))


def number_text(number: float) -> str:
    """As few digits as say the number."""
    short = f"{number:.15g}"
    return "0" if number == 0 else short if float(short) == number else f"{number:.17g}"


def write_text(shape: Shape) -> str:
    """Well-known text, as BigQuery writes it."""
    if not shape:
        return "GEOMETRYCOLLECTION EMPTY"
    names = ("POINT", "LINESTRING", "POLYGON")
    if len(shape) == 1:
        return names[shape[0].dimension] + _body(shape[0])
    if len({part.dimension for part in shape}) == 1:
        dimension = shape[0].dimension
        bodies = [_body(part)[1:-1] if dimension == 0 else _body(part) for part in shape]
        return f"MULTI{names[dimension]}({', '.join(bodies)})"
    return f"GEOMETRYCOLLECTION({', '.join(names[part.dimension] + _body(part) for part in shape)})"


def _body(part: Part) -> str:
    rings = [", ".join(f"{number_text(x)} {number_text(y)}" for x, y in ring) for ring in part.rings]
    return f"({rings[0]})" if part.dimension < 2 else f"({', '.join(f'({ring})' for ring in rings)})"


def read_json(text: str) -> Shape:
    """GeoJSON."""
    return tuple(_from_json(json.loads(text)))


def _from_json(document: Any) -> list[Part]:
    if document.get("type") == "GeometryCollection":
        return [part for inner in document["geometries"] for part in _from_json(inner)]
    kind, held = str(document.get("type", "")).upper(), document.get("coordinates")
    if kind not in _KINDS or held is None:
        raise ValueError("this is no geometry of GeoJSON")
    return _parts(kind, [_places(held)] if kind == "POINT" else _places(held))


def _places(held: Any) -> Any:
    return (
        _place([float(part) for part in held[:2]])
        if isinstance(held[0], int | float)
        else [_places(part) for part in held]
    )


def write_json(shape: Shape) -> str:
    """GeoJSON, as BigQuery writes it."""
    if len(shape) != 1:
        raise ValueError("several shapes are not written as GeoJSON here")
    part = shape[0]
    rings = [", ".join(f"[{number_text(x)}, {number_text(y)}]" for x, y in ring) for ring in part.rings]
    held = (rings[0], f"[{rings[0]}]", "[" + ", ".join(f"[{ring}]" for ring in rings) + "]")[part.dimension]
    return f'{{ "type": "{("Point", "LineString", "Polygon")[part.dimension]}", "coordinates": {held} }} '


def write_binary(shape: Shape) -> bytes:
    """Well-known binary of one point, line or polygon, little-endian."""
    if len(shape) != 1:
        raise ValueError("several shapes are not written as binary here")
    part = shape[0]
    rings = [b"".join(struct.pack("<dd", *place) for place in ring) for ring in part.rings]
    counts = [struct.pack("<I", len(ring)) for ring in part.rings]
    head = struct.pack("<BI", 1, part.dimension + 1)
    if part.dimension == 0:
        return head + rings[0]
    body = b"".join(count + ring for count, ring in zip(counts, rings, strict=True))
    return head + body if part.dimension == 1 else head + struct.pack("<I", len(rings)) + body


def read_binary(held: bytes) -> Shape:
    """Well-known binary of one point, line or polygon."""
    order = "<" if held[:1] == b"\x01" else ">"
    try:
        (kind,) = struct.unpack_from(f"{order}I", held, 1)
        at, rings = 5, []
        num_rings = struct.unpack_from(f"{order}I", held, at)[0] if kind == 3 else 1
        at += 4 * (kind == 3)
        for _ in range(num_rings):
            count = 1 if kind == 1 else struct.unpack_from(f"{order}I", held, at)[0]
            at += 4 * (kind != 1)
            numbers = struct.unpack_from(f"{order}{2 * count}d", held, at)
            rings.append([_place([float(x), float(y)]) for x, y in zip(numbers[::2], numbers[1::2], strict=True)])
            at += 16 * count
    except struct.error:
        raise ValueError("this is no well-known binary") from None
    if kind not in (1, 2, 3):
        raise ValueError("only points, lines and polygons are read from binary here")
    return tuple(_parts(_KINDS[kind - 1], rings[0] if kind < 3 else rings))


def vector(place: Place) -> Vector:
    """On the unit sphere."""
    longitude, latitude = map(math.radians, place)
    return math.cos(latitude) * math.cos(longitude), math.cos(latitude) * math.sin(longitude), math.sin(latitude)


def place_of(held: Vector) -> Place:
    """Longitude and latitude of a vector."""
    return math.degrees(math.atan2(held[1], held[0])), math.degrees(math.atan2(held[2], math.hypot(held[0], held[1])))


def cross(one: Vector, two: Vector) -> Vector:
    """Vector product."""
    return one[1] * two[2] - one[2] * two[1], one[2] * two[0] - one[0] * two[2], one[0] * two[1] - one[1] * two[0]


def dot(one: Vector, two: Vector) -> float:
    """Scalar product."""
    return one[0] * two[0] + one[1] * two[1] + one[2] * two[2]


def angle(one: Vector, two: Vector) -> float:
    """Between two vectors, in radians; exact for near ones."""
    return math.atan2(math.hypot(*cross(one, two)), dot(one, two))


def to_edge(point: Vector, start: Vector, end: Vector) -> float:
    """The angle from a point to an arc."""
    normal = cross(start, end)
    if dot(cross(normal, start), point) > 0 > dot(cross(normal, end), point):
        return abs(math.atan2(dot(normal, point), math.hypot(*cross(normal, point))))
    return min(angle(point, start), angle(point, end))


def crossing(a: Vector, b: Vector, c: Vector, d: Vector) -> bool:
    """Whether the arcs ab and cd cross within both."""
    ab, cd = cross(a, b), cross(c, d)
    sides = dot(ab, c) * dot(ab, d) < 0 and dot(cd, a) * dot(cd, b) < 0
    return sides and dot(cross(ab, cd), tuple(x + y for x, y in zip(a, b, strict=True))) * dot(ab, d) > 0  # type: ignore[arg-type]


def holds(part: Part, point: Vector) -> bool:
    """Whether a polygon, of which the smaller side is meant, has the point inside or on its border."""
    if any(to_edge(point, start, end) < 1e-15 for start, end in part.edges):
        return True
    turns = [_turns(ring, point) for ring in part.rings]
    return turns[0] and not any(turns[1:])


def _turns(ring: tuple[Place, ...], point: Vector) -> bool:
    """Whether the ring goes once around the point, as seen from it."""
    vectors = [vector(place) for place in ring]
    middle = tuple(map(sum, zip(*vectors, strict=True)))
    if dot(middle, point) < 0:  # type: ignore[arg-type]
        return False
    total = 0.0
    for start, end in itertools.pairwise(vectors):
        one, two = cross(point, start), cross(point, end)
        total += math.atan2(dot(point, cross(one, two)), dot(one, two))
    return abs(total) > math.pi


def area_of(part: Part) -> float:
    """Square metres; the smaller side of each ring."""
    areas = [_excess([vector(place) for place in ring]) for ring in part.rings]
    return (areas[0] - sum(areas[1:])) * RADIUS**2


def _excess(vectors: list[Vector]) -> float:
    first, total = vectors[0], 0.0
    for one, two in itertools.pairwise(vectors[1:]):
        total += 2 * math.atan2(dot(first, cross(one, two)), 1 + dot(first, one) + dot(one, two) + dot(two, first))
    return min(abs(total), 4 * math.pi - abs(total))


def distance(one: Shape, two: Shape) -> float:
    """The least, in metres; 0 where they meet."""
    least = math.inf
    for mine in one:
        for theirs in two:
            least = min(least, _apart(mine, theirs))
    return least * RADIUS


def _apart(one: Part, two: Part) -> float:
    for outer, inner in ((one, two), (two, one)):
        if outer.dimension == 2 and any(holds(outer, vector(place)) for place in inner.places[:1]):
            return 0.0
    mine, theirs = list(one.edges), list(two.edges)
    if any(crossing(a, b, c, d) for a, b in mine for c, d in theirs):
        return 0.0
    points = [vector(place) for place in one.places], [vector(place) for place in two.places]
    angles = [to_edge(point, *edge) for point in points[0] for edge in theirs]
    angles += [to_edge(point, *edge) for point in points[1] for edge in mine]
    if not angles:
        angles = [angle(a, b) for a in points[0] for b in points[1]]
    return min(angles)


def covers(one: Shape, two: Shape) -> bool:
    """Whether every place of the other is one of this; of lines and polygons by their vertices and crossings."""
    if not two:
        return False
    for part in two:
        for place in part.places:
            if distance(one, (Part(0, ((place,),)),)) > 1e-6:
                return False
        if part.dimension and any(crossing(a, b, c, d) for mine in one for a, b in mine.edges for c, d in part.edges):
            return False
    return max((part.dimension for part in one), default=-1) >= max(part.dimension for part in two)
