"""Functions of texts and bytes: positions in code points, lengths that are not negative, BYTES by hexadecimal digits."""

from __future__ import annotations

from typing import Any

from hagane.sql.queries.call import Call
from hagane.sql.queries.conversions import text_of
from hagane.sql.queries.literals import text_sql
from hagane.sql.queries.query_type import BOOL, BYTES, INT64, NULL, STRING, UNKNOWN
from hagane.sql.queries.value import Value

WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
_NEGATIVE = "{fail|a length is not negative}"


def _hex_cut(sql: str) -> str:
    """BYTES cut as their hexadecimal digits."""
    return f"unhex({sql})"


def concat(call: Call) -> Value:
    """CONCAT: NULL where one is NULL."""
    values = call.values()
    if not call.count(1, 10_000):
        return Value("NULL", UNKNOWN)
    if all(value.type in (BYTES, NULL) for value in values) and any(value.type == BYTES for value in values):
        return Value(f"({' || '.join(value.sql for value in values)})", BYTES)
    for place, value in enumerate(values):
        if value.type not in (STRING, NULL, UNKNOWN):
            return call.refuse(f"CONCAT takes texts, not {value.type}", place, next_step="CAST(… AS STRING) first")
    return Value(f"({' || '.join(value.sql for value in values)})", STRING)


def trim(call: Call) -> Value:
    """TRIM, LTRIM, RTRIM."""
    if not call.count(1, 2):
        return Value("NULL", UNKNOWN)
    value, word = call.value(0), call.name.lower()
    if value.type == BYTES:
        signs = call.typed(1, BYTES).sql if len(call.arguments) == 2 else "NULL"
        call.rewriter.safe = call.safe
        return call.rewriter.call(f"hagane_{word}_bytes", BYTES, value.sql, signs)
    text = call.as_type(value, STRING, 0)
    signs = call.typed(1, STRING).sql if len(call.arguments) == 2 else text_sql(WHITE_SPACE)
    return Value(f"{word}({text.sql}, {signs})", STRING)


def split(call: Call) -> Value:
    """SPLIT."""
    if not call.count(1, 2):
        return Value("NULL", UNKNOWN)
    from hagane.sql.queries.query_type import QueryType

    value = call.value(0)
    if value.type == BYTES:
        parts = call.rewriter.call(
            "hagane_split_bytes", QueryType("ARRAY", element=BYTES), value.sql, call.typed(1, BYTES).sql
        )
        return parts
    text = call.as_type(value, STRING, 0)
    at = call.typed(1, STRING) if len(call.arguments) == 2 else Value("','", STRING, ",")
    if at.is_constant and at.constant:
        return Value(f"string_split({text.sql}, {at.sql})", QueryType("ARRAY", element=STRING))
    sql = call.rewriter.bind(
        [text, at],
        lambda s, d: (
            f"CASE WHEN {d} = '' AND {s} <> '' THEN regexp_extract_all({s}, '(?s).') ELSE string_split({s}, {d}) END"
        ),
    )
    return Value(sql, QueryType("ARRAY", element=STRING))


def contains_substr(call: Call) -> Value:
    """CONTAINS_SUBSTR: without regard to case and to how characters are composed, in texts, numbers, STRUCTs and arrays."""
    if not call.count(2, 3):
        return Value("NULL", UNKNOWN)
    value, sought = call.value(0), call.value(1)
    if sought.constant is None:
        return call.refuse("CONTAINS_SUBSTR looks for a text, not for NULL", 1)
    if not sought.is_constant:
        return call.refuse("what CONTAINS_SUBSTR looks for is a constant", 1)
    parts = _texts(call, value)
    if parts is None:
        return call.refuse(f"CONTAINS_SUBSTR does not look into {value.type} here", 0)
    found = [
        f"coalesce({call.rewriter.call('hagane_contains_substr', BOOL, part, sought.sql).sql}, FALSE)" for part in parts
    ]
    nulls = " AND ".join(f"({part}) IS NULL" for part in parts)
    return Value(f"CASE WHEN {nulls} THEN NULL ELSE ({' OR '.join(found)}) END", BOOL)


def _texts(call: Call, value: Value) -> list[str] | None:
    """The texts that a value consists of."""
    if value.type.kind == "STRUCT":
        from hagane.sql.queries.query_type import named_fields

        inner = [
            _texts(call, Value(f"struct_extract({value.sql}, {text_sql(name)})", type_))
            for name, type_ in named_fields(value.type)
        ]
        return None if any(part is None for part in inner) else [text for part in inner for text in part or []]
    if value.type.kind in ("ARRAY", "BYTES", "JSON", "GEOGRAPHY"):
        return None
    return [f"CAST({text_of(call.rewriter, value)} AS VARCHAR)"]


def instr(call: Call) -> Value:
    """INSTR: of the n-th occurrence from a position on, backwards where that is negative."""
    if not call.count(2, 4):
        return Value("NULL", UNKNOWN)
    value = call.value(0)
    if len(call.arguments) == 2 and value.type != BYTES:
        return Value(f"CAST(instr({call.as_type(value, STRING, 0).sql}, {call.typed(1, STRING).sql}) AS BIGINT)", INT64)
    kind, word = (BYTES, "hagane_instr_bytes") if value.type == BYTES else (STRING, "hagane_instr")
    rest = [call.typed(place, INT64).sql if place < len(call.arguments) else "1::BIGINT" for place in (2, 3)]
    call.rewriter.safe = call.safe
    return call.rewriter.call(word, INT64, value.sql, call.typed(1, kind).sql, *rest)


def edit_distance(call: Call) -> Value:
    """EDIT_DISTANCE: Levenshtein's, at most `max_distance`."""
    from sqlglot import exp

    named = [argument for argument in call.arguments if isinstance(argument, exp.Kwarg)]
    call.arguments = [argument for argument in call.arguments if not isinstance(argument, exp.Kwarg)]
    if not call.count(2, 3):
        return Value("NULL", UNKNOWN)
    one, two = call.typed(0, STRING), call.typed(1, STRING)
    call.arguments += [argument.expression for argument in named]
    distance = call.rewriter.call("hagane_edit_distance", INT64, one.sql, two.sql)
    if len(call.arguments) < 3:
        return distance
    return Value(f"least({distance.sql}, {call.typed(2, INT64).sql})", INT64)


def normalize(call: Call) -> Value:
    """NORMALIZE and NORMALIZE_AND_CASEFOLD."""
    if not call.count(1, 2):
        return Value("NULL", UNKNOWN)
    form = call.word(1) if len(call.arguments) == 2 else "NFC"
    if form not in ("NFC", "NFD", "NFKC", "NFKD"):
        return call.refuse(f"there is no normal form {form}", 1, expected="NFC, NFD, NFKC or NFKD")
    return call.rewriter.call(f"hagane_{call.name.lower()}", STRING, call.typed(0, STRING).sql, text_sql(form))


def collate(call: Call) -> Value:
    """COLLATE: `und:ci` is refused but for '', which is no collation."""
    if not call.count(2):
        return Value("NULL", UNKNOWN)
    specification = str(call.constant(1, "the collation") or "")
    if specification not in ("", "binary"):
        return call.refuse("texts are compared by code points here", 1, next_step="compare LOWER(a) = LOWER(b)")
    return call.typed(0, STRING)


def _both(text: str, held: str, *, more: str = "", gives: str = "") -> list[str]:
    return [f"STRING{more} -> {gives or 'STRING'}: {text}", f"BYTES{more} -> {gives or 'BYTES'}: {held}"]


_SUBSTR = (
    "CASE WHEN {2} < 0 THEN {fail|a length is not negative} "
    "ELSE substring({0}, CASE WHEN {1} < 0 THEN greatest(length({0}) + {1} + 1, 1) ELSE greatest({1}, 1) END, {2}) END"
)
_HEX_SUBSTR = (
    "CASE WHEN {2} < 0 THEN {fail|a length is not negative} "
    "ELSE unhex(substring(hex({0}), 2 * CASE WHEN {1} < 0 THEN greatest(octet_length({0}) + {1} + 1, 1) ELSE greatest({1}, 1) END - 1, 2 * least({2}, 1000000000))) END"
)
_PAD = "CASE WHEN {1} < 0 OR {2} = '' THEN {fail|PAD takes a length that is not negative and a pattern that is not empty} ELSE WORD({0}, CAST({1} AS INTEGER), {2}) END"

FUNCTIONS: dict[str, Any] = {
    "ASCII": ["STRING -> INT64: CASE WHEN {0} = '' THEN 0::BIGINT WHEN unicode({0}) > 127 THEN {fail|ASCII of another character} ELSE CAST(unicode({0}) AS BIGINT) END"],
    "BYTE_LENGTH": _both("CAST(strlen({0}) AS BIGINT)", "CAST(octet_length({0}) AS BIGINT)", gives="INT64"),
    "OCTET_LENGTH": _both("CAST(strlen({0}) AS BIGINT)", "CAST(octet_length({0}) AS BIGINT)", gives="INT64"),
    "CHAR_LENGTH": ["STRING -> INT64: CAST(length({0}) AS BIGINT)"],
    "CHARACTER_LENGTH": ["STRING -> INT64: CAST(length({0}) AS BIGINT)"],
    "LENGTH": _both("CAST(length({0}) AS BIGINT)", "CAST(octet_length({0}) AS BIGINT)", gives="INT64"),
    "CHR": [
        "INT64 -> STRING: CASE WHEN {0} = 0 THEN '' WHEN {0} < 0 OR {0} > 1114111 OR {0} BETWEEN 55296 AND 57343 "
        "THEN {fail|CHR takes a code point} ELSE chr(CAST({0} AS INTEGER)) END"
    ],
    "CODE_POINTS_TO_BYTES": ["ARRAY<INT64> -> BYTES: hagane_code_points_to_bytes({0})"],
    "CODE_POINTS_TO_STRING": ["ARRAY<INT64> -> STRING: hagane_code_points_to_string({0})"],
    "COLLATE": collate,
    "CONCAT": concat,
    "CONTAINS_SUBSTR": contains_substr,
    "EDIT_DISTANCE": edit_distance,
    "ENDS_WITH": ["STRING, STRING -> BOOL: ends_with({0}, {1})", "BYTES, BYTES -> BOOL: ends_with(hex({0}), hex({1}))"],
    "STARTS_WITH": ["STRING, STRING -> BOOL: starts_with({0}, {1})", "BYTES, BYTES -> BOOL: starts_with(hex({0}), hex({1}))"],
    "FROM_BASE32": ["STRING -> BYTES: hagane_from_base32({0})"],
    "FROM_BASE64": ["STRING -> BYTES: from_base64({0})"],
    "FROM_HEX": ["STRING -> BYTES: unhex(CASE WHEN length({0}) % 2 = 1 THEN '0' || {0} ELSE {0} END)"],
    "TO_BASE32": ["BYTES -> STRING: hagane_to_base32({0})"],
    "TO_BASE64": ["BYTES -> STRING: to_base64({0})"],
    "TO_HEX": ["BYTES -> STRING: lower(hex({0}))"],
    "TO_CODE_POINTS": [
        "STRING -> ARRAY<INT64>: list_transform(CASE WHEN {0} = '' THEN [] ELSE regexp_extract_all({0}, '(?s).') END, lambda hagane_c: CAST(unicode(hagane_c) AS BIGINT))",
        "BYTES -> ARRAY<INT64>: hagane_bytes_to_code_points({0})",
    ],
    "INITCAP": ["STRING -> STRING: hagane_initcap({0}, NULL)", "STRING, STRING -> STRING: hagane_initcap({0}, {1})"],
    "INSTR": instr,
    "STRPOS": ["STRING, STRING -> INT64: CAST(instr({0}, {1}) AS BIGINT)", "BYTES, BYTES -> INT64: hagane_instr_bytes({0}, {1}, 1, 1)"],
    "LEFT": [
        f"STRING, INT64 -> STRING: CASE WHEN {{1}} < 0 THEN {_NEGATIVE} ELSE left({{0}}, {{1}}) END",
        f"BYTES, INT64 -> BYTES: CASE WHEN {{1}} < 0 THEN {_NEGATIVE} ELSE unhex(left(hex({{0}}), 2 * {{1}})) END",
    ],
    "RIGHT": [
        f"STRING, INT64 -> STRING: CASE WHEN {{1}} < 0 THEN {_NEGATIVE} ELSE right({{0}}, {{1}}) END",
        f"BYTES, INT64 -> BYTES: CASE WHEN {{1}} < 0 THEN {_NEGATIVE} ELSE unhex(right(hex({{0}}), 2 * {{1}})) END",
    ],
    "LOWER": _both("CASE WHEN strlen({0}) = length({0}) THEN lower({0}) ELSE hagane_lower({0}) END", "hagane_lower_bytes({0})"),
    "UPPER": _both("CASE WHEN strlen({0}) = length({0}) THEN upper({0}) ELSE hagane_upper({0}) END", "hagane_upper_bytes({0})"),
    **{
        name: [
            f"STRING, INT64 -> STRING: {_PAD.replace('WORD', name.lower()).replace('{2}', chr(39) + ' ' + chr(39))}",
            f"STRING, INT64, STRING -> STRING: {_PAD.replace('WORD', name.lower())}",
            f"BYTES, INT64 -> BYTES: hagane_{name.lower()}_bytes({{0}}, {{1}}, ' '::BLOB)",
            f"BYTES, INT64, BYTES -> BYTES: hagane_{name.lower()}_bytes({{0}}, {{1}}, {{2}})",
        ]
        for name in ("LPAD", "RPAD")
    },
    "LTRIM": trim,
    "RTRIM": trim,
    "TRIM": trim,
    "NORMALIZE": normalize,
    "NORMALIZE_AND_CASEFOLD": normalize,
    "REPEAT": [f"STRING, INT64 -> STRING: CASE WHEN {{1}} < 0 THEN {_NEGATIVE} ELSE repeat({{0}}, {{1}}) END",
               f"BYTES, INT64 -> BYTES: CASE WHEN {{1}} < 0 THEN {_NEGATIVE} ELSE unhex(repeat(hex({{0}}), {{1}})) END"],
    "REPLACE": ["STRING, STRING, STRING -> STRING: CASE WHEN {1} = '' THEN {0} ELSE replace({0}, {1}, {2}) END",
                "BYTES, BYTES, BYTES -> BYTES: hagane_replace_bytes({0}, {1}, {2})"],
    "REVERSE": ["STRING -> STRING: array_to_string(list_reverse(regexp_extract_all({0}, '(?s).')), '')", "BYTES -> BYTES: hagane_reverse_bytes({0})"],
    "SAFE_CONVERT_BYTES_TO_STRING": ["BYTES -> STRING: hagane_utf8_replaced({0})"],
    "SOUNDEX": ["STRING -> STRING: hagane_soundex({0})"],
    "SPLIT": split,
    **dict.fromkeys(
        ("SUBSTR", "SUBSTRING"),
        [
            "STRING, INT64 -> STRING: substring({0}, CASE WHEN {1} < 0 THEN greatest(length({0}) + {1} + 1, 1) ELSE greatest({1}, 1) END)",
            f"STRING, INT64, INT64 -> STRING: {_SUBSTR}",
            f"BYTES, INT64 -> BYTES: {_HEX_SUBSTR.replace('{2}', '1000000000::BIGINT')}",
            f"BYTES, INT64, INT64 -> BYTES: {_HEX_SUBSTR}",
        ],
    ),
    "TRANSLATE": ["STRING, STRING, STRING -> STRING: hagane_translate({0}, {1}, {2})"],
    "UNICODE": ["STRING -> INT64: CASE WHEN {0} = '' THEN 0::BIGINT ELSE CAST(unicode({0}) AS BIGINT) END"],
}  # fmt: skip
