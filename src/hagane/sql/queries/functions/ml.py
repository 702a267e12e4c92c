"""`ML.*` functions of rows: scalar ones, and analytic ones, which learn from all rows of the SELECT that they stand in.

What is learned is a query of its own over the same FROM and WHERE, which DuckDB runs once.
"""

from __future__ import annotations

import itertools
from typing import Any

from sqlglot import exp

from hagane.sql.buckets import bucket_names, inner_points
from hagane.sql.queries.call import Call
from hagane.sql.queries.conversions import text_of
from hagane.sql.queries.expressions import struct_of
from hagane.sql.queries.literals import text_sql
from hagane.sql.queries.query_type import FLOAT64, INT64, STRING, UNKNOWN, QueryType
from hagane.sql.queries.value import Value

_FLOATS = QueryType("ARRAY", element=FLOAT64)
_TEXTS = QueryType("ARRAY", element=STRING)
_WEIGHTS = QueryType("ARRAY", element=QueryType("STRUCT", fields=(("index", INT64), ("value", FLOAT64))))
_FORMATS = ("bucket_names", "bucket_ranges", "bucket_ranges_json")
_REFUSED = Value("NULL", UNKNOWN)


def bucketize(call: Call) -> Value:
    """ML.BUCKETIZE: the name of the bucket; NULL of NULL and NaN."""
    if not call.count(2, 4):
        return _REFUSED
    x, points = call.typed(0, FLOAT64), call.constant(1, "the array of points")
    exclude = bool(call.constant(2, "exclude_boundaries")) if len(call.arguments) > 2 else False
    form = _format(call, 3)
    if not isinstance(points, list) or form is None:
        return _REFUSED
    numbers = [float(point) for point in points if isinstance(point, int | float)]
    if len(numbers) != len(points) or any(low >= high for low, high in itertools.pairwise(numbers)):
        return call.refuse("the points of ML.BUCKETIZE are numbers that ascend strictly", 1)
    inner = inner_points(numbers, exclude)
    names = bucket_names(inner, form)
    return Value(call.rewriter.bind([x], lambda v: _named_bucket(v, inner, names)), STRING)


def _named_bucket(v: str, points: tuple[float, ...], names: tuple[str, ...]) -> str:
    branches = "".join(
        f" WHEN {v} < {point!r}::DOUBLE THEN {text_sql(name)}" for point, name in zip(points, names, strict=False)
    )
    return f"CASE WHEN {v} IS NULL OR isnan({v}) THEN NULL{branches} ELSE {text_sql(names[-1])} END"


def _format(call: Call, place: int) -> str | None:
    form = call.constant(place, "the format") if place < len(call.arguments) else _FORMATS[0]
    if form not in _FORMATS:
        call.refuse(f"there is no format {form}", place, expected=", ".join(_FORMATS))
        return None
    return str(form)


def hash_bucketize(call: Call) -> Value:
    """ML.HASH_BUCKETIZE: BigQuery's own, the unsigned fingerprint modulo n; with n = 0 the signed fingerprint."""
    if not call.count(2):
        return _REFUSED
    text, number = call.typed(0, STRING), call.constant(1, "the number of buckets")
    if not isinstance(number, int) or number < 0:
        return call.refuse("the number of buckets is a whole number from 0 on", 1)
    mark = call.rewriter.call("hagane_farm_fingerprint", INT64, text.sql).sql
    if not number:
        return Value(mark, INT64)
    unsigned = f"(CAST({mark} AS HUGEINT) & 18446744073709551615::HUGEINT)"
    return Value(f"CAST({unsigned} % {number} AS BIGINT)", INT64)


def _fields(call: Call) -> list[tuple[str, Value]] | None:
    """Names and values of `STRUCT(a, b AS c)`."""
    node = call.arguments[0]
    if not isinstance(node, exp.Struct):
        call.refuse(f"{call.name} takes a STRUCT", 0)
        return None
    value = struct_of(call.rewriter, node.expressions, call.scope, node)
    parts = [
        part.this if isinstance(part, exp.Alias) else part.expression if isinstance(part, exp.PropertyEQ) else part
        for part in node.expressions
    ]
    return [
        (name, call.rewriter.value(part, call.scope)) for (name, _), part in zip(value.type.fields, parts, strict=False)
    ]


def _degree(call: Call, default: int, least: int) -> int | None:
    degree = call.constant(1, "the degree") if len(call.arguments) > 1 else default
    if not isinstance(degree, int) or not least <= degree <= 4:
        call.refuse(f"the degree is {least} to 4", 1)
        return None
    return degree


def _packed(parts: list[tuple[str, str]], type_: QueryType) -> Value:
    listed = ", ".join(f'"{name}" := {sql}' for name, sql in parts)
    return Value(f"struct_pack({listed})", QueryType("STRUCT", fields=tuple((name, type_) for name, _ in parts)))


def feature_cross(call: Call) -> Value:
    """ML.FEATURE_CROSS: a field for each combination of 2 to `degree` fields, their texts joined by `_`."""
    fields, degree = _fields(call), _degree(call, 2, 2)
    if fields is None or degree is None:
        return _REFUSED
    if not 2 <= len(fields) <= 10 or any(not name for name, _ in fields):
        return call.refuse("ML.FEATURE_CROSS takes 2 to 10 fields with names", 0)
    texts = [(name, f"CAST({text_of(call.rewriter, value)} AS VARCHAR)") for name, value in fields]
    crosses = [chosen for size in range(2, degree + 1) for chosen in itertools.combinations(texts, size)]
    return _packed(
        [("_".join(name for name, _ in chosen), " || '_' || ".join(sql for _, sql in chosen)) for chosen in crosses],
        STRING,
    )


def polynomial_expand(call: Call) -> Value:
    """ML.POLYNOMIAL_EXPAND: each product of 1 to `degree` fields, as FLOAT64: f1, f1_f1, f1_f2, f2, …"""
    fields, degree = _fields(call), _degree(call, 2, 1)
    if fields is None or degree is None:
        return _REFUSED
    if not 1 <= len(fields) <= 10 or any(not name for name, _ in fields):
        return call.refuse("ML.POLYNOMIAL_EXPAND takes 1 to 10 fields with names", 0)
    places = [
        chosen
        for size in range(1, degree + 1)
        for chosen in itertools.combinations_with_replacement(range(len(fields)), size)
    ]
    numbers = [call.as_type(value, FLOAT64, 0).sql for _, value in fields]
    return _packed(
        [
            ("_".join(fields[at][0] for at in chosen), " * ".join(numbers[at] for at in chosen))
            for chosen in sorted(places)
        ],
        FLOAT64,
    )


def _power(call: Call, place: int) -> float | None:
    power = call.constant(place, "p") if place < len(call.arguments) else 2.0
    if not isinstance(power, int | float) or not (power == 0 or power >= 1):
        call.refuse(f"p of {call.name} is 0, or 1 or more", place)
        return None
    return float(power)


def _norm(v: str, power: float) -> str:
    """0 and +inf are the largest magnitude."""
    sizes = f"list_transform({v}, lambda hagane_e: abs(hagane_e))"
    if power in (0.0, float("inf")):
        return f"coalesce(list_max({sizes}), 0e0)"
    if power == 1:
        return f"coalesce(list_sum({sizes}), 0e0)"
    total = f"coalesce(list_sum(list_transform({v}, lambda hagane_e: power(abs(hagane_e), {power!r}))), 0e0)"
    return f"sqrt({total})" if power == 2 else f"power({total}, {1 / power!r})"


def _no_nulls(call: Call, *names: str) -> str:
    holes = " OR ".join(f"list_count({name}) < len({name})" for name in names)
    return f"WHEN {holes} THEN {call.rewriter.fail(f'an element of {call.name} is NULL')} "


def lp_norm(call: Call) -> Value:
    """ML.LP_NORM."""
    if not call.count(2):
        return _REFUSED
    vector, power = call.typed(0, _FLOATS), _power(call, 1)
    if power is None:
        return _REFUSED
    sql = call.rewriter.bind(
        [vector], lambda v: f"CASE WHEN {v} IS NULL THEN NULL {_no_nulls(call, v)}ELSE {_norm(v, power)} END"
    )
    return Value(sql, FLOAT64)


def normalizer(call: Call) -> Value:
    """ML.NORMALIZER: x / norm, x where the norm is 0."""
    if not call.count(1, 2):
        return _REFUSED
    vector, power = call.typed(0, _FLOATS), _power(call, 1)
    if power is None:
        return _REFUSED

    def scaled(v: str) -> str:
        divided = f"list_transform({v}, lambda hagane_x: hagane_x / {_norm(v, power)})"
        return f"CASE WHEN {v} IS NULL THEN NULL {_no_nulls(call, v)}WHEN {_norm(v, power)} = 0 THEN {v} ELSE {divided} END"

    return Value(call.rewriter.bind([vector], scaled), _FLOATS)


def distance(call: Call) -> Value:
    """ML.DISTANCE."""
    if not call.count(2, 3):
        return _REFUSED
    one, two = call.typed(0, _FLOATS), call.typed(1, _FLOATS)
    kind = str(call.constant(2, "the type") if len(call.arguments) == 3 else "EUCLIDEAN").upper()
    forms = {
        "EUCLIDEAN": "list_distance({a}, {b})",
        "MANHATTAN": "list_sum(list_transform(list_zip({a}, {b}), lambda hagane_p: abs(hagane_p[1] - hagane_p[2])))",
        "COSINE": "1e0 - list_cosine_similarity({a}, {b})",
    }
    if kind not in forms:
        return call.refuse(f"there is no distance {kind}", 2, expected=", ".join(forms))
    lengths = call.rewriter.fail("the vectors of ML.DISTANCE have different lengths")

    def apart(a: str, b: str) -> str:
        zero = ""
        if kind == "COSINE":
            zero = f"WHEN {_norm(a, 1)} = 0 OR {_norm(b, 1)} = 0 THEN {call.rewriter.fail('a vector of zeros has no direction')} "
        empty = f"WHEN len({a}) = 0 THEN 0e0 "
        return (
            f"CASE WHEN {a} IS NULL OR {b} IS NULL THEN NULL WHEN len({a}) <> len({b}) THEN {lengths} {_no_nulls(call, a, b)}"
            f"{zero}{empty}ELSE {forms[kind].format(a=a, b=b)} END"
        )

    return Value(call.rewriter.bind([one, two], apart), FLOAT64)


def ngrams(call: Call) -> Value:
    """ML.NGRAMS: runs of neighbours, by start, then by length."""
    if not call.count(2, 3):
        return _REFUSED
    tokens, sizes = call.typed(0, _TEXTS), call.constant(1, "the range")
    low, high = (
        (sizes, sizes)
        if isinstance(sizes, int)
        else tuple(sizes)
        if isinstance(sizes, list) and len(sizes) == 2
        else (0, 0)
    )
    if not isinstance(low, int) or not isinstance(high, int) or not 1 <= low <= high:
        return call.refuse("the range of ML.NGRAMS is [least, most] from 1 on", 1)
    between = call.typed(2, STRING).sql if len(call.arguments) == 3 else "' '"

    def runs(t: str) -> str:
        run = f"list_slice({t}, hagane_i, hagane_i + hagane_n - 1)"
        joined = f"CASE WHEN list_count({run}) < len({run}) THEN NULL ELSE array_to_string({run}, {between}) END"
        sizes_here = f"list_filter(generate_series({low}::BIGINT, {high}::BIGINT), lambda hagane_n: hagane_i + hagane_n - 1 <= len({t}))"
        return f"flatten(list_transform(generate_series(1::BIGINT, len({t})), lambda hagane_i: list_transform({sizes_here}, lambda hagane_n: {joined})))"

    sql = call.rewriter.bind([tokens], lambda t: f"CASE WHEN {t} IS NOT NULL THEN {runs(t)} END")
    return Value(sql, _TEXTS)


def _rows(call: Call) -> str | None:
    """` FROM … WHERE …` of the SELECT, with which a query can learn from its rows; OVER must be empty."""
    if call.over is None:
        call.refuse(f"{call.name} needs OVER ()", next_step=f"write {call.name}(…) OVER ()")
        return None
    if any(call.over.args.get(key) for key in ("partition_by", "order", "spec", "alias")):
        call.refuse(f"the OVER () of {call.name} is empty")
        return None
    if call.scope.rows is None:
        call.refuse(f"{call.name} learns from rows, not from groups", next_step="put GROUP BY into a query in FROM")
        return None
    return call.scope.rows


def _number(call: Call) -> tuple[Value, str, str] | None:
    """The number, the rows, and which of them count: those that are finite."""
    rows = _rows(call)
    x = call.typed(0, FLOAT64)
    if rows is None or x.type == UNKNOWN:
        return None
    return x, rows, f" FILTER (WHERE isfinite({x.sql}))"


def _scaled(call: Call, x: Value, center: str, low: str, high: str) -> str:
    """(x - center) / (high - low), 0 where that is 0."""
    return call.rewriter.bind(
        [x],
        lambda v: (
            f"CASE WHEN {v} IS NULL OR isnan({v}) THEN NULL WHEN coalesce({high} - {low}, 0e0) = 0 THEN 0e0 ELSE ({v} - {center}) / ({high} - {low}) END"
        ),
    )


def standard_scaler(call: Call) -> Value:
    """ML.STANDARD_SCALER: by the mean and the standard deviation of the sample."""
    found = _number(call) if call.count(1) else None
    if found is None:
        return _REFUSED
    x, rows, finite = found
    return Value(
        _scaled(call, x, f"(SELECT avg({x.sql}){finite}{rows})", "0e0", f"(SELECT stddev_samp({x.sql}){finite}{rows})"),
        FLOAT64,
    )


def min_max_scaler(call: Call) -> Value:
    """ML.MIN_MAX_SCALER."""
    found = _number(call) if call.count(1) else None
    if found is None:
        return _REFUSED
    x, rows, finite = found
    low, high = (f"(SELECT {word}({x.sql}){finite}{rows})" for word in ("min", "max"))
    scaled = _scaled(call, x, low, low, high)
    return Value(f"CASE WHEN {x.sql} IS NULL THEN NULL ELSE least(greatest({scaled}, 0e0), 1e0) END", FLOAT64)


def max_abs_scaler(call: Call) -> Value:
    """ML.MAX_ABS_SCALER."""
    found = _number(call) if call.count(1) else None
    if found is None:
        return _REFUSED
    x, rows, finite = found
    return Value(_scaled(call, x, "0e0", "0e0", f"(SELECT max(abs({x.sql})){finite}{rows})"), FLOAT64)


def robust_scaler(call: Call) -> Value:
    """ML.ROBUST_SCALER: by quantiles of nearest rank."""
    found = _number(call) if call.count(1, 4) else None
    if found is None:
        return _REFUSED
    x, rows, finite = found
    quantiles = call.constant(1, "the range of quantiles") if len(call.arguments) > 1 else [25, 75]
    flags = [call.constant(place, "the flag") if place < len(call.arguments) else True for place in (2, 3)]
    if (
        not isinstance(quantiles, list)
        or len(quantiles) != 2
        or not all(isinstance(q, int | float) and 0 <= q <= 100 for q in quantiles)
    ):
        return call.refuse("the range of quantiles is two percentages", 1)
    low, middle, high = (
        f"(SELECT quantile_disc({x.sql}, {q!r}){finite}{rows})" for q in (quantiles[0] / 100, 0.5, quantiles[1] / 100)
    )
    ends = (low, high) if flags[1] else ("0e0", "1e0")
    return Value(_scaled(call, x, middle if flags[0] else "0e0", *ends), FLOAT64)


def imputer(call: Call) -> Value:
    """ML.IMPUTER: numbers come back as FLOAT64."""
    rows = _rows(call) if call.count(2) else None
    if rows is None:
        return _REFUSED
    value, strategy = call.value(0), call.constant(1, "the strategy")
    is_text = value.type == STRING
    x = value if is_text else call.typed(0, FLOAT64)
    finite = "" if is_text else f" FILTER (WHERE isfinite({x.sql}))"
    counted = (
        f"(SELECT hagane_v FROM (SELECT {x.sql} AS hagane_v{rows}) WHERE hagane_v IS NOT NULL "
        "GROUP BY hagane_v ORDER BY count(*) DESC, hagane_v LIMIT 1)"
    )
    learned = {
        "mean": f"(SELECT avg({x.sql}){finite}{rows})",
        "median": f"(SELECT quantile_disc({x.sql}, 0.5){finite}{rows})",
        "most_frequent": counted,
    }
    if strategy not in learned or (is_text and strategy != "most_frequent"):
        return call.refuse(
            "there is no such strategy",
            1,
            expected="most_frequent" if is_text else ", ".join(learned),
            received=str(strategy),
        )
    return Value(f"coalesce({x.sql}, {learned[strategy]}, {chr(39) * 2 if is_text else '0e0'})", x.type)


def quantile_bucketize(call: Call) -> Value:
    """ML.QUANTILE_BUCKETIZE: split at the distinct quantiles of nearest rank."""
    found = _number(call) if call.count(2, 3) else None
    number, form = (call.constant(1, "the number of buckets"), _format(call, 2)) if found else (None, None)
    if found is None or form is None:
        return _REFUSED
    if not isinstance(number, int) or not 2 <= number <= 10_000:
        return call.refuse("the number of buckets is 2 to 10,000", 1)
    x, rows, finite = found
    ranks = ", ".join(repr(place / number * (1 - 1e-14)) for place in range(1, number))
    points = f"(SELECT coalesce(list_sort(list_distinct(quantile_disc({x.sql}, [{ranks}]){finite})), []){rows})"

    def named(v: str) -> str:
        place = f"len(list_filter({points}, lambda hagane_p: hagane_p <= {v}))"
        return f"CASE WHEN {v} IS NULL OR isnan({v}) THEN NULL ELSE {_bucket_name(place, points, form)} END"

    return Value(call.rewriter.bind([x], named), STRING)


def _bucket_name(place: str, points: str, form: str) -> str:
    if form == "bucket_names":
        return f"'bin_' || CAST({place} + 1 AS VARCHAR)"

    def end(at: str) -> str:
        point = f"({points})[{at}]"
        return f"CASE WHEN {point} = floor({point}) AND abs({point}) < 1e15 THEN CAST(CAST({point} AS BIGINT) AS VARCHAR) ELSE CAST({point} AS VARCHAR) END"

    if form == "bucket_ranges_json":
        low, high = f"coalesce({end(place)}, '-Infinity')", f"coalesce({end(f'{place} + 1')}, 'Infinity')"
        return f'\'{{"start": "\' || {low} || \'", "end": "\' || {high} || \'"}}\''
    return f"CASE WHEN {place} = 0 THEN '(-inf' ELSE '[' || {end(place)} END || ', ' || CASE WHEN {place} = len({points}) THEN '+inf' ELSE {end(f'{place} + 1')} END || ')'"


def _limits(call: Call, first: int) -> tuple[int, int] | None:
    """top_k and frequency_threshold."""
    given = [
        call.constant(place, "the limit") if place < len(call.arguments) else default
        for place, default in ((first, 32_000), (first + 1, 5))
    ]
    if not all(isinstance(number, int) and number >= 0 for number in given):
        call.refuse("top_k and frequency_threshold are whole numbers")
        return None
    return int(given[0]), int(given[1])


def _vocabulary(values: str, limits: tuple[int, int], what: str = "hagane_v") -> str:
    """A list over the frequent values, in their order; `values` is a query of a column hagane_v."""
    kept = (
        f"SELECT hagane_v, count(*) AS hagane_n FROM ({values}) WHERE hagane_v IS NOT NULL GROUP BY hagane_v "
        f"HAVING count(*) >= {limits[1]} ORDER BY hagane_n DESC, hagane_v LIMIT {limits[0]}"
    )
    return f"(SELECT coalesce(list({what} ORDER BY hagane_v), []) FROM ({kept}))"


def _category(call: Call, first: int) -> tuple[Value, str, tuple[int, int], str] | None:
    """The text, the list of the vocabulary, its limits, and the query of the values."""
    rows, limits = _rows(call), _limits(call, first)
    value = call.typed(0, STRING)
    if rows is None or limits is None or value.type == UNKNOWN:
        return None
    values = f"SELECT {value.sql} AS hagane_v{rows}"
    return value, _vocabulary(values, limits), limits, values


def label_encoder(call: Call) -> Value:
    """ML.LABEL_ENCODER."""
    found = _category(call, 1) if call.count(1, 3) else None
    return (
        Value(f"CAST(coalesce(list_position({found[1]}, {found[0].sql}), 0) AS BIGINT)", INT64) if found else _REFUSED
    )


def one_hot_encoder(call: Call) -> Value:
    """ML.ONE_HOT_ENCODER: the index of the value, 0 where it is NULL, unknown or rare; a dropped value weighs 0."""
    if not call.count(1, 4):
        return _REFUSED
    drop = call.constant(1, "what is dropped") if len(call.arguments) > 1 else "none"
    found = _category(call, 2)
    if found is None:
        return _REFUSED
    if drop not in ("none", "most_frequent"):
        return call.refuse(f"{drop} is not dropped", 1, expected="none or most_frequent")
    value, words, _, values = found
    weight = "1e0"
    if drop == "most_frequent":
        most = f"(SELECT hagane_v FROM ({values}) WHERE hagane_v IS NOT NULL GROUP BY hagane_v ORDER BY count(*) DESC, hagane_v LIMIT 1)"
        weight = f"CASE WHEN {value.sql} = {most} THEN 0e0 ELSE 1e0 END"
    index = f"CAST(coalesce(list_position({words}, {value.sql}), 0) AS BIGINT)"
    return Value(f'[struct_pack("index" := {index}, "value" := {weight})]', _WEIGHTS)


def tokens(call: Call) -> Value:
    """ML.MULTI_HOT_ENCODER, ML.BAG_OF_WORDS, ML.TF_IDF: weights of the tokens that an array holds, by index."""
    rows, limits = (_rows(call), _limits(call, 1)) if call.count(1, 3) else (None, None)
    array = call.value(0)
    if rows is None or limits is None or array.type.kind != "ARRAY":
        return (
            _REFUSED
            if array.type.kind == "ARRAY" or array.type == UNKNOWN
            else call.refuse(f"{call.name} takes an array", 0)
        )
    if array.type.element not in (STRING, INT64):
        return call.refuse(f"{call.name} takes an array of STRING or INT64", 0, received=str(array.type))
    values = f"SELECT unnest(list_distinct({array.sql})) AS hagane_v{rows}"
    learned = f'"words" := {_vocabulary(values, limits)}'
    place = "CAST(coalesce(list_position(hagane_p.words, hagane_t), 0) AS BIGINT)"
    counted = f"list_sort(map_entries(list_histogram(list_transform(hagane_p.tokens, lambda hagane_t: {place}))))"
    weight = {"ML.MULTI_HOT_ENCODER": "1e0", "ML.BAG_OF_WORDS": "CAST(hagane_e.value AS DOUBLE)"}.get(call.name)
    if weight is None:
        arrays = f"(SELECT count({array.sql}){rows})"
        learned += f', "idf" := {_vocabulary(values, limits, f"ln(1 + {arrays} / (1 + hagane_n))")}'
        own = (
            "CASE WHEN hagane_e.key = 0 THEN coalesce(list_avg(hagane_p.idf), 0e0) ELSE hagane_p.idf[hagane_e.key] END"
        )
        weight = f"CAST(hagane_e.value AS DOUBLE) / len(hagane_p.tokens) * {own}"
    listed = f'list_transform({counted}, lambda hagane_e: struct_pack("index" := hagane_e.key, "value" := {weight}))'
    alone = '[struct_pack("index" := 0::BIGINT, "value" := 1e0)]'
    weighed = f"CASE WHEN hagane_p.tokens IS NULL THEN {alone} ELSE {listed} END"
    packed = f'struct_pack("tokens" := {array.sql}, {learned})'  # no query may stand within a lambda
    return Value(f"list_transform([{packed}], lambda hagane_p: {weighed})[1]", _WEIGHTS)


FUNCTIONS: dict[str, Any] = {
    "ML.BUCKETIZE": bucketize,
    "ML.HASH_BUCKETIZE": hash_bucketize,
    "ML.FEATURE_CROSS": feature_cross,
    "ML.POLYNOMIAL_EXPAND": polynomial_expand,
    "ML.LP_NORM": lp_norm,
    "ML.NORMALIZER": normalizer,
    "ML.DISTANCE": distance,
    "ML.NGRAMS": ngrams,
    "ML.STANDARD_SCALER": standard_scaler,
    "ML.MIN_MAX_SCALER": min_max_scaler,
    "ML.MAX_ABS_SCALER": max_abs_scaler,
    "ML.ROBUST_SCALER": robust_scaler,
    "ML.IMPUTER": imputer,
    "ML.QUANTILE_BUCKETIZE": quantile_bucketize,
    "ML.LABEL_ENCODER": label_encoder,
    "ML.ONE_HOT_ENCODER": one_hot_encoder,
    "ML.MULTI_HOT_ENCODER": tokens,
    "ML.BAG_OF_WORDS": tokens,
    "ML.TF_IDF": tokens,
}
