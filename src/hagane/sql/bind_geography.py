"""`bind_earth_distance`: `ST_DISTANCE(ST_GEOGPOINT(a, b), ST_GEOGPOINT(c, d))`, in metres, as arithmetic.

BigQuery's earth is a sphere of S2's radius, and its edges are geodesics: the haversine formula gives the distance of
two points. Other geographies are not in the feature language.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sqlglot import exp

from hagane.sql.expression import Expression, Literal
from hagane.sql.source import WAY_OUT
from hagane.types import SqlType

if TYPE_CHECKING:
    from hagane.sql.binder import Binder

RADIUS = 6_371_010.0
"""Of the earth, in metres: S2Earth's."""
RADIANS = math.pi / 180
_USAGE = "ST_DISTANCE(ST_GEOGPOINT(longitude, latitude), ST_GEOGPOINT(longitude, latitude))"


def bind_earth_distance(binder: Binder, node: exp.Expression) -> Expression | None:
    """2 r asin √(sin²(Δφ/2) + cos φ₁ cos φ₂ sin²(Δλ/2)); an error where a latitude is beyond ±90°."""
    points = [_point(part) for part in (node.this, node.args.get("expression"))]
    if None in points or node.args.get("use_spheroid") is not None:
        binder.source.fault("a distance is that of two points", node, expected=_USAGE, next_step=WAY_OUT)
        return None
    bound = binder.bind_each([part for point in points if point is not None for part in point])
    if bound is None:
        return None
    long1, lat1, long2, lat2 = bound

    def call(name: str, *arguments: Expression) -> Expression:
        found = binder.call(name, arguments, node)
        if found is None:
            raise ValueError(name)
        return found

    def half_sine(a: Expression, b: Expression) -> Expression:
        sine = call("SIN", call("*", call("-", b, a), _number(RADIANS / 2)))
        return call("*", sine, sine)

    def beyond(latitude: Expression) -> Expression:
        return call(">", call("ABS", latitude), _number(90.0))

    try:
        cosines = call("*", *(call("COS", call("*", each, _number(RADIANS))) for each in (lat1, lat2)))
        square = call("+", half_sine(lat1, lat2), call("*", cosines, half_sine(long1, long2)))
        bounded = call("LEAST", square, _number(1.0))  # rounding must not leave the domain of ASIN
        wrong = call("OR", beyond(lat1), beyond(lat2))
        checked = call("CASE", wrong, _number(-1.0), bounded)  # the root of −1 is an error
        return call("*", _number(2 * RADIUS), call("ASIN", call("SQRT", checked)))
    except ValueError:  # the fault is noted
        return None


def _number(value: float) -> Literal:
    return Literal(value, SqlType.FLOAT64)


def _point(node: exp.Expression | None) -> tuple[exp.Expression, exp.Expression] | None:
    """Longitude and latitude of `ST_GEOGPOINT(longitude, latitude)`."""
    if not isinstance(node, exp.Anonymous) or str(node.this).upper() != "ST_GEOGPOINT" or len(node.expressions) != 2:
        return None
    return node.expressions[0], node.expressions[1]
