"""Shapes are compiled side by side; lanes answer what they answer alone; every batch size gives the same bits."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from hagane.errors import ExpressionError
from hagane.features.compiler import Compiler
from hagane.features.emit import Emitter
from hagane.features.scalar import SCALAR
from hagane.runtime.layout import MOST_STRING_INPUTS, InputLayout
from hagane.sql.bind import bind
from hagane.sql.expression import Analyze, Call, ColumnRef, Expression, Literal, walk
from hagane.types import Column, Schema, SqlType

BOOL, INT64, FLOAT64, STRING = SqlType.BOOL, SqlType.INT64, SqlType.FLOAT64, SqlType.STRING
TIMESTAMP, DATE = SqlType.TIMESTAMP, SqlType.DATE

PREFIXES = {"x": FLOAT64, "i": INT64, "b": BOOL, "s": STRING, "t": TIMESTAMP, "d": DATE}
TYPES = {f"{prefix}{number}": type_ for prefix, type_ in PREFIXES.items() for number in (1, 2, 3)}
SCHEMA = Schema(tuple(Column(name, type_) for name, type_ in TYPES.items()))
POOLS: dict[SqlType, list[Any]] = {
    FLOAT64: [None, 0.0, -0.0, 1.0, -1.5, 2.5, 0.1, 1e308, -1e-300, 5e-324, math.inf, -math.inf, 10.0, 7.3, 123.456],
    INT64: [None, 0, 1, -1, 7, -8, 2**63 - 1, -(2**63), 2**53 + 1, 1000],
    BOOL: [None, True, False],
    STRING: [None, "", " a ", "A", "é\0", "straße", "\u3000x", "b", "1", "2013-01-31 05:06:07"],
    TIMESTAMP: [None, 0, -1, 1_357_059_600_500_000, -62_135_596_800_000_000],
    DATE: [None, 0, -1, 15_706, -719_162, 2_932_896],
}
TEMPLATES = """
{x} + {y} ; {x} - 1.25 ; {x} * {y} ; {x} / {y} ; {x} / 3 ; -{x} ; SAFE_DIVIDE({x}, {y}) ; IEEE_DIVIDE({x}, {y})
{i} + {j} ; {i} - {j} ; {i} * {j} ; -{i} ; DIV({i}, {j}) ; DIV({i}, 7) ; MOD({i}, {j})
{x} = {y} ; {x} != {y} ; {i} < {j} ; {i} <= {j} ; {x} > {y} ; {x} >= 0.1 ; {s} = {u} ; {b} = {c} ; {b} < {c}
{b} AND {c} ; {b} OR {c} ; NOT {b} ; {s} IS NULL ; {x} IN (0.1, 1) ; {s} IN ('A', 'b')
{s} IN ('A', 'b', '1', '2', '3', '4', '5', '6', '7')
CASE WHEN {b} THEN {x} WHEN {x} > {y} THEN LN({y}) ELSE {y} / {x} END ; IF({b}, {s}, {u}) ; IF({b}, {c}, {x} > 0)
COALESCE({x}, {y}, 0.5) ; COALESCE({s}, {u}) ; NULLIF({i}, {j})
CAST({x} AS INT64) ; SAFE_CAST({x} AS INT64) ; CAST({i} AS FLOAT64) ; CAST({i} AS STRING) ; CAST({i} AS BOOL)
CAST({b} AS STRING) ; CAST({b} AS INT64)
LN({x}) ; LOG10({x}) ; LOG({x}, {y}) ; EXP({x}) ; SQRT({x}) ; POW({x}, {y}) ; POW({x}, 2) ; ABS({x}) ; ABS({i})
SIGN({x}) ; SIGN({i}) ; FLOOR({x}) ; CEIL({x}) ; TRUNC({x}) ; ROUND({x}) ; ROUND({x}, 2) ; ROUND({x}, -1)
LEAST({x}, {y}) ; GREATEST({i}, {j})
LOWER({s}) ; UPPER({s}) ; {s} || {u} ; LENGTH({s}) ; TRIM({s}) ; LTRIM({s}) ; RTRIM({s})
STARTS_WITH({s}, 'A') ; ENDS_WITH({s}, 'e') ; REGEXP_CONTAINS({s}, '^[[:alpha:]]')
TRIM({s}, 'ab ') ; LENGTH(LTRIM({s}, 'x')) ; RTRIM({s}, '') ; BYTE_LENGTH({s}) ; SUBSTR({s}, 2) ; SUBSTR({s}, -2, 1)
LENGTH(LEFT({s}, 2)) ; LPAD({s}, 4, 'ab') ; RPAD({s}, 2) ; REPLACE({s}, 'a', 'xyz') ; LENGTH(REPLACE({s}, 'a', ''))
REPEAT({s}, 3) ; LENGTH(REPEAT({s}, 5)) ; REGEXP_EXTRACT({s}, 'a+|s')
 LENGTH(REGEXP_EXTRACT({s}, 's*.?a|.$')) ; LENGTH(REGEXP_EXTRACT({s}, ' *([^ ])a?'))
REVERSE({s}) ; STRPOS({s}, 'e') ; SPLIT({s}, 'a')[OFFSET(1)] ; LENGTH(SPLIT({s}, '-')[SAFE_OFFSET(1)])
UNIX_SECONDS({t}) ; UNIX_MILLIS({t}) ; UNIX_MICROS({t}) ; UNIX_DATE({d})
EXTRACT(YEAR FROM {t}) ; EXTRACT(QUARTER FROM {t}) ; EXTRACT(WEEK FROM {t}) ; EXTRACT(ISOWEEK FROM {t})
EXTRACT(DAYOFYEAR FROM {t}) ; EXTRACT(HOUR FROM {t}) ; EXTRACT(MICROSECOND FROM {t}) ; EXTRACT(MONTH FROM {d})
EXTRACT(DAY FROM {d}) ; EXTRACT(ISOYEAR FROM {d}) ; EXTRACT(DAYOFWEEK FROM {d})
EXTRACT(WEEK(TUESDAY) FROM {d}) ; EXTRACT(HOUR FROM {t} AT TIME ZONE 'America/New_York')
DATE({t}) ; DATE({t}, '+09:00') ; DATE({i}, {j}, 3) ; TIMESTAMP({d}, 'America/New_York') ; {d} + {i}
DATE_ADD({d}, INTERVAL {i} MONTH) ; DATE_SUB({d}, INTERVAL 2 WEEK) ; DATE_DIFF({d}, {e}, QUARTER)
DATE_DIFF({d}, {e}, WEEK(FRIDAY)) ; DATE_TRUNC({d}, ISOYEAR) ; LAST_DAY({d}) ; LAST_DAY({d}, ISOWEEK)
TIMESTAMP_ADD({t}, INTERVAL {i} MINUTE) ; TIMESTAMP_SUB({t}, INTERVAL 1 DAY) ; TIMESTAMP_DIFF({t}, {v}, HOUR)
TIMESTAMP_TRUNC({t}, HOUR, '+05:30') ; TIMESTAMP_TRUNC({t}, WEEK(MONDAY), 'America/New_York')
LENGTH(FORMAT_DATE('%A %e %B %Y', {d})) ; FORMAT_TIMESTAMP('%F %E*S', {t}, 'America/New_York')
PARSE_DATE('%F', {s}) ; PARSE_TIMESTAMP('%F %T', {s}) ; UNIX_DATE(PARSE_DATE('%F', '2013-01-0' || {s}))
TIMESTAMP_SECONDS({i}) ; TIMESTAMP_MILLIS({i}) ; TIMESTAMP_MICROS({i}) ; DATE_FROM_UNIX_DATE({i})
ML.BUCKETIZE({x}, [0, 1, 7.3]) ; ML.BUCKETIZE({x}, [0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18])
ML.HASH_BUCKETIZE({s}, 97) ; ML.FEATURE_CROSS(STRUCT({s}, {u}))
SIN({x}) ; COS({x}) ; TAN({x}) ; COT({x}) ; SEC({x}) ; CSC({x}) ; ASIN({x}) ; ACOS({x}) ; ATAN({x}) ; ATAN2({x}, {y})
SINH({x}) ; COSH({x}) ; TANH({x}) ; COTH({x}) ; SECH({x}) ; CSCH({x}) ; ASINH({x}) ; ACOSH({x}) ; ATANH({x}) ; CBRT({x})
{i} & {j} ; {i} | {j} ; {i} ^ {j} ; ~{i} ; {i} << MOD({j}, 70) ; {i} >> MOD({j}, 70) ; BIT_COUNT({i})
{x} IS DISTINCT FROM {y} ; {b} IS DISTINCT FROM {c} ; IS_NAN({x} - {y}) ; IS_INF({x}) ; RANGE_BUCKET({x}, [0, 1, 7.3])
SPLIT({s}, 'a')[SAFE_OFFSET(1)] ; ARRAY_CONCAT([{x}], [{y}, 1])[OFFSET(1)]
ARRAY_LAST([{x}, {y}]) ; {x} IN UNNEST([{y}, {x}])
ML.NGRAMS(TEXT_ANALYZE({s}), [1, 2])[SAFE_OFFSET(0)]
ML.LP_NORM(ML.NORMALIZER([{x}, {y}], 3), 1.5) ; ML.DISTANCE([{x}], [{y}])
ARRAY_LENGTH(SPLIT({s}, 'a')) + ARRAY_LENGTH([{x}, {y}])
{x} / {y} > 0 AND LN({x}) IS NULL ; ROUND(EXP({x} / 100), 3) * 2 - POW({y}, 3)
"""
RAGGED = {"$MULTI_HOT", "$BAG_OF_WORDS", "$TF_IDF"}
"""What answers arrays has tests of its own."""
LANES = [
    {"x": f"x{k}", "y": f"x{m}", "i": f"i{k}", "j": f"i{m}", "b": f"b{k}", "c": f"b{m}", "s": f"s{k}", "u": f"s{m}",
     "t": f"t{k}", "v": f"t{m}", "d": f"d{k}", "e": f"d{m}"} for k, m in ((1, 2), (2, 3), (3, 1))
]  # fmt: skip


def rows(count: int) -> dict[str, list[Any]]:
    """Hostile values, ordinary ones among them."""
    chance = random.Random(count)
    columns = {}
    for name, type_ in TYPES.items():
        ordinary = (lambda: chance.gauss(0, 5)) if type_ is FLOAT64 else (lambda pool=POOLS[type_]: chance.choice(pool))
        columns[name] = [chance.choice(POOLS[type_]) if chance.random() < 0.5 else ordinary() for _ in range(count)]
    return columns


def internals(lane: int) -> list[Expression]:
    """The functions that fitted analyzers are made of, with parameters of their own in each lane."""
    x, s, i = ColumnRef(f"x{lane + 1}", FLOAT64), ColumnRef(f"s{lane + 1}", STRING), ColumnRef(f"i{lane + 1}", INT64)
    found = Call("$LOOKUP", (s,), INT64, (("A", "b", "", "é\0")[lane:],))
    return [
        Call("$SCALE", (x, Literal(lane / 3, FLOAT64), Literal((0.1, 7.0, math.inf)[lane], FLOAT64)), FLOAT64),
        Call("$BUCKET", (x,), INT64, (tuple(float(point) for point in range(-lane, 5)),)),
        Call("$BUCKET", (x,), INT64, (tuple(float(point) for point in range(-20 - lane, 30)),)),
        Call("$SLOT", (found,), INT64, (5 - lane,)),
        Call("$LOOKUP", (i,), INT64, ((7, lane, 2**53 + 1),)),
        Call("$TABLE", (found,), STRING, (tuple(f"{lane}{k}" for k in range(5 - lane)),)),
        Call("$TABLE", (found,), FLOAT64, (tuple(lane + k / 2 for k in range(5 - lane)),)),
    ]


EXPRESSIONS: list[list[Expression]] = [
    *(
        [bind(template.strip().format(**lane), SCHEMA) for lane in LANES]
        for template in re.split(r"[;\n]", TEMPLATES.strip())
    ),
    *map(list, zip(*(internals(lane) for lane in range(3)), strict=True)),
]


def test_every_function_is_tried() -> None:
    tried = {node.function for lanes in EXPRESSIONS for node in walk(lanes[0]) if isinstance(node, Call)}
    assert tried | RAGGED == set(SCALAR)


def test_every_batch_size_gives_the_same_bits(graph_of: Any) -> None:
    """House rule: N = 0, 1, 2, 7, 300, 4096, for every function."""
    graph = graph_of([lane for lanes in EXPRESSIONS for lane in lanes], TYPES)
    columns = rows(4096)
    whole = graph.tensors(columns)
    starts = [(0, 0), *((1, start) for start in range(0, 4096, 311)), (2, 17), (7, 1000), (300, 2001), (300, 3796)]
    for count, start in starts:
        part = graph.tensors({name: values[start : start + count] for name, values in columns.items()})
        for name, tensor in part.items():
            expected = whole[name][start : start + count]
            assert tensor.dtype == expected.dtype
            assert tensor.shape == expected.shape
            bits = (
                tensor.tolist() == expected.tolist()
                if tensor.dtype == object
                else tensor.tobytes() == expected.tobytes()
            )
            assert bits, (name, count, start)


def is_same(left: Any, right: Any) -> bool:
    """The sign of a zero that passed through Where is promised to nobody."""
    return left == right or (isinstance(left, float) and math.isnan(left) and math.isnan(right))


def test_lanes_answer_what_they_answer_alone(graph_of: Any) -> None:
    columns = rows(64)
    fused = iter(graph_of([lane for lanes in EXPRESSIONS for lane in lanes], TYPES).run(columns))
    for lanes in EXPRESSIONS:
        for expression in lanes:
            alone = graph_of([expression], TYPES).run(columns)[0]
            values, errors = next(fused)
            assert errors == alone[1], expression
            assert all(is_same(*pair) for pair in zip(values, alone[0], strict=True)), expression


def scaled(index: int, type_: SqlType) -> Expression:
    x: Expression = ColumnRef(f"c{index}", type_)
    x = x if type_ is FLOAT64 else Call("CAST", (x,), FLOAT64, (False,))
    shifted = Call("-", (x, Literal(index * 0.5, FLOAT64)), FLOAT64)
    return Call("/", (shifted, Literal(index + 1.0, FLOAT64)), FLOAT64)


def coalesced(index: int, type_: SqlType) -> Expression:
    return Call("COALESCE", (scaled(index, type_), Literal(0.0, FLOAT64)), FLOAT64)


def category(index: int, type_: SqlType) -> Expression:
    found = Call("$LOOKUP", (ColumnRef(f"c{index}", type_),), INT64, (("a", f"c{index}"),))
    return Call("$SLOT", (found,), INT64, (3,))


def bucket(index: int, type_: SqlType) -> Expression:
    return Call("$BUCKET", (ColumnRef(f"c{index}", type_),), INT64, (tuple(float(k) for k in range(20 + index % 3)),))


@pytest.mark.parametrize(
    ("make", "type_", "most"),
    [(scaled, FLOAT64, 16), (scaled, INT64, 4), (coalesced, FLOAT64, 16), (coalesced, INT64, 6), (category, STRING, 6),
     (bucket, FLOAT64, 6)],
)  # fmt: skip
def test_two_thousand_columns_cost_a_handful_of_nodes(graph_of: Any, make: Any, type_: SqlType, most: int) -> None:
    width = 2000 if make is not bucket else 50
    graph = graph_of([make(index, type_) for index in range(width)], {f"c{index}": type_ for index in range(width)})
    assert graph.num_nodes <= most, [node.op_type for node in graph.model.graph.node]
    assert len({lane.value for lane in graph.lanes}) == 1
    assert [lane.column for lane in graph.lanes] == list(range(width))


def test_a_wide_graph_is_right(graph_of: Any) -> None:
    width = 300
    graph = graph_of([scaled(k, FLOAT64) for k in range(width)], {f"c{k}": FLOAT64 for k in range(width)})
    answers = graph.run({f"c{k}": [float(k), None] for k in range(width)})
    assert [values for values, _ in answers] == [[(k - k * 0.5) / (k + 1.0), None] for k in range(width)]


def test_lanes_follow_the_packed_columns(graph_of: Any) -> None:
    """Whatever the order of the features, the packed input is used whole."""
    types = {f"c{index}": FLOAT64 for index in range(4)}
    graph = graph_of([Call("NEG", (ColumnRef(f"c{index}", FLOAT64),), FLOAT64) for index in (2, 0, 3, 1)], types)
    assert [lane.column for lane in graph.lanes] == [2, 0, 3, 1]
    assert "Gather" not in {node.op_type for node in graph.model.graph.node}
    assert [values for values, _ in graph.run({f"c{k}": [float(k)] for k in range(4)})] == [
        [-2.0],
        [-0.0],
        [-3.0],
        [-1.0],
    ]


def test_shared_subexpressions_are_compiled_once(graph_of: Any) -> None:
    sqls = ["LN(x1 + 1)", "LN(x1 + 1) * 2", "IF(LN(x1 + 1) > 0, 1, 0)", "LN(x1 + 1)"]
    graph = graph_of([bind(sql, SCHEMA) for sql in sqls], TYPES)
    assert [node.op_type for node in graph.model.graph.node].count("Log") == 1
    assert graph.lanes[0] == graph.lanes[3]


def test_constants_that_differ_in_the_sign_of_zero_are_two(graph_of: Any) -> None:
    lanes = [Call("IEEE_DIVIDE", (ColumnRef("x1", FLOAT64), Literal(zero, FLOAT64)), FLOAT64) for zero in (0.0, -0.0)]
    answers = graph_of(lanes, {"x1": FLOAT64}).run({"x1": [1.0]})
    assert [values for values, _ in answers] == [[math.inf], [-math.inf]]


def test_expressions_of_constants_have_every_row(graph_of: Any) -> None:
    five, null = Literal(5, INT64), Literal(None, INT64)
    lanes = [five, null, Call("+", (five, null), INT64), Call("COALESCE", (five, ColumnRef("i1", INT64)), INT64),
             Literal("a", STRING), Call("DIV", (five, Literal(0, INT64)), INT64)]  # fmt: skip
    answers = graph_of(lanes, {"i1": INT64}).run({"i1": [1, None, 3]})
    assert answers[:5] == [([value] * 3, [False] * 3) for value in (5, None, None, 5, "a")]
    assert answers[5] == ([None] * 3, [True] * 3)


def test_constants_never_end_the_process(graph_of: Any) -> None:
    smallest, minus_one = Literal(-(2**63), INT64), Literal(-1, INT64)
    lanes = [Call(name, (smallest, minus_one), INT64) for name in ("DIV", "MOD", "*")]
    lanes += [Call(name, (smallest,), INT64) for name in ("NEG", "ABS")]
    answers = graph_of(lanes, {"i1": INT64}).run({"i1": [1]})
    assert answers == [([None], [True]), ([0], [False]), ([None], [True]), ([None], [True]), ([None], [True])]


@pytest.mark.parametrize("width", [MOST_STRING_INPUTS, MOST_STRING_INPUTS + 1])
def test_few_strings_have_inputs_and_many_are_packed(graph_of: Any, width: int) -> None:
    types = {f"c{index}": STRING for index in range(width)}
    joined = [Call("CONCAT", (ColumnRef(name, STRING), Literal("!", STRING)), STRING) for name in types]
    graph = graph_of([*joined, *(category(index, STRING) for index in range(width))], types)
    assert len(graph.session.inputs) == (width + 1 if width <= MOST_STRING_INPUTS else 2)
    answers = graph.run({name: [name, None, "a"] for name in types})
    assert [values for values, _ in answers] == [*([f"{name}!", None, "a!"] for name in types), *([[2, 3, 1]] * width)]


def test_columns_of_no_rows(graph_of: Any) -> None:
    graph = graph_of([lanes[0] for lanes in EXPRESSIONS], TYPES)
    assert graph.run({name: [] for name in TYPES}) == [([], [])] * len(EXPRESSIONS)


def compile_all(expressions: Sequence[Expression], types: Mapping[str, SqlType]) -> None:
    Compiler(Emitter(), InputLayout(tuple(Column(*pair) for pair in types.items()))).compile(expressions)


def test_what_cannot_be_compiled_is_told_at_once() -> None:
    x = ColumnRef("x1", FLOAT64)
    lanes = [Call("ERF", (x,), FLOAT64), Call("NEG", (x,), FLOAT64), Analyze("ML.STANDARD_SCALER", x, FLOAT64)]
    with pytest.raises(ExpressionError) as caught:
        compile_all(lanes, {"x1": FLOAT64})
    assert [fault.what for fault in caught.value.faults] == [
        "ERF cannot be compiled into a graph",
        "ML.STANDARD_SCALER must be fitted before it is compiled",
    ]


def test_small_numbers_need_no_overflow_check(graph_of: Any) -> None:
    """Whole numbers as FLOAT64, and hours, cannot overflow: no error is computed."""
    for sql in ("EXTRACT(HOUR FROM t1) * 60 + 1", "(CAST(i1 AS FLOAT64) - 5) / 7"):
        assert graph_of([bind(sql, SCHEMA)], TYPES).lanes[0].value.error is None
    assert graph_of([bind("i1 + 1", SCHEMA)], TYPES).lanes[0].value.error is not None


def test_neighbours_of_one_are_no_one(graph_of: Any) -> None:
    """ONNX Runtime's own optimizer would drop this factor."""
    lanes = [Call("*", (Call("ABS", (ColumnRef("x1", FLOAT64),), FLOAT64), Literal(1 + 1e-12, FLOAT64)), FLOAT64)]
    assert graph_of(lanes, {"x1": FLOAT64}).run({"x1": [3.0]})[0][0] == [np.float64(3.0) * (1 + 1e-12)]
