"""CAST with FORMAT: bytes as hexadecimal digits or base 64; moments by elements such as `YYYY-MM-DD`."""

from __future__ import annotations

import re

from sqlglot import exp

from hagane.sql.queries.functions.dates import naive
from hagane.sql.queries.literals import text_sql
from hagane.sql.queries.query_type import BYTES, DATE, DATETIME, STRING, TIMESTAMP, UNKNOWN, QueryType
from hagane.sql.queries.rewriter import Rewriter
from hagane.sql.queries.scope import Scope
from hagane.sql.queries.value import Value

_ELEMENTS = {
    "YYYY": "%Y", "YY": "%y", "MM": "%m", "MONTH": "%B", "MON": "%b", "DD": "%d", "DDD": "%j", "DAY": "%A", "DY": "%a", "HH24": "%H",
    "HH12": "%I", "HH": "%I", "MI": "%M", "SS": "%S", "AM": "%p", "PM": "%p",
}  # fmt: skip
_ELEMENT = re.compile("|".join(sorted(_ELEMENTS, key=len, reverse=True)) + r"|[-./,\';: ]|\"[^\"]*\"", re.IGNORECASE)
_TO_TEXT = {"HEX": "lower(hex({}))", "BASE64": "to_base64({})", "UTF-8": "decode({})", "UTF8": "decode({})"}
_TO_BYTES = {"HEX": "unhex({})", "BASE64": "from_base64({})", "UTF-8": "encode({})", "UTF8": "encode({})"}


def write_cast_format(rewriter: Rewriter, node: exp.Cast, wanted: QueryType, scope: Scope) -> Value:
    """CAST(x AS type FORMAT '…')."""
    value, form = rewriter.value(node.this, scope), rewriter.value(node.args["format"], scope)
    if not form.is_constant or value.type == UNKNOWN:
        return rewriter.refuse("the format is a constant here", node.args["format"])
    if isinstance(node, exp.TryCast):
        return rewriter.refuse("SAFE_CAST takes no FORMAT here", node)
    name = str(form.constant).upper()
    if (value.type, wanted) in ((BYTES, STRING), (STRING, BYTES)):
        forms = _TO_TEXT if wanted == STRING else _TO_BYTES
        if name not in forms:
            return rewriter.refuse(f"there is no format {name} here", node.args["format"], expected=", ".join(forms))
        return Value(forms[name].format(value.sql), wanted)
    if wanted == STRING and value.type in (DATE, DATETIME, TIMESTAMP):
        return _moment_text(rewriter, value, str(form.constant), node)
    return rewriter.refuse(
        f"CAST of {value.type} to {wanted} with FORMAT is not supported here",
        node,
        next_step="use FORMAT, FORMAT_DATE or PARSE_DATE",
    )


def _moment_text(rewriter: Rewriter, value: Value, form: str, node: exp.Cast) -> Value:
    """Names of months and days are written in the case in which the format writes the element."""
    clock = Value(naive(value.sql), DATETIME) if value.type == TIMESTAMP else value
    parts, end = [], 0
    for found in _ELEMENT.finditer(form):
        if found.start() != end:
            break
        end = found.end()
        element = _ELEMENTS.get(found[0].upper())
        if element is None:
            parts.append(text_sql(found[0].strip('"')))
            continue
        text = f"strftime({{}}, '{element}')"
        if element in ("%B", "%b", "%A", "%a", "%p") and not found[0].istitle():
            text = f"{'upper' if found[0].isupper() else 'lower'}({text})"
        parts.append(text)
    if end != len(form) or not parts:
        return rewriter.refuse(
            f"the format has no element {form[end : end + 5]!r} here",
            node.args["format"],
            expected=", ".join(_ELEMENTS),
        )
    return Value(
        rewriter.bind([clock], lambda t: "(" + " || ".join(part.replace("{}", t) for part in parts) + ")"), STRING
    )
