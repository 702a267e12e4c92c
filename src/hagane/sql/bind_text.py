"""String functions with forms of their own: several names for one function, constants within limits, SPLIT(…)[…]."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from hagane.sql.bind_arrays import bind_element
from hagane.sql.expression import Call, Expression, Literal
from hagane.sql.functions import FUNCTIONS
from hagane.sql.patterns import quote
from hagane.sql.regex.extraction import plan_extraction
from hagane.sql.source import WAY_OUT
from hagane.types import SqlType

if TYPE_CHECKING:
    from hagane.sql.binder import Binder

_Bind = Callable[["Binder", exp.Expression], Expression | None]

MOST_CODE_POINTS = 10_000
"""How far from the start SUBSTR reaches."""
MOST_FROM_END = 1_000
"""How far from the end it does."""
MOST_PADDED = 256
MOST_PARTS = 1_000
MOST_REPEATED = 100


def _bind_substring(binder: Binder, node: exp.Expression) -> Expression | None:
    """`SUBSTR(s, position[, length])`."""
    nodes = [part for key in ("this", "start", "length") if (part := node.args.get(key)) is not None]
    arguments = binder.bind_each(nodes)
    if arguments is None:
        return None
    numbers = zip(arguments[1:], (-MOST_FROM_END, 0), strict=False)
    good = [_within(binder, number, low, MOST_CODE_POINTS) for number, low in numbers]
    return binder.call("SUBSTR", arguments, node) if all(good) else None


def _bind_left(binder: Binder, node: exp.Expression) -> Expression | None:
    arguments = binder.bind_each([node.this, node.expression])
    if arguments is None or not _within(binder, arguments[1], 0, MOST_CODE_POINTS):
        return None
    return binder.call("SUBSTR", (arguments[0], Literal(1, SqlType.INT64), arguments[1]), node)


def _bind_right(binder: Binder, node: exp.Expression) -> Expression | None:
    arguments = binder.bind_each([node.this, node.expression])
    if arguments is None or not _within(binder, arguments[1], 0, MOST_FROM_END):
        return None
    count = arguments[1].value if isinstance(arguments[1], Literal) else 0
    if not isinstance(count, int) or count == 0:
        return binder.call("SUBSTR", (arguments[0], Literal(1, SqlType.INT64), arguments[1]), node)
    return binder.call("SUBSTR", (arguments[0], Literal(-count, SqlType.INT64, span=arguments[1].span)), node)


def _bind_pad(binder: Binder, node: exp.Expression) -> Expression | None:
    """`LPAD(s, n[, pattern])`, `RPAD`."""
    nodes = [part for key in ("this", "expression", "fill_pattern") if (part := node.args.get(key)) is not None]
    arguments = binder.bind_each(nodes)
    if arguments is None or not _within(binder, arguments[1], 0, MOST_PADDED):
        return None
    if len(arguments) > 2 and isinstance(arguments[2], Literal) and arguments[2].value == "":
        binder.source.fault("nothing can be filled up with an empty text", arguments[2].span)
        return None
    return binder.call("LPAD" if node.args.get("is_left") else "RPAD", arguments, node)


def _bind_repeat(binder: Binder, node: exp.Expression) -> Expression | None:
    """`REPEAT(s, n)`."""
    arguments = binder.bind_each([node.this, node.args["times"]])
    if arguments is None or not _within(binder, arguments[1], 0, MOST_REPEATED):
        return None
    return binder.call("REPEAT", arguments, node)


def _bind_trim(binder: Binder, node: exp.Expression) -> Expression | None:
    name = {"LEADING": "LTRIM", "TRAILING": "RTRIM"}.get(str(node.args.get("position") or "").upper(), "TRIM")
    return binder.function(name, node, ("this", "expression"))


def _bind_position(binder: Binder, node: exp.Expression) -> Expression | None:
    """`STRPOS(s, t)`, `INSTR(s, t)`."""
    if further := node.args.get("position") or node.args.get("occurrence"):
        binder.source.fault("INSTR takes no further argument here", further, expected="INSTR(s, t)", next_step=WAY_OUT)
        return None
    return binder.function("STRPOS", node, ("this", "substr"))


def _bind_contains(binder: Binder, node: exp.Expression) -> Expression | None:
    """`CONTAINS_SUBSTR(s, t)`: sqlglot puts LOWER round both."""
    arguments = binder.bind_each([_bare(node.this), _bare(node.expression)])
    if arguments is None:
        return None
    text, part = arguments
    if not isinstance(part, Literal) or not isinstance(part.value, str):
        binder.source.fault("what CONTAINS_SUBSTR looks for must be a constant", part.span, next_step=WAY_OUT)
        return None
    folded = unicodedata.normalize("NFKC", part.value)
    pattern = f"(?i:{''.join(quote(character) for character in folded)})"
    return binder.call("REGEXP_CONTAINS", (text, Literal(pattern, SqlType.STRING, span=part.span)), node)


_OTHER_PATTERN = f"write (?:…) for what need not be captured, [^;]* for .*? before a semicolon; or {WAY_OUT}"


def _bind_extract(binder: Binder, node: exp.Expression) -> Expression | None:
    """`REGEXP_EXTRACT(s, pattern)`, also called REGEXP_SUBSTR."""
    if further := node.args.get("position") or node.args.get("occurrence"):
        binder.source.fault("REGEXP_EXTRACT takes no position and no occurrence here", further,
                            expected=FUNCTIONS["REGEXP_EXTRACT"].usage, next_step=WAY_OUT)  # fmt: skip
        return None
    arguments = binder.bind_each([node.this, node.expression])
    call = None if arguments is None else binder.call("REGEXP_EXTRACT", arguments, node)
    pattern = call.arguments[1] if isinstance(call, Call) else None
    if not isinstance(pattern, Literal):
        return None
    try:
        plan_extraction(str(pattern.value))
    except ValueError as error:
        binder.source.fault("REGEXP_EXTRACT cannot be compiled with this pattern", pattern.span, received=str(error),
                            next_step=_OTHER_PATTERN)  # fmt: skip
        return None
    return call


def _bare(node: exp.Expression) -> exp.Expression:
    return node.this if isinstance(node, exp.Lower) else node


def _bind_element(binder: Binder, node: exp.Expression) -> Expression | None:
    """`SPLIT(s, delimiter)[OFFSET(n)]` and its like."""
    split, places = node.this, node.expressions
    if not isinstance(split, exp.Split) or len(places) != 1:
        return bind_element(binder, node)
    arguments = binder.bind_each([split.this, split.expression, places[0]])
    if arguments is None:
        return None
    base = node.args.get("offset") or 0
    if not _is_delimiter(binder, arguments[1]) or not _within(binder, arguments[2], base, MOST_PARTS):
        return None
    place = arguments[2].value if isinstance(arguments[2], Literal) else None
    if not isinstance(place, int):
        binder.source.fault("the place must be a whole number", arguments[2].span)
        return None
    name = "SPLIT[SAFE_OFFSET]" if node.args.get("safe") else "SPLIT[OFFSET]"
    return binder.call(name, arguments[:2], node, (place - base,))


def _is_delimiter(binder: Binder, argument: Expression) -> bool:
    if isinstance(argument, Literal) and argument.value == "":
        binder.source.fault("SPLIT by nothing takes a text into its characters", argument.span,
                            next_step="write SUBSTR(s, n, 1)")  # fmt: skip
        return False
    return True


def _within(binder: Binder, argument: Expression, low: int, high: int) -> bool:
    """Whether a constant lies between its limits; what is no constant is `call`'s to refuse."""
    value = argument.value if isinstance(argument, Literal) else None
    if isinstance(value, int) and not low <= value <= high:
        binder.source.fault("this number is out of range", argument.span, expected=f"from {low:,} to {high:,}",
                            received=str(value), next_step=WAY_OUT)  # fmt: skip
        return False
    return True


def _refuse(why: str, next_step: str = WAY_OUT) -> _Bind:
    def refuse(binder: Binder, node: exp.Expression) -> Expression | None:
        binder.source.fault(f"{binder.source.called(node)} cannot be compiled: {why}", node, next_step=next_step)
        return None

    return refuse


_NO_HASH = _refuse("ONNX Runtime has no such hash", "use ML.HASH_BUCKETIZE, or compute it in the data query")
_NO_CODE = _refuse("no operator turns characters into numbers")


def _each(types: Sequence[str], bind: _Bind) -> dict[type[exp.Expression], _Bind]:
    return {getattr(exp, name): bind for name in types}


TEXT_NODES: dict[type[exp.Expression], _Bind] = {
    exp.Substring: _bind_substring,
    exp.Left: _bind_left,
    exp.Right: _bind_right,
    exp.Pad: _bind_pad,
    exp.Repeat: _bind_repeat,
    exp.Trim: _bind_trim,
    exp.StrPosition: _bind_position,
    exp.Contains: _bind_contains,
    exp.Bracket: _bind_element,
    exp.RegexpExtract: _bind_extract,
    **_each(("FarmFingerprint", "MD5", "MD5Digest", "SHA", "SHA1Digest", "SHA2", "SHA2Digest"), _NO_HASH),
    **_each(("Ascii", "Unicode", "Chr", "ToCodePoints", "CodePointsToString"), _NO_CODE),
    **_each(("Normalize",), _refuse("no operator normalises text")),
    **_each(("Initcap",), _refuse("no operator changes the case of single characters")),
    **_each(("Soundex", "Levenshtein"), _refuse("no operator compares sounds or distances of text")),
    **_each(("RegexpInstr",), _refuse("no operator gives the place of a match", "use STRPOS for a constant text")),
}
"""sqlglot's node → how it is bound."""
