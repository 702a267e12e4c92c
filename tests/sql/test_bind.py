"""What binds, and to what."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hagane.errors import ExpressionError
from hagane.sql.bind import bind, bind_all
from hagane.sql.expression import Analyze, Call, ColumnRef, Expression, Literal, walk
from hagane.types import Column, Schema, SqlType

SCHEMA = Schema(
    (
        Column("i", SqlType.INT64),
        Column("x", SqlType.FLOAT64),
        Column("s", SqlType.STRING),
        Column("b", SqlType.BOOL),
        Column("t", SqlType.TIMESTAMP),
        Column("d", SqlType.DATE),
        Column("emp.var.rate", SqlType.FLOAT64),
        Column("a b", SqlType.INT64),
        Column("Case", SqlType.INT64),
    )
)


def told(expression: Expression) -> str:
    """A tree in brief: `f(argument:T, …)`."""
    match expression:
        case Literal(value=value, type=type_):
            return f"{value!r}:{type_.value[0]}"
        case ColumnRef(name=name):
            return name
        case Analyze(function=function, argument=argument, options=options):
            return f"{function}{list(options)}({told(argument)})"
        case Call(function=function, arguments=arguments, modifiers=modifiers):
            return f"{function}{list(modifiers) or ''}({', '.join(map(told, arguments))})"
    raise TypeError


@pytest.mark.parametrize(
    ("sql", "tree"),
    [
        ("I + 1", "+(i, 1:I)"),
        ("i + 1.5", "+(CAST[False](i), 1.5:F)"),
        ("x + 1", "+(x, 1.0:F)"),
        ("i / 2", "/(CAST[False](i), 2.0:F)"),
        ("`emp.var.rate` + `a b`", "+(emp.var.rate, CAST[False](a b))"),
        ("`Case` + `case`", "+(Case, Case)"),
        ("i + -9223372036854775808", "+(i, -9223372036854775808:I)"),
        ("i + 0x1F", "+(i, 31:I)"),
        ("x + .5e1", "+(x, 5.0:F)"),
        ("x * -0.0", "*(x, 0.0:F)"),
        ("- i", "NEG(i)"),
        ("UNIX_SECONDS(TIMESTAMP(s))", "UNIX_SECONDS(CAST[False](s))"),
        ("UNIX_SECONDS(SAFE.TIMESTAMP(TRIM(s)))", "UNIX_SECONDS(CAST[True](TRIM(s)))"),
        ("i % 2", "MOD(i, 2:I)"),
        ("i <> 2", "!=(i, 2:I)"),
        ("i BETWEEN 1 AND 2.5", "AND(>=(i, 1:I), <=(CAST[False](i), 2.5:F))"),
        ("i NOT BETWEEN 1 AND 2", "NOT(AND(>=(i, 1:I), <=(i, 2:I)))"),
        ("i IN (1, 2, NULL)", "OR(IN(i, 1:I, 2:I), =(i, None:I))"),
        ("i IN (NULL)", "=(i, None:I)"),
        ("i IN (1, 2.5)", "IN(CAST[False](i), 1.0:F, 2.5:F)"),
        ("s NOT IN ('a')", "NOT(IN(s, 'a':S))"),
        ("s IS NOT NULL", "NOT(IS NULL(s))"),
        ("b IS TRUE", "COALESCE(b, False:B)"),
        ("b IS NOT FALSE", "NOT(COALESCE(NOT(b), False:B))"),
        ("IF(b, 1, 2.5)", "CASE(b, 1.0:F, 2.5:F)"),
        ("IF(b, i, NULL)", "CASE(b, i, None:I)"),
        ("IF(b, s, NULL)", "CASE(b, s, None:S)"),
        ("CASE WHEN b THEN s END", "CASE(b, s, None:S)"),
        ("CASE i WHEN 1 THEN 'a' WHEN 2 THEN 'b' ELSE s END", "CASE(=(i, 1:I), 'a':S, =(i, 2:I), 'b':S, s)"),
        ("IFNULL(x, 0)", "COALESCE(x, 0.0:F)"),
        ("COALESCE(NULL, x, 1)", "COALESCE(None:F, x, 1.0:F)"),
        ("NULLIF(s, '')", "NULLIF(s, '':S)"),
        ("NULL = i", "=(None:I, i)"),
        ("SAFE_CAST(x AS INT64)", "CAST[True](x)"),
        ("CAST(i AS INT64) + 1", "+(i, 1:I)"),
        ("CAST('12' AS INT64) + i", "+(12:I, i)"),
        ("CAST('-inf' AS FLOAT64) < x", "<(-inf:F, x)"),
        ("CAST(NULL AS STRING) = s", "=(None:S, s)"),
        ("CAST('0x1F' AS INT64) + i", "+(31:I, i)"),
        ("SAFE_CAST('x' AS INT64) + i", "+(None:I, i)"),
        ("CAST('1e400' AS FLOAT64) < x", "<(inf:F, x)"),
        ("CAST(s AS TIMESTAMP) < t", "<(CAST[False](s), t)"),
        ("SAFE_CAST(s AS DATE) = CAST(t AS DATE)", "=(CAST[True](s), CAST[False](t))"),
        ("SAFE.LN(x)", "LN(x)"),
        ("s < 'b'", "REGEXP_CONTAINS(s, '^(?s:(?:|[\\\\x{0}-\\\\x{61}].*))$':S)"),
        ("STRING(t) = s", "=(CAST[False](t), s)"),
        ("ZEROIFNULL(i)", "COALESCE(i, 0:I)"),
        ("x IS NOT DISTINCT FROM 1", "NOT(IS DISTINCT FROM(x, 1.0:F))"),
        ("t > TIMESTAMP '2013-01-01'", ">(t, 1356998400000000:T)"),
        ("t > '2013-01-01 01:00:00+01:00'", ">(t, 1356998400000000:T)"),
        ("t > TIMESTAMP('2013-01-01')", ">(t, 1356998400000000:T)"),
        ("d = DATE '1970-01-02'", "=(d, 1:D)"),
        ("d BETWEEN '1970-01-01' AND '1970-01-02'", "AND(>=(d, 0:D), <=(d, 1:D))"),
        ("LOG(x)", "LN(x)"),
        ("LOG(x, 2)", "LOG(x, 2.0:F)"),
        ("LOG10(i)", "LOG10(CAST[False](i))"),
        ("POWER(x, 2)", "POW(x, 2.0:F)"),
        ("CEILING(x)", "CEIL(x)"),
        ("ROUND(x)", "ROUND[0](x)"),
        ("ROUND(x, -2)", "ROUND[-2](x)"),
        ("s || 'a' || s", "CONCAT(s, 'a':S, s)"),
        ("CHAR_LENGTH(s)", "LENGTH(s)"),
        ("i IN UNNEST([1 + 1])", "IN(i, 2:I)"),
        ("i IN UNNEST([1 + i])", "IN UNNEST(i, ARRAY(+(1:I, i)))"),
        ("COSINE_DISTANCE([x], [1])", "ML.DISTANCE['COSINE'](ARRAY(x), ARRAY(1.0:F))"),
        ("EUCLIDEAN_DISTANCE([i], [i])", "ML.DISTANCE['EUCLIDEAN'](ARRAY(i), ARRAY(i))"),
        ("REPEAT(s, 2)", "REPEAT(s, 2:I)"),
        ("REGEXP_SUBSTR(s, 'a')", "REGEXP_EXTRACT(s, 'a':S)"),
        ("s NOT LIKE 'a%'", "NOT(REGEXP_CONTAINS(s, '^(?s:a.*)$':S))"),
        ("NOT s LIKE 'a%'", "NOT(REGEXP_CONTAINS(s, '^(?s:a.*)$':S))"),
        ("ARRAY_FIRST([i])", "ELEMENT[0](ARRAY(i))"),
        ("ARRAY_LAST([i])", "ELEMENT[0](ARRAY_REVERSE(ARRAY(i)))"),
        ("FORMAT_DATE('%Y' || CONCAT('(', '%m'), d)", "FORMAT_DATE['%Y(%m'](d)"),
        ("DATE(t, 'Asia/' || 'Tokyo')", "DATE['Asia/Tokyo'](t)"),
        ("s LIKE 'a%_\\\\%'", "REGEXP_CONTAINS(s, '^(?s:a.*.%)$':S)"),
        ("REGEXP_CONTAINS(s, r'\\d')", "REGEXP_CONTAINS(s, '\\\\d':S)"),
        ('s = "it\'s"', '=(s, "it\'s":S)'),
        ("s = '''a'b'''", '=(s, "a\'b":S)'),
        ("s = '\\u65e5\\x41\\101\\n'", "=(s, '日AA\\n':S)"),
        ("EXTRACT(WEEK(SUNDAY) FROM t)", "EXTRACT['WEEK', 'UTC'](t)"),
        ("EXTRACT(HOUR FROM t AT TIME ZONE 'UTC')", "EXTRACT['HOUR', 'UTC'](t)"),
        ("EXTRACT(DAYOFWEEK FROM d)", "EXTRACT['DAYOFWEEK', 'UTC'](d)"),
        ("ML.BUCKETIZE(i, [-1, 2.5])", "ML.BUCKETIZE[(-1.0, 2.5), False, 'bucket_names'](CAST[False](i))"),
        ("ml.hash_bucketize(s, 5)", "ML.HASH_BUCKETIZE[5](s)"),
        ("ML.FEATURE_CROSS(STRUCT(s, s AS s2))", "ML.FEATURE_CROSS(s, s)"),
        ("ML.STANDARD_SCALER(LN(x)) OVER ()", "ML.STANDARD_SCALER[](LN(x))"),
        ("ML.QUANTILE_BUCKETIZE(x, 4) OVER()", "ML.QUANTILE_BUCKETIZE[4, 'bucket_names'](x)"),
        ("ML.ONE_HOT_ENCODER(s, top_k => 7) OVER ()", "ML.ONE_HOT_ENCODER['none', 7, 5](s)"),
        ("LN(ML.MIN_MAX_SCALER(i) OVER ()) + 1", "+(LN(ML.MIN_MAX_SCALER[](i)), 1.0:F)"),
        ("ML.IMPUTER(i, 'median') OVER ()", "ML.IMPUTER['median'](i)"),
    ],
)
def test_tree(sql: str, tree: str) -> None:
    assert told(bind(sql, SCHEMA)) == tree


def test_spans_are_of_the_text() -> None:
    sql = "CAST(x AS INT64) + LENGTH(s)"
    spans = {sql[node.span.start : node.span.end] for node in walk(bind(sql, SCHEMA)) if node.span}
    assert spans == {sql, "CAST(x AS INT64)", "x", "LENGTH(s)", "s"}


def test_names_match_without_case_unless_that_is_ambiguous() -> None:
    schema = Schema((Column("a", SqlType.INT64), Column("A", SqlType.INT64), Column("B", SqlType.INT64)))
    assert [told(bind(name, schema)) for name in ("a", "A", "b")] == ["a", "A", "B"]
    with pytest.raises(ExpressionError, match="any of several"):
        bind("aa + ab", Schema((Column("AA", SqlType.INT64), Column("Aa", SqlType.INT64), Column("AB", SqlType.INT64))))


def test_long_chains_stay_shallow() -> None:
    tree = bind(" OR ".join(f"i = {number}" for number in range(3000)), SCHEMA)
    assert sum(isinstance(node, Literal) for node in walk(tree)) == 3000


@pytest.mark.parametrize(
    "sql",
    [
        "(" * 5000 + "i" + ")" * 5000,
        "NOT " * 3000 + "b",
        "- " * 3000 + "i",
        "i" + " + i" * 5000,
        "i" * 200_000,
        "CASE WHEN b THEN " * 300 + "1" + " END" * 300,
        "[" * 3000,
        "ABS(" * 300,
        "i in (" + "1," * 30_000 + "1)",
    ],
)
def test_monstrous_text_ends_in_an_expression_error_or_a_tree(sql: str) -> None:
    try:
        bind(sql, SCHEMA)
    except ExpressionError as error:
        assert error.faults  # noqa: PT017


TOKENS = [
    "i",
    "x",
    "s",
    "b",
    "t",
    "d",
    "zz",
    "(",
    ")",
    ",",
    "+",
    "-",
    "*",
    "/",
    "%",
    "=",
    "<",
    "AND",
    "OR",
    "NOT",
    "IS",
    "NULL",
    "IN",
    "BETWEEN",
    "LIKE",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "CAST",
    "AS",
    "INT64",
    "IF",
    "ML",
    ".",
    "STANDARD_SCALER",
    "BUCKETIZE",
    "OVER",
    "()",
    "[",
    "]",
    "1",
    "2.5",
    "'a'",
    "`",
    "'",
    "LN",
    "EXTRACT",
    "FROM",
    "YEAR",
    "DATE",
    "INTERVAL",
    "SELECT",
    "STRUCT",
    "@p",
    "--",
    "/*",
    ";",
    "日",
    "\0",
    "\\",
    "r'",
    "b'a'",
    "=>",
    "LAMBDA",
    "->",
    "UNNEST",
    "ARRAY",
    "SAFE",
    "WITH",
    "EXISTS",
    "ANY",
    "{",
    "}",
    "?",
    ":",
    "::",
    "||",
]


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.lists(st.sampled_from(TOKENS), max_size=12).map(" ".join), st.text(max_size=30)))
@example("MATCH (")
@example("x ? i")
def test_any_text_binds_or_is_refused(sql: str) -> None:
    try:
        bind(sql, SCHEMA)
    except ExpressionError as error:
        assert error.faults  # noqa: PT017
        assert all(0 <= fault.start <= fault.end <= max(len(fault.sql), 1) for fault in error.faults)  # noqa: PT017
        error.render()


def test_transform_tells_every_fault_of_every_feature() -> None:
    with pytest.raises(ExpressionError) as caught:
        bind_all({"p": "LN(y)", "q": "i + 1", "r": "s + 1"}, SCHEMA)
    assert [fault.where for fault in caught.value.faults] == ["transform.p", "transform.r"]


def test_feature_crosses_become_features_of_their_own() -> None:
    features = bind_all({"c": "ML.FEATURE_CROSS(STRUCT(s, UPPER(s) AS u, LOWER(s) AS l), 3)"}, SCHEMA)
    assert list(features) == ["c_s_u", "c_s_l", "c_u_l", "c_s_u_l"]
    with pytest.raises(ExpressionError, match="two features are called 'c_s_u'"):
        bind_all({"c_s_u": "s", "c": "ML.FEATURE_CROSS(STRUCT(s, s AS u, s AS l))"}, SCHEMA)


@pytest.mark.parametrize(
    ("sql", "step"),
    [
        ("ML.ONE_HOT_ENCODER(i) OVER ()", "write CAST(x AS STRING)"),
        ("ML.ONE_HOT_ENCODER(d) OVER ()", "EXTRACT(MONTH FROM x)"),
        ("ML.LABEL_ENCODER(x) OVER ()", "ML.QUANTILE_BUCKETIZE"),
        ("ML.ONE_HOT_ENCODER(SPLIT(s)) OVER ()", "ML.MULTI_HOT_ENCODER"),
        ("ML.TF_IDF(s) OVER ()", "TEXT_ANALYZE(s)"),
        ("ML.MULTI_HOT_ENCODER(i) OVER ()", "takes arrays: [x]"),
        ("ML.STANDARD_SCALER(t) OVER ()", "UNIX_SECONDS(x)"),
        ("ML.STANDARD_SCALER([x]) OVER ()", "take an element"),
        ("ML.IMPUTER(b, 'mean') OVER ()", "CAST(x AS INT64)"),
        ("ML.NGRAMS(s, 2)", "TEXT_ANALYZE(s)"),
        ("COALESCE(SPLIT(s), ['x'])", "neither compared nor chosen among"),
        ("IF(b, [x], [x])", "neither compared nor chosen among"),
        ("[x] = [x]", "neither compared nor chosen among"),
    ],
)
def test_a_type_that_is_not_taken_is_told_with_the_way_out(sql: str, step: str) -> None:
    with pytest.raises(ExpressionError) as found:
        bind(sql, SCHEMA)
    assert step in found.value.faults[0].next_step


@pytest.mark.parametrize(
    "sql",
    [
        "ROUND(x, 0, 'ROUND_HALF_EVEN')", "TRUNC(x, 1, 2)", "MOD(i, 2, 3)", "DIV(i, 2, 3)", "LOG10(x, 2)",
        "IFNULL(x, 1, 2)", "SUBSTR(s, 1, 2, 3)", "LEFT(s, 1, 2)", "RIGHT(s, 1, 2)", "LPAD(s, 3, 'a', 'b')",
        "TRIM(s, 'a', 'b')", "SPLIT(s, ',', 1)[OFFSET(0)]", "LENGTH(s, 'utf8')", "CONTAINS_SUBSTR(s, 'a', 2)",
        "DATE_DIFF(d, d, DAY, 1)", "EXTRACT(DAY FROM DATE_ADD(d, INTERVAL 1 DAY, 3))", "FORMAT_DATE('%Y', d, 1)",
        "FORMAT_TIMESTAMP('%Y', t, 'UTC', 1)", "UNIX_DATE(PARSE_DATE('%Y', s, 1))", "1 + ROUND(x, (1), [2, 3])",
        "UNIX_SECONDS(PARSE_TIMESTAMP('%Y', s, 'UTC', 2))", "UNIX_SECONDS(TIMESTAMP_SECONDS(i, 2))",
        "UNIX_SECONDS(TIMESTAMP(d, 'UTC', 1))", "UNIX_SECONDS(TIMESTAMP_TRUNC(t, DAY, 'UTC', 3))",
    ],
)  # fmt: skip
def test_an_argument_too_many_is_never_dropped(sql: str) -> None:
    with pytest.raises(ExpressionError, match=r"takes no further argument|must be a constant"):
        bind(sql, SCHEMA)


@pytest.mark.parametrize(
    "sql",
    [
        "LENGTH(ML.ONE_HOT_ENCODER(s) OVER ())", "ML.ONE_HOT_ENCODER(s) OVER () = 'a'",
        "ML.LP_NORM(ML.TF_IDF(SPLIT(s)) OVER (), 2)", "ARRAY_LENGTH(ML.BAG_OF_WORDS(SPLIT(s)) OVER ()) + 1",
        "2 IN UNNEST(ML.MULTI_HOT_ENCODER(SPLIT(s)) OVER ())", "(ML.TF_IDF(SPLIT(s)) OVER ())[OFFSET(0)]",
    ],
)  # fmt: skip
def test_nothing_is_computed_from_the_slots_of_a_feature(sql: str) -> None:
    """The slots are numbers by accident: a norm of them, say, would be a wrong answer."""
    with pytest.raises(ExpressionError, match="is a whole feature: no function can be applied to it"):
        bind(sql, SCHEMA)
